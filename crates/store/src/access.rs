//! Workspaces, keys, how channels are reached, and answers remembered.

use crate::changeset::{json, unreadable};
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::settings::Settings;
use kit::{Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Debug)]
pub struct Workspace {
    pub workspace: WorkspaceId,
    pub slug: String,
    pub name: String,
    pub settings: Settings,
    /// Salt of splits and signatures.
    pub salt: String,
    pub version: i64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ChannelRow {
    pub workspace: WorkspaceId,
    pub channel: String,
    pub sealed: Vec<u8>,
    pub enabled: bool,
    pub updated_at: Timestamp,
}

#[derive(Clone, PartialEq, Debug)]
pub struct KeyRow {
    pub key_id: String,
    pub workspace: WorkspaceId,
    /// `write` (tracking only) or `secret`.
    pub kind: String,
    pub name: String,
    /// Space-separated; empty: all that the kind may do.
    pub scopes: String,
    pub hint: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// The answer that a write with an idempotency key got.
#[derive(Clone, PartialEq, Debug)]
pub struct RememberedAnswer {
    /// Hash of the request; the same key with another request is a mistake.
    pub fingerprint: Vec<u8>,
    pub status: i64,
    pub body: String,
}

impl Changeset {
    pub fn insert_workspace(&mut self, workspace: &Workspace, now: Timestamp) {
        let w = workspace.clone();
        self.one(q::WORKSPACE_INSERT, vals![w.workspace, w.slug, w.name, json(&w.settings), w.salt, now]);
    }

    /// Stores name and settings over the version in `workspace`.
    pub fn update_workspace(&mut self, workspace: &Workspace) {
        let w = workspace.clone();
        self.one(q::WORKSPACE_UPDATE, vals![w.workspace, w.version, w.name, json(&w.settings)]);
    }

    pub fn set_channel(&mut self, row: ChannelRow) {
        self.any(q::CHANNEL_SET, vals![row.workspace, row.channel, row.sealed, row.enabled, row.updated_at]);
    }

    /// `hash` is the SHA-256 of the key; the key itself is never stored.
    pub fn insert_key(&mut self, key: KeyRow, hash: Vec<u8>) {
        self.one(
            q::KEY_INSERT,
            vals![key.key_id, key.workspace, key.kind, key.name, key.scopes, hash, key.hint, key.created_at],
        );
    }

    pub fn revoke_key(&mut self, workspace: WorkspaceId, key_id: &str, now: Timestamp) {
        self.one(q::KEY_REVOKE, vals![workspace, key_id.to_owned(), now]);
    }

    /// A key was used; an earlier instant than the one known changes nothing.
    pub fn key_was_used(&mut self, workspace: WorkspaceId, key_id: &str, at: Timestamp) {
        self.any(q::KEY_USE_SET, vals![workspace, key_id.to_owned(), at]);
    }

    /// The latest answer holds: one that is there is too old to count, or it would have been given again.
    pub fn remember_answer(
        &mut self,
        workspace: WorkspaceId,
        key: &str,
        answer: RememberedAnswer,
        now: Timestamp,
    ) {
        self.any(
            q::IDEMPOTENCY_SET,
            vals![workspace, key.to_owned(), answer.fingerprint, answer.status, answer.body, now],
        );
    }

    pub fn forget_answers(&mut self, before: Timestamp) {
        self.any(q::IDEMPOTENCY_EXPIRE, vals![before]);
    }
}

fn read_key(mut row: Row) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        key_id: row.take_text(0)?,
        workspace: row.workspace(1)?,
        kind: row.take_text(2)?,
        name: row.take_text(3)?,
        scopes: row.take_text(4)?,
        hint: row.take_text(5)?,
        created_at: row.at(6)?,
        revoked_at: row.opt_at(7)?,
    })
}

impl ReadTx<'_> {
    pub fn workspaces(&mut self) -> Result<Vec<Workspace>, StoreError> {
        let read = |mut row: Row| {
            Ok(Workspace {
                workspace: row.workspace(0)?,
                slug: row.take_text(1)?,
                name: row.take_text(2)?,
                settings: serde_json::from_str(row.text(3)?)
                    .map_err(|error| unreadable("a workspace's settings", error))?,
                salt: row.take_text(4)?,
                version: row.int(5)?,
            })
        };
        self.query(q::WORKSPACE_LIST, &vals![])?.into_iter().map(read).collect()
    }

    pub fn channel(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
    ) -> Result<Option<ChannelRow>, StoreError> {
        let row = self.query_opt(q::CHANNEL_FIND, &vals![workspace, channel])?;
        row.map(|mut row| {
            Ok(ChannelRow {
                workspace,
                channel: channel.to_owned(),
                sealed: row.take_bytes(0)?,
                enabled: row.bool(1)?,
                updated_at: row.at(2)?,
            })
        })
        .transpose()
    }

    pub fn channels(&mut self) -> Result<Vec<ChannelRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(ChannelRow {
                workspace: row.workspace(0)?,
                channel: row.take_text(1)?,
                sealed: row.take_bytes(2)?,
                enabled: row.bool(3)?,
                updated_at: row.at(4)?,
            })
        };
        self.query(q::CHANNEL_LIST, &vals![])?.into_iter().map(read).collect()
    }

    pub fn key_by_hash(&mut self, hash: &[u8]) -> Result<Option<KeyRow>, StoreError> {
        self.query_opt(q::KEY_BY_HASH, &vals![hash])?.map(read_key).transpose()
    }

    pub fn keys(&mut self, workspace: WorkspaceId) -> Result<Vec<KeyRow>, StoreError> {
        self.query(q::KEY_LIST, &vals![workspace])?.into_iter().map(read_key).collect()
    }

    /// When keys were used last; keys that never were are not among them.
    pub fn key_uses(&mut self, workspace: WorkspaceId) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows = self.query(q::KEY_USE_LIST, &vals![workspace])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.at(1)?))).collect()
    }

    /// The answer given to this key after the instant.
    pub fn remembered_answer(
        &mut self,
        workspace: WorkspaceId,
        key: &str,
        after: Timestamp,
    ) -> Result<Option<RememberedAnswer>, StoreError> {
        let row = self.query_opt(q::IDEMPOTENCY_FIND, &vals![workspace, key, after])?;
        row.map(|mut row| {
            Ok(RememberedAnswer {
                fingerprint: row.take_bytes(0)?,
                status: row.int(1)?,
                body: row.take_text(2)?,
            })
        })
        .transpose()
    }
}
