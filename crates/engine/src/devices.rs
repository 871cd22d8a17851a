//! Devices that take notifications: whose they are, and what becomes of them; and messages that pages have shown.
//!
//! An endpoint is an identifier of its person like a phone number, but it never joins profiles: a browser in a shop or
//! a family is used by several, and belongs to whoever signed in on it last.

use crate::EngineError;
use crate::note::{Note, Response, ShownOnPage};
use crate::world::{ProfileKey, World};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::delivery::Content;
use domain::event::{Item, ItemKind};
use domain::identifier::{Identifier, IdentifierError, IdentifierKind};
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;
use store::devices::{DeviceRow, OnsiteRow};
use store::messages::MessageRow;
use store::{Changeset, ReadTx, StoreError};

/// What a page or an app tells of the device that it runs on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTold {
    /// The endpoint of a browser, or `fcm:` and the token of an app.
    pub address: String,
    /// JSON: `p256dh` and `auth` of a browser.
    pub keys: String,
    pub user_id: Option<String>,
    pub anonymous_id: Option<String>,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
    /// The words with which the page asked.
    pub wording: Option<String>,
    /// The person has just answered the browser's question. Otherwise the page only renews what it had.
    pub prompted: bool,
}

// Whoever knows address and keys can send to the device.
impl fmt::Debug for DeviceTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceTold(..)")
    }
}

/// Writes to the list of devices, in their order.
pub enum DeviceWrite {
    Set(WorkspaceId, DeviceRow),
    Remove(WorkspaceId, String),
}

/// How long a message waits for a page, in milliseconds: a week.
const WAITS_MS: i64 = 7 * DAY_MS;

/// `Delivery::to` of a device.
pub(crate) fn place_of(device: &DeviceRow) -> String {
    let keys: Value = serde_json::from_str(&device.keys).unwrap_or_default();
    match device.kind.as_str() {
        "browser" => json!({ "endpoint": device.address, "keys": keys }).to_string(),
        _ => device.address.clone(),
    }
}

/// Where a notification goes: to the person's device that was seen last. A trial that names one goes to that.
pub(crate) fn device_of(
    tx: &mut ReadTx<'_>,
    message: &MessageRow,
    named: Option<&str>,
) -> Result<Option<DeviceRow>, StoreError> {
    if let (Some(address), "staff" | "test") = (named, message.origin.as_str()) {
        return Ok(tx.device(message.workspace, address)?.filter(|row| row.dead_at.is_none()));
    }
    let found = tx.devices_of(&[(message.workspace, message.profile)])?;
    Ok(found.into_iter().flatten().next())
}

/// How many living devices the person has beside this one.
pub(crate) fn others(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    address: &str,
) -> Result<usize, StoreError> {
    let Some(row) = tx.device(workspace, address)? else { return Ok(0) };
    let found = tx.devices_of(&[(workspace, row.profile)])?;
    Ok(found.iter().flatten().filter(|other| other.address != address).count())
}

/// The provider says that a device is gone: nothing goes there from now on, and the engine forgets it.
pub(crate) fn dies(changes: &mut Changeset, workspace: WorkspaceId, address: &str, now: Timestamp) {
    changes.device_dies(workspace, address, now);
    let note = Note::DeviceGone { address: address.to_owned(), withdrawn: false, at: now.into() };
    changes.append(note.arrival(workspace, now));
}

/// Lets a message that was claimed wait for a page of the shop; with that it is delivered as far as can be.
pub(crate) fn let_wait(changes: &mut Changeset, message: &MessageRow, content: &Content, now: Timestamp) {
    let (workspace, no) = (message.workspace, message.message_no);
    let mut told = json!({});
    if let Content::Push(content) = content {
        let texts = [
            ("title", &content.title),
            ("body", &content.body),
            ("url", &content.url),
            ("image", &content.image_url),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            told[name] = json!(text);
        }
        let actions = content.actions.iter().map(|(label, url)| json!({ "title": label, "url": url }));
        told["actions"] = actions.collect();
    }
    let row = OnsiteRow {
        message_no: no,
        message_id: message.id.clone(),
        profile: message.profile,
        purpose: message.purpose.clone(),
        content: told.to_string(),
        created_at: now,
        expires_at: now.plus_ms(WAITS_MS),
        shown_at: None,
        closed_at: None,
    };
    changes.insert_onsite(workspace, row);
    let detail = "waits for a page".to_owned();
    changes.accept_message(no, detail.clone(), now, None);
    changes.log_message(workspace, no, now, "accepted", detail);
}

/// Source of the consents that a browser's question brings.
const PERMISSION: &str = "push_permission";

impl World<'_> {
    pub(crate) fn take_device(
        &mut self,
        workspace: WorkspaceId,
        told: DeviceTold,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let message_id = format!("device-{}-{}", told.address, at.ms());
        let mut identifiers = Vec::new();
        let mut refused: Vec<IdentifierError> = Vec::new();
        for (kind, value) in
            [(IdentifierKind::UserId, &told.user_id), (IdentifierKind::Anonymous, &told.anonymous_id)]
        {
            match value.as_deref().map(|value| Identifier::new(kind, value)) {
                Some(Ok(identifier)) => identifiers.push(identifier),
                Some(Err(error)) => refused.push(error),
                None => {}
            }
        }
        let item = Item {
            kind: ItemKind::Track,
            message_id: message_id.clone(),
            name: "Push Subscribed".into(),
            user_id: told.user_id.clone(),
            anonymous_id: told.anonymous_id.clone(),
            other_id: None,
            properties: Map::new(),
            traits: Map::new(),
            context: Map::new(),
            at,
            received_at: at,
            historical: false,
        };
        let endpoint = match Identifier::new(IdentifierKind::PushEndpoint, &told.address) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                self.reject(workspace, at, error.code(), error.to_string(), item.name);
                return Ok(());
            }
        };
        let Some(key) = self.resolve(workspace, &item, identifiers, &refused)? else {
            let detail = "none of the ids that the subscription brings can identify anybody".to_owned();
            self.reject(workspace, at, "identity_unusable", detail, item.name);
            return Ok(());
        };
        let before = self.device(workspace, &endpoint.value)?;
        let holder = match &before {
            Some(row) if row.dead_at.is_none() => self.current((workspace, row.profile))?,
            _ => None,
        };
        let is_new = holder != Some(key);
        match self.owner(workspace, &endpoint)? {
            Some(owner) if owner == key => {}
            owner => {
                if let Some(owner) = owner {
                    self.take_identifier_away(owner, &endpoint);
                }
                self.make_room_for_device(key);
                self.give_identifier(key, endpoint.clone(), at)?;
            }
        }
        let kind = if told.address.starts_with("fcm:") { "app" } else { "browser" };
        let created_at = before.filter(|_| !is_new).map_or(at, |row| row.created_at);
        let row = DeviceRow {
            address: endpoint.value,
            profile: key.1,
            kind: kind.into(),
            keys: told.keys,
            user_agent: told.user_agent.clone(),
            created_at,
            last_seen_at: at,
            dead_at: None,
        };
        self.devices.push(DeviceWrite::Set(workspace, row));
        if !is_new {
            return Ok(());
        }
        let state = self
            .people
            .get(&key)
            .and_then(|person| person.profile.consents.state(Channel::Push, Purpose::Marketing));
        // Who refused on a page of preferences is not asked past that by a browser that renews its endpoint.
        if told.prompted || state != Some(ConsentState::Denied) {
            let record =
                ConsentRecord::new(Channel::Push, Purpose::Marketing, ConsentState::Granted, at, PERMISSION);
            let mut record = match &told.wording {
                Some(words) => record.worded(words),
                None => record,
            };
            record.ip = told.ip;
            record.user_agent = told.user_agent;
            record.proof.actor = Some("customer".into());
            record.proof.evidence = Some(format!("permission of a {kind}"));
            self.take_consent(key, record)?;
        }
        self.happen(key, "Push Subscribed", &message_id, json!({ "device": kind }), at)
    }

    /// A device takes no notifications any more: the person said so on it, or the provider.
    pub(crate) fn take_device_away(
        &mut self,
        workspace: WorkspaceId,
        address: &str,
        withdrawn: bool,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let row = self.device(workspace, address)?;
        if !withdrawn && row.as_ref().is_some_and(|row| row.dead_at.is_none()) {
            // It subscribed again after the provider had said so.
            return Ok(());
        }
        let Ok(endpoint) = Identifier::new(IdentifierKind::PushEndpoint, address) else { return Ok(()) };
        let owner = self.owner(workspace, &endpoint)?;
        if let Some(owner) = owner {
            self.take_identifier_away(owner, &endpoint);
        }
        self.devices.push(DeviceWrite::Remove(workspace, endpoint.value.clone()));
        let (Some(key), true, true) = (owner, withdrawn, row.is_some()) else { return Ok(()) };
        let has_more = self.people.get(&key).is_some_and(|person| {
            person.profile.identifiers_of(&IdentifierKind::PushEndpoint).next().is_some()
        });
        if !has_more {
            self.take_stop(key, Channel::Push, PERMISSION, at)?;
        }
        let message_id = format!("device-gone-{address}-{}", at.ms());
        self.happen(key, "Push Unsubscribed", &message_id, json!({}), at)
    }

    /// A page of the shop tells what became of a message that waited for it.
    pub(crate) fn take_onsite(
        &mut self,
        workspace: WorkspaceId,
        message_id: &str,
        what: ShownOnPage,
        url: Option<String>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let Some(row) = store.read(|tx| tx.onsite(workspace, message_id))? else { return Ok(()) };
        let no = row.message_no;
        let word = format!("onsite {message_id} {what:?}");
        match what {
            ShownOnPage::Shown => {
                if row.shown_at.is_some() || self.is_repeated(workspace, &word) {
                    return Ok(());
                }
                self.receipts.onsite_shown(workspace, no, at);
                self.receipts.message_seen(no, at);
                self.take_response(workspace, no, Response::Opened, at, None, None)
            }
            ShownOnPage::Clicked => {
                if row.closed_at.is_some() || self.is_repeated(workspace, &word) {
                    return Ok(());
                }
                self.receipts.onsite_closed(workspace, no, at);
                self.take_response(workspace, no, Response::Clicked, at, None, url)
            }
            ShownOnPage::Closed => {
                if row.closed_at.is_some() || self.is_repeated(workspace, &word) {
                    return Ok(());
                }
                self.receipts.onsite_closed(workspace, no, at);
                self.receipts.log_message(workspace, no, at, "closed", String::new());
                self.changed.insert((workspace, row.profile));
                Ok(())
            }
        }
    }

    /// As it stands after what this batch has folded so far.
    fn device(&self, workspace: WorkspaceId, address: &str) -> Result<Option<DeviceRow>, EngineError> {
        for write in self.devices.iter().rev() {
            match write {
                DeviceWrite::Set(of, row) if *of == workspace && row.address == address => {
                    return Ok(Some(row.clone()));
                }
                DeviceWrite::Remove(of, gone) if *of == workspace && gone == address => return Ok(None),
                _ => {}
            }
        }
        Ok(self.store.read(|tx| tx.device(workspace, address))?)
    }

    /// Somebody holds so many devices that the oldest gives way.
    fn make_room_for_device(&mut self, key: ProfileKey) {
        let Some(person) = self.people.get(&key) else { return };
        let held =
            |known: &&domain::profile::KnownIdentifier| known.identifier.kind == IdentifierKind::PushEndpoint;
        if person.profile.identifiers.iter().filter(held).count() < IdentifierKind::PushEndpoint.limit() {
            return;
        }
        let oldest = person.profile.identifiers.iter().filter(held).min_by_key(|known| known.at);
        if let Some(identifier) = oldest.map(|known| known.identifier.clone()) {
            self.take_identifier_away(key, &identifier);
            self.devices.push(DeviceWrite::Remove(key.0, identifier.value));
        }
    }

    /// Devices go to whom their person became in this batch.
    pub(crate) fn write_devices(&mut self, changes: &mut Changeset) {
        for write in std::mem::take(&mut self.devices) {
            match write {
                DeviceWrite::Set(workspace, mut row) => {
                    row.profile = self.final_no((workspace, row.profile));
                    changes.set_device(workspace, row);
                }
                DeviceWrite::Remove(workspace, address) => changes.remove_device(workspace, &address),
            }
        }
    }

    /// Takes an identifier from whoever holds it.
    fn take_identifier_away(&mut self, key: ProfileKey, identifier: &Identifier) {
        let Some(person) = self.people.get_mut(&key) else { return };
        if !person.profile.remove_identifier(identifier) {
            return;
        }
        person.dirty = true;
        person.search_dirty = true;
        if person.new_identifiers.contains(identifier) {
            person.new_identifiers.retain(|new| new != identifier);
        } else {
            self.dropped_identifiers.push((key.0, identifier.clone(), key.1));
        }
        self.owners.insert((key.0, identifier.clone()), None::<ProfileNo>);
        self.profile_changed(key);
    }
}
