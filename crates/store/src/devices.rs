//! Where notifications go: browsers and apps of people, their open pages, and the shop's own staff.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::fmt;

/// A browser or an app that takes notifications.
#[derive(Clone, PartialEq)]
pub struct DeviceRow {
    /// The endpoint of a browser, or `fcm:` and the token of an app: the value of the identifier.
    pub address: String,
    pub profile: ProfileNo,
    /// `browser` or `app`.
    pub kind: String,
    /// JSON: `p256dh` and `auth` of a browser.
    pub keys: String,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The provider said that it is gone.
    pub dead_at: Option<Timestamp>,
}

// Whoever knows address and keys can send to the device.
impl fmt::Debug for DeviceRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceRow")
            .field("profile", &self.profile)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A message that waits for somebody to open a page of the shop.
#[derive(Clone, PartialEq, Debug)]
pub struct OnsiteRow {
    pub message_no: i64,
    pub message_id: String,
    pub profile: ProfileNo,
    pub purpose: String,
    /// JSON of what the page shows.
    pub content: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub shown_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
}

/// A way to people of the shop other than e-mail.
#[derive(Clone, PartialEq, Debug)]
pub struct ContactRow {
    pub workspace: WorkspaceId,
    /// As journeys name it: `telegram:ops`.
    pub name: String,
    pub sealed: Vec<u8>,
    pub updated_at: Timestamp,
}

fn read_device(mut row: Row) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        address: row.take_text(0)?,
        profile: row.profile(1)?,
        kind: row.take_text(2)?,
        keys: row.take_text(3)?,
        user_agent: row.opt_text(4)?.map(str::to_owned),
        created_at: row.at(5)?,
        last_seen_at: row.at(6)?,
        dead_at: row.opt_at(7)?,
    })
}

fn read_onsite(mut row: Row) -> Result<OnsiteRow, StoreError> {
    Ok(OnsiteRow {
        message_no: row.int(0)?,
        message_id: row.take_text(1)?,
        profile: row.profile(2)?,
        purpose: row.take_text(3)?,
        content: row.take_text(4)?,
        created_at: row.at(5)?,
        expires_at: row.at(6)?,
        shown_at: row.opt_at(7)?,
        closed_at: row.opt_at(8)?,
    })
}

fn read_contact(mut row: Row) -> Result<ContactRow, StoreError> {
    Ok(ContactRow {
        workspace: row.workspace(0)?,
        name: row.take_text(1)?,
        sealed: row.take_bytes(2)?,
        updated_at: row.at(3)?,
    })
}

impl Changeset {
    /// Writes a device down, whoever had it before; it lives, whatever `row` says.
    pub fn set_device(&mut self, workspace: WorkspaceId, row: DeviceRow) {
        let DeviceRow { address, profile, kind, keys, user_agent, created_at, last_seen_at, .. } = row;
        self.any(
            q::DEVICE_SET,
            vals![workspace, address, profile, kind, keys, user_agent, created_at, last_seen_at],
        );
    }

    /// The provider said that it is gone: nothing is sent to it any more.
    pub fn device_dies(&mut self, workspace: WorkspaceId, address: &str, at: Timestamp) {
        self.any(q::DEVICE_DIES, vals![workspace, address.to_owned(), at]);
    }

    pub fn remove_device(&mut self, workspace: WorkspaceId, address: &str) {
        self.any(q::DEVICE_DELETE, vals![workspace, address.to_owned()]);
    }

    /// Lets a message wait for a page; it is neither shown nor closed, whatever `row` says.
    pub fn insert_onsite(&mut self, workspace: WorkspaceId, row: OnsiteRow) {
        let OnsiteRow { message_no, message_id, profile, purpose, content, created_at, expires_at, .. } = row;
        self.one(
            q::ONSITE_INSERT,
            vals![workspace, message_no, message_id, profile, purpose, content, created_at, expires_at],
        );
    }

    /// The first time counts.
    pub fn onsite_shown(&mut self, workspace: WorkspaceId, message_no: i64, at: Timestamp) {
        self.any(q::ONSITE_SHOWN, vals![workspace, message_no, at]);
    }

    /// It is not given out any more.
    pub fn onsite_closed(&mut self, workspace: WorkspaceId, message_no: i64, at: Timestamp) {
        self.any(q::ONSITE_CLOSED, vals![workspace, message_no, at]);
    }

    /// Forgets what nobody was shown in time.
    pub fn expire_onsite(&mut self, workspace: WorkspaceId, before: Timestamp) {
        self.any(q::ONSITE_EXPIRE, vals![workspace, before]);
    }

    pub fn set_contact(&mut self, row: ContactRow) {
        self.any(q::CONTACT_SET, vals![row.workspace, row.name, row.sealed, row.updated_at]);
    }

    pub fn delete_contact(&mut self, workspace: WorkspaceId, name: &str) {
        self.one(q::CONTACT_DELETE, vals![workspace, name.to_owned()]);
    }
}

impl ReadTx<'_> {
    /// Living or dead.
    pub fn device(&mut self, workspace: WorkspaceId, address: &str) -> Result<Option<DeviceRow>, StoreError> {
        self.query_opt(q::DEVICE_FIND, &vals![workspace, address])?.map(read_device).transpose()
    }

    /// The living devices of each profile, at most 50, the one seen last first.
    pub fn devices_of(&mut self, of: &[(WorkspaceId, ProfileNo)]) -> Result<Vec<Vec<DeviceRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let found = self.query_many(q::DEVICE_OF_PROFILE, &params)?;
        found.into_iter().map(|rows| rows.into_iter().map(read_device).collect()).collect()
    }

    /// What waits for a person, the newest first.
    pub fn onsite_pending(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<OnsiteRow>, StoreError> {
        let rows = self.query(q::ONSITE_PENDING, &vals![workspace, profile, now, limit])?;
        rows.into_iter().map(read_onsite).collect()
    }

    pub fn onsite(
        &mut self,
        workspace: WorkspaceId,
        message_id: &str,
    ) -> Result<Option<OnsiteRow>, StoreError> {
        self.query_opt(q::ONSITE_FIND, &vals![workspace, message_id])?.map(read_onsite).transpose()
    }

    /// Of all workspaces.
    pub fn contacts(&mut self) -> Result<Vec<ContactRow>, StoreError> {
        self.query(q::CONTACT_LIST, &vals![])?.into_iter().map(read_contact).collect()
    }

    pub fn contact(&mut self, workspace: WorkspaceId, name: &str) -> Result<Option<ContactRow>, StoreError> {
        self.query_opt(q::CONTACT_FIND, &vals![workspace, name])?.map(read_contact).transpose()
    }
}
