//! Where the shop's own systems are told what happens, and what was told, or waits to be.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Debug)]
pub struct HookRow {
    pub workspace: WorkspaceId,
    pub webhook_id: String,
    /// JSON of `domain::hook::Subscription`.
    pub doc: String,
    /// Its secrets.
    pub sealed: Vec<u8>,
    /// `active`, `paused` by staff, or `disabled` because it failed for too long.
    pub state: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Since when nothing was taken there.
    pub failing_since: Option<Timestamp>,
    /// When something was taken last.
    pub delivered_at: Option<Timestamp>,
}

/// One message to one webhook.
#[derive(Clone, PartialEq, Debug)]
pub struct HookDeliveryRow {
    pub delivery_no: i64,
    pub workspace: WorkspaceId,
    pub webhook_id: String,
    pub topic: String,
    /// When it was caused.
    pub at: Timestamp,
    pub body: String,
    /// `waiting`, `delivered` or `failed`.
    pub state: String,
    pub attempts: i64,
    /// `None`: nothing more will happen by itself.
    pub next_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// Of the last answer, if there was one.
    pub status: Option<i64>,
    /// JSON list of attempts.
    pub log: String,
}

fn read_hook(mut row: Row) -> Result<HookRow, StoreError> {
    Ok(HookRow {
        workspace: row.workspace(0)?,
        webhook_id: row.take_text(1)?,
        doc: row.take_text(2)?,
        sealed: row.take_bytes(3)?,
        state: row.take_text(4)?,
        created_at: row.at(5)?,
        updated_at: row.at(6)?,
        failing_since: row.opt_at(7)?,
        delivered_at: row.opt_at(8)?,
    })
}

fn read_delivery(mut row: Row) -> Result<HookDeliveryRow, StoreError> {
    Ok(HookDeliveryRow {
        delivery_no: row.int(0)?,
        workspace: row.workspace(1)?,
        webhook_id: row.take_text(2)?,
        topic: row.take_text(3)?,
        at: row.at(4)?,
        body: row.take_text(5)?,
        state: row.take_text(6)?,
        attempts: row.int(7)?,
        next_at: row.opt_at(8)?,
        updated_at: row.at(9)?,
        status: row.opt_int(10)?,
        log: row.take_text(11)?,
    })
}

impl Changeset {
    pub fn insert_hook(&mut self, hook: HookRow) {
        let HookRow { workspace, webhook_id, doc, sealed, state, created_at, .. } = hook;
        self.one(q::HOOK_INSERT, vals![workspace, webhook_id, doc, sealed, state, created_at]);
    }

    /// Changes document, secrets and state; one that is switched on again has failed at nothing yet.
    pub fn update_hook(&mut self, hook: HookRow) {
        let HookRow { workspace, webhook_id, doc, sealed, state, updated_at, .. } = hook;
        self.one(q::HOOK_UPDATE, vals![workspace, webhook_id, doc, sealed, state, updated_at]);
    }

    /// With all that was and was not delivered there.
    pub fn delete_hook(&mut self, workspace: WorkspaceId, webhook_id: &str) {
        self.any(q::HOOK_DELIVERY_DROP, vals![workspace, webhook_id.to_owned()]);
        self.one(q::HOOK_DELETE, vals![workspace, webhook_id.to_owned()]);
    }

    pub fn hook_is_well(&mut self, workspace: WorkspaceId, webhook_id: &str, at: Timestamp) {
        self.any(q::HOOK_WELL, vals![workspace, webhook_id.to_owned(), at]);
    }

    /// It fails from this instant on, unless it failed before.
    pub fn hook_fails(&mut self, workspace: WorkspaceId, webhook_id: &str, at: Timestamp) {
        self.any(q::HOOK_FAILING, vals![workspace, webhook_id.to_owned(), at]);
    }

    pub fn disable_hook(&mut self, workspace: WorkspaceId, webhook_id: &str, at: Timestamp) {
        self.any(q::HOOK_DISABLE, vals![workspace, webhook_id.to_owned(), at]);
    }

    /// A message to be delivered from `at` on.
    pub fn insert_hook_delivery(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
        topic: &str,
        at: Timestamp,
        body: String,
    ) {
        let (webhook_id, topic) = (webhook_id.to_owned(), topic.to_owned());
        self.one(q::HOOK_DELIVERY_INSERT, vals![workspace, webhook_id, topic, at, body]);
    }

    /// What became of an attempt. Nothing when the webhook was deleted meanwhile.
    pub fn settle_hook_delivery(&mut self, row: HookDeliveryRow) {
        self.any(
            q::HOOK_DELIVERY_SETTLE,
            vals![
                row.workspace,
                row.webhook_id,
                row.delivery_no,
                row.state,
                row.attempts,
                row.next_at,
                row.updated_at,
                row.status,
                row.log
            ],
        );
    }

    /// Sends a message once more.
    pub fn resend_hook_delivery(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
        delivery_no: i64,
        at: Timestamp,
    ) {
        self.one(q::HOOK_DELIVERY_AGAIN, vals![workspace, webhook_id.to_owned(), delivery_no, at]);
    }

    /// Deletes up to `limit` of the oldest messages from before the instant that wait for nothing.
    pub fn expire_hook_deliveries(&mut self, before: Timestamp, limit: i64) {
        self.any(q::HOOK_DELIVERY_EXPIRE, vals![before, limit]);
    }
}

impl ReadTx<'_> {
    /// Of all workspaces.
    pub fn hooks(&mut self) -> Result<Vec<HookRow>, StoreError> {
        self.query(q::HOOK_LIST, &vals![])?.into_iter().map(read_hook).collect()
    }

    pub fn hook(&mut self, workspace: WorkspaceId, webhook_id: &str) -> Result<Option<HookRow>, StoreError> {
        self.query_opt(q::HOOK_FIND, &vals![workspace, webhook_id])?.map(read_hook).transpose()
    }

    /// Up to `limit` messages that are due, the most urgent first.
    pub fn due_hook_deliveries(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<HookDeliveryRow>, StoreError> {
        let rows = self.query(q::HOOK_DELIVERY_DUE, &vals![workspace, webhook_id, now, limit])?;
        rows.into_iter().map(read_delivery).collect()
    }

    pub fn next_hook_delivery(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.query_opt(q::HOOK_DELIVERY_NEXT, &vals![workspace, webhook_id])?.map(|row| row.at(0)).transpose()
    }

    /// How many messages wait.
    pub fn waiting_hook_deliveries(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
    ) -> Result<i64, StoreError> {
        self.query_opt(q::HOOK_DELIVERY_WAITING, &vals![workspace, webhook_id])?
            .map_or(Ok(0), |row| row.int(0))
    }

    pub fn hook_delivery(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
        delivery_no: i64,
    ) -> Result<Option<HookDeliveryRow>, StoreError> {
        let found = self.query_opt(q::HOOK_DELIVERY_FIND, &vals![workspace, webhook_id, delivery_no])?;
        found.map(read_delivery).transpose()
    }

    /// Newest first, below a number; of one state, or of all when it is empty.
    pub fn hook_delivery_page(
        &mut self,
        workspace: WorkspaceId,
        webhook_id: &str,
        before: i64,
        state: &str,
        limit: i64,
    ) -> Result<Vec<HookDeliveryRow>, StoreError> {
        let rows = self.query(q::HOOK_DELIVERY_PAGE, &vals![workspace, webhook_id, before, state, limit])?;
        rows.into_iter().map(read_delivery).collect()
    }
}
