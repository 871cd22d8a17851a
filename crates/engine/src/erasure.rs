//! Forgetting a person, everywhere, and leaving one alone on request.
//!
//! The first step takes the profile and everything by which it could be found, in the changeset in which the wish is
//! taken in: from then on nobody can look the person up, write to them or start anything for them. What is large
//! (events, messages, runs) follows in slices, each a note in the inbox, so that other work goes on between them. What
//! stays is a row of the register without personal data, orders under a number, and ledger rows that say what was
//! decided when, and nothing of whom.

use crate::EngineError;
use crate::note::Note;
use crate::world::{ProfileKey, World, timer_kind};
use domain::consent::{Channel, ConsentState, Purpose};
use domain::gate::Suppression;
use domain::identifier::{Identifier, IdentifierKind};
use domain::profile::{Ms, Profile};
use hmac::{Hmac, KeyInit, Mac};
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use store::messages::SuppressionRow;
use store::privacy::ErasureRow;
use store::transfers::TouchKind;
use store::{Changeset, ReadTx, Store, StoreError};

/// Rows of each kind that one changeset erases of one person.
const SLICE_ROWS: i64 = 2_000;
/// Rows that one read looks through for a person's addresses.
const LOOK_ROWS: i64 = 5_000;
/// Answers of providers that were under way when somebody was erased have come by then.
const SWEEP_MS: i64 = HOUR_MS;
/// Shorter texts are looked for nowhere: they would be found in everything.
const NEEDLE_BYTES_MIN: usize = 6;

/// What becomes of the orders of somebody who is erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orders {
    /// They stay for the books, under the number of a profile that is no more. An order holds no personal data.
    #[default]
    Keep,
    Delete,
}

/// What a batch erases.
#[derive(Default)]
pub struct Erasures {
    /// To be written before everything else of the batch: identifiers may be given to others in it.
    pub(crate) first: Changeset,
    /// To be written after everything else: what the batch itself brought for the person goes too.
    pub(crate) last: Changeset,
    /// Who is gone, while the store still has them.
    pub(crate) gone: FxHashSet<ProfileKey>,
    /// Whether a workspace has erased anybody, as far as it was asked.
    had_any: FxHashMap<WorkspaceId, bool>,
}

/// The keyed hash that stands for an identifier of somebody who was erased. The key is the workspace's salt, so nobody
/// can try out addresses without the database.
pub fn erased_hash(salt: &str, identifier: &Identifier) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.as_bytes()) else { return String::new() };
    mac.update(b"erased:");
    mac.update(identifier.key().as_bytes());
    let hash = mac.finalize().into_bytes();
    hash.iter().take(16).fold(String::from("erased:"), |text, byte| format!("{text}{byte:02x}"))
}

/// The channel that an identifier is an address of.
fn channel_of(identifier: &Identifier) -> Option<Channel> {
    match identifier.kind {
        IdentifierKind::Email => Some(Channel::Email),
        IdentifierKind::Phone => Some(Channel::Sms),
        IdentifierKind::ZaloId => Some(Channel::Zalo),
        _ => None,
    }
}

/// What stops advertisements to a person beside the suppression list: they asked to be left alone, or their address
/// is one of somebody who was erased and has not consented since. An import brings no consent of its own.
pub(crate) fn stopped(profile: &Profile, channel: Channel, purpose: Purpose) -> Option<Suppression> {
    if profile.restricted_at.is_some() {
        return Some(Suppression::Restricted);
    }
    let erased_at = profile.erased_before?;
    let slot = format!("{channel}.{purpose}");
    let anew = profile.consents.iter().any(|(held, consent)| {
        held == slot
            && consent.state == ConsentState::Granted
            && consent.at > erased_at
            && !consent.source.starts_with("import")
    });
    (!anew).then_some(Suppression::Erased)
}

/// Texts that give a person away where rows are not theirs by number: addresses, ids, names.
fn needles(profile: &Profile, ids: &[String]) -> BTreeSet<String> {
    let mut needles: BTreeSet<String> = ids.iter().cloned().collect();
    for known in &profile.identifiers {
        let value = &known.identifier.value;
        needles.insert(value.clone());
        if let Some(rest) = value.strip_prefix('+') {
            needles.insert(rest.to_owned());
        }
        needles.extend(value.strip_prefix("+84").map(|rest| format!("0{rest}")));
    }
    needles.extend(profile.full_name());
    let named = ["email", "phone", "name", "address"];
    for (name, held) in &profile.attributes {
        if named.iter().any(|part| name.to_lowercase().contains(part))
            && let Value::String(text) = &held.value
        {
            needles.insert(text.clone());
        }
    }
    needles.retain(|needle| needle.len() >= NEEDLE_BYTES_MIN);
    needles
}

fn names_any(text: &str, needles: &BTreeSet<String>) -> bool {
    needles.iter().any(|needle| text.contains(needle.as_str()))
}

/// Deletes rows that are nobody's by number and name the person all the same: samples of what was refused, rows that
/// were set aside, answers remembered for a day.
fn forget_mentions(
    tx: &mut ReadTx<'_>,
    changes: &mut Changeset,
    workspace: WorkspaceId,
    needles: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let mut before = i64::MAX;
    loop {
        let rows = tx.rejections(workspace, before, LOOK_ROWS)?;
        let Some(last) = rows.last() else { break };
        before = last.rejection_no;
        for row in
            rows.iter().filter(|row| names_any(&row.detail, needles) || names_any(&row.sample, needles))
        {
            changes.delete_rejection(workspace, row.rejection_no);
        }
    }
    let mut after = 0;
    loop {
        let rows = tx.quarantine_page(workspace, after, 200)?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for row in &rows {
            let payload = String::from_utf8_lossy(&row.payload);
            if [&payload, row.meta.as_str(), &row.error].iter().any(|text| names_any(text, needles)) {
                changes.delete_quarantined(workspace, row.seq);
            }
        }
    }
    let mut after = String::new();
    loop {
        let rows = tx.answer_page(workspace, &after, 500)?;
        let Some((last, _)) = rows.last() else { break };
        after.clone_from(last);
        for (key, _) in rows.iter().filter(|(key, body)| names_any(key, needles) || names_any(body, needles))
        {
            changes.forget_answer(workspace, key);
        }
    }
    Ok(())
}

/// Lets imports forget what these profiles were before, which they keep to be undone.
fn forget_imports(
    tx: &mut ReadTx<'_>,
    changes: &mut Changeset,
    workspace: WorkspaceId,
    subjects: &[String],
) -> Result<(), StoreError> {
    let mut before = (Timestamp::MAX, String::from("~"));
    loop {
        let jobs = tx.job_page(workspace, (before.0, &before.1), "import", 500)?;
        let Some(last) = jobs.last() else { return Ok(()) };
        before = (last.created_at, last.job_id.clone());
        for job in &jobs {
            for subject in subjects {
                if tx.has_touch(workspace, &job.job_id, TouchKind::Profile, subject)? {
                    changes.forget_touch(workspace, &job.job_id, TouchKind::Profile, subject);
                }
            }
        }
    }
}

/// The proof of consent without the person: what was agreed to when, for each record. With the hashes beside it the
/// shop can show, of an address that somebody names, that it had consent until the erasure.
fn proof_of(consents: &[domain::consent::ConsentRecord]) -> Vec<Value> {
    let hash = |text: &str| {
        Sha256::digest(text.as_bytes())
            .iter()
            .take(16)
            .fold(String::new(), |t, byte| format!("{t}{byte:02x}"))
    };
    consents
        .iter()
        .map(|record| {
            json!({
                "channel": record.channel,
                "purpose": record.purpose,
                "state": record.state,
                "at": record.at,
                "wording_sha256": record.wording.as_deref().map(hash),
            })
        })
        .collect()
}

impl World<'_> {
    /// Erases a person. Nothing happens when nobody has the id any more.
    pub fn erase(
        &mut self,
        workspace: WorkspaceId,
        profile_id: &str,
        at: Timestamp,
        orders: Orders,
        keep_away: bool,
    ) -> Result<(), EngineError> {
        let Some(key) = self.by_id(workspace, profile_id)? else { return Ok(()) };
        let salt = self.shop(workspace)?.workspace.salt.clone();
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let profile = person.profile.clone();
        let store = self.store;
        let no = key.1;
        let (merges, consents) =
            store.read(|tx| Ok((tx.merges(workspace, no)?, tx.consents(workspace, no)?)))?;
        let joined = merges.iter().filter(|merge| merge.joined);
        let number_last = joined.clone().map(|merge| merge.other_no.0).fold(no.0, i64::max);
        let mut ids = vec![profile.id.to_string()];
        ids.extend(joined.map(|merge| merge.other_id.clone()));
        // In this batch too somebody may have turned out to be this person.
        let number_last = self.absorbed_numbers(key).into_iter().fold(number_last, i64::max);
        let identifiers: Vec<Identifier> =
            profile.identifiers.iter().map(|known| known.identifier.clone()).collect();
        let hashes: Vec<String> = identifiers
            .iter()
            .filter(|identifier| identifier.kind.is_strong())
            .map(|identifier| erased_hash(&salt, identifier))
            .collect();
        let doc = json!({
            "orders": orders,
            "keep_away": keep_away,
            "identifiers": hashes,
            "consents": proof_of(&consents),
        });
        self.forget(key);
        self.part_with(key);
        let mut first = std::mem::take(&mut self.erasures.first);
        first.insert_erasure(
            workspace,
            ErasureRow {
                profile: no,
                profile_id: profile.id.to_string(),
                at,
                finished_at: None,
                number_last,
                doc: doc.to_string(),
            },
        );
        first.erase_profile(workspace, no, &identifiers);
        for identifier in &identifiers {
            let Some(channel) = channel_of(identifier) else { continue };
            first.release_suppression(workspace, channel.as_str(), &identifier.value);
            first.clear_soft_bounces(workspace, channel.as_str(), &identifier.value);
            if keep_away {
                let row = SuppressionRow {
                    channel: channel.to_string(),
                    address: erased_hash(&salt, identifier),
                    reason: "erased".into(),
                    detail: String::new(),
                    at,
                };
                first.suppress(workspace, row);
            }
        }
        let needles = needles(&profile, &ids);
        store.read(|tx| {
            for id in &ids {
                for mut request in tx.requests_of_profile(workspace, id)? {
                    let mut doc: Value = serde_json::from_str(&request.doc).unwrap_or_default();
                    doc["identifiers"] = json!([]);
                    doc["note"] = json!("");
                    request.doc = doc.to_string();
                    first.update_request(workspace, request);
                }
            }
            forget_mentions(tx, &mut first, workspace, &needles)
        })?;
        let numbers = std::iter::once(no).chain(merges.iter().map(|merge| merge.other_no));
        let subjects: Vec<String> = numbers.map(|number| number.0.to_string()).collect();
        store.read(|tx| forget_imports(tx, &mut first, workspace, &subjects))?;
        self.erasures.first = first;
        let last = &mut self.erasures.last;
        last.erase_profile(workspace, no, &identifiers);
        if orders == Orders::Delete {
            last.erase_orders(workspace, no);
        }
        last.erase_slice(workspace, no, SLICE_ROWS);
        self.append(Note::EraseOn { profile_no: no.0, at: at.into() }.arrival(workspace, self.now()));
        tracing::info!(profile.no = no.0, "a profile is erased");
        Ok(())
    }

    /// The next slice of what is left of somebody.
    pub fn erase_on(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        if store.read(|tx| tx.profile(workspace, no))?.is_some() {
            // The first step is what erases; without it there is nothing to go on with.
            return Ok(());
        }
        if store.read(|tx| tx.is_left_to_erase(workspace, no))? {
            self.erasures.last.erase_slice(workspace, no, SLICE_ROWS);
            self.append(Note::EraseOn { profile_no: no.0, at: at.into() }.arrival(workspace, self.now()));
            return Ok(());
        }
        let known = store.read(|tx| tx.erasure_of(workspace, no))?;
        if known.is_some_and(|row| row.finished_at.is_none()) {
            self.erasures.last.finish_erasure(workspace, no, self.now());
            let due_at = self.now().plus_ms(SWEEP_MS);
            self.set_timer((workspace, no), timer_kind::ERASE, "", Some(due_at));
        }
        Ok(())
    }

    /// Erases a visitor of whom nothing is known but a device, without a row in the register.
    pub fn drop_visitor(&mut self, key: ProfileKey) {
        let Some(person) = self.people.get(&key) else { return };
        let identifiers: Vec<Identifier> =
            person.profile.identifiers.iter().map(|known| known.identifier.clone()).collect();
        self.forget(key);
        self.part_with(key);
        self.erasures.first.erase_profile(key.0, key.1, &identifiers);
        self.erasures.last.erase_profile(key.0, key.1, &identifiers);
        self.erasures.last.erase_slice(key.0, key.1, SLICE_ROWS);
        self.append(Note::EraseOn { profile_no: key.1.0, at: self.at.into() }.arrival(key.0, self.now()));
    }

    /// Leaves a person alone, or lets processing go on: no advertisement, no journey that begins.
    pub fn restrict(
        &mut self,
        workspace: WorkspaceId,
        profile_id: &str,
        on: bool,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(key) = self.by_id(workspace, profile_id)? else { return Ok(()) };
        let Some(person) = self.people.get_mut(&key) else { return Ok(()) };
        if person.profile.restricted_at.is_some() == on {
            return Ok(());
        }
        person.profile.restricted_at = on.then_some(Ms(at));
        person.dirty = true;
        self.profile_changed(key);
        Ok(())
    }

    /// Remembers on a profile that gets an address that the person behind this address was erased before.
    pub fn recall_erasure(&mut self, key: ProfileKey, identifier: &Identifier) -> Result<(), EngineError> {
        let Some(channel) = channel_of(identifier) else { return Ok(()) };
        let store = self.store;
        let workspace = key.0;
        let had_any = match self.erasures.had_any.get(&workspace) {
            Some(had_any) => *had_any,
            None => {
                let found = store.read(|tx| tx.erasure_page(workspace, ProfileNo(0), 1))?;
                *self.erasures.had_any.entry(workspace).or_insert(!found.is_empty())
            }
        };
        let in_this_batch = self.erasures.gone.iter().any(|(erased_in, _)| *erased_in == workspace);
        if !had_any && !in_this_batch {
            return Ok(());
        }
        let hash = erased_hash(&self.shop(workspace)?.workspace.salt, identifier);
        let found = store.read(|tx| tx.erased_address(workspace, channel.as_str(), &hash))?;
        // Of an erasure of this very batch the store does not know yet.
        let found = found.or(in_this_batch.then_some(self.at));
        if let (Some(erased_at), Some(person)) = (found, self.people.get_mut(&key)) {
            let held = person.profile.erased_before.max(Some(Ms(erased_at)));
            person.profile.erased_before = held;
            person.dirty = true;
        }
        Ok(())
    }
}

/// What a restore needs to know of an erasure: enough to do it again, and nothing personal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Erased {
    pub workspace: i64,
    pub profile_id: String,
    pub at: Ms,
    pub orders: Orders,
    pub keep_away: bool,
}

/// The register of erasures of a store, to be taken along where an older backup takes its place.
pub fn erasures_of(store: &Store) -> Result<Vec<Erased>, StoreError> {
    store.read(|tx| {
        let mut all = Vec::new();
        for workspace in tx.workspaces()? {
            let workspace = workspace.workspace;
            let mut after = ProfileNo(0);
            loop {
                let rows = tx.erasure_page(workspace, after, 1_000)?;
                let Some(last) = rows.last() else { break };
                after = last.profile;
                for row in rows {
                    let doc: Value = serde_json::from_str(&row.doc).unwrap_or_default();
                    all.push(Erased {
                        workspace: workspace.0,
                        profile_id: row.profile_id,
                        at: row.at.into(),
                        orders: serde_json::from_value(doc["orders"].clone()).unwrap_or_default(),
                        keep_away: doc["keep_away"].as_bool().unwrap_or(true),
                    });
                }
            }
        }
        Ok(all)
    })
}

/// Puts erasures that a restored store does not know into its inbox, before it serves anybody; answers how many. To be
/// called by `quaylai restore` with the register of the database that the backup replaces.
pub fn reapply_erasures(store: &Store, register: &[Erased], now: Timestamp) -> Result<usize, StoreError> {
    let mut applied = 0;
    for some in register.chunks(500) {
        let mut changes = Changeset::new();
        for erased in some {
            let workspace = WorkspaceId(erased.workspace);
            let is_known = store.read(|tx| Ok(tx.erasure(workspace, &erased.profile_id)?.is_some()))?;
            if is_known {
                continue;
            }
            applied += 1;
            let note = Note::Erase {
                profile_id: erased.profile_id.clone(),
                at: erased.at,
                orders: erased.orders,
                keep_away: erased.keep_away,
            };
            changes.append(note.arrival(workspace, now));
        }
        if !changes.is_empty() {
            store.apply(changes)?;
        }
    }
    Ok(applied)
}
