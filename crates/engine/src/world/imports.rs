//! Folds the rows of imports, notes what they touch, and takes an import back.

use super::{EventDraft, ProfileKey, World};
use crate::EngineError;
use crate::imports::{
    ImportSlice, ImportedConsent, ImportedEvent, ImportedOrder, ImportedPerson, ImportedRow, UNDO_SLICE,
    UndoSlice, source_of,
};
use crate::occasions::Unseen;
use crate::segments::properties_of;
use domain::commerce::{CommerceEvent, Order, Product, read as read_event};
use domain::consent::{ConsentState, Consents};
use domain::event::{Item, ItemKind};
use domain::profile::{Profile, TagState};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::Changeset;
use store::history::{EventRow, MessageKey};
use store::transfers::{Touch, TouchKind, stamp_of};

/// Events that are looked through at a time.
const EVENTS_PAGE: i64 = 500;

/// An order as it was before an import touched it.
#[derive(serde::Serialize, serde::Deserialize)]
struct OrderBefore<O> {
    owner: i64,
    order: O,
}

type OrderFound = Option<(ProfileNo, Order)>;

struct ProfileBefore {
    before: Option<String>,
    /// The version that was found; `None` for a profile of this batch.
    found: Option<i64>,
}

/// What the imports of one batch touched and took back.
#[derive(Default)]
pub(super) struct Imports {
    profiles: BTreeMap<(ProfileKey, String), ProfileBefore>,
    /// By import, source and order id.
    orders: BTreeMap<(WorkspaceId, String, (String, String)), OrderFound>,
    products: BTreeMap<(WorkspaceId, String, String), Option<Product>>,
    /// Ids of the messages that imports brought.
    messages: FxHashSet<String>,
    undone: Changeset,
    /// People who stay after an undo: what holds for them is computed once the undo is stored.
    settle: BTreeMap<(WorkspaceId, String), (Timestamp, BTreeSet<i64>)>,
}

impl World<'_> {
    pub(super) fn take_import(
        &mut self,
        workspace: WorkspaceId,
        slice: ImportSlice,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.quiet = true;
        let (job, told_at) = (slice.job, slice.told_at.0);
        for row in slice.rows {
            match row {
                ImportedRow::Person(person) => {
                    self.take_imported_person(workspace, &job, person, told_at, at)?;
                }
                ImportedRow::Order { person, order } => {
                    self.take_imported_order(workspace, &job, person, *order, told_at, at)?;
                }
                ImportedRow::Product(product) => {
                    self.note_product(workspace, &job, &product.product_id)?;
                    self.take_product(workspace, *product)?;
                }
                ImportedRow::Event { person, event } => {
                    self.take_imported_event(workspace, &job, person, event, told_at, at)?;
                }
            }
        }
        Ok(())
    }

    /// Finds or makes who a row is about, and gives them what it says.
    fn take_imported_person(
        &mut self,
        workspace: WorkspaceId,
        job: &str,
        person: ImportedPerson,
        told_at: Timestamp,
        at: Timestamp,
    ) -> Result<Option<ProfileKey>, EngineError> {
        for identifier in &person.identifiers {
            if let Some(owner) = self.owner(workspace, identifier)? {
                self.note_profile(owner, job);
            }
        }
        let item = message(job, "import", at, at);
        let Some(key) = self.resolve(workspace, &item, person.identifiers, &[])? else { return Ok(None) };
        self.note_profile(key, job);
        let is_new = self.people.get(&key).is_some_and(|held| held.version.is_none());
        if let Some(held) = self.people.get_mut(&key)
            && held.profile.first_seen_at > person.at
        {
            held.profile.first_seen_at = person.at;
            held.dirty = true;
        }
        let source = source_of(job);
        let dated = is_new && !person.attributes.is_empty();
        for (name, value) in person.attributes {
            if is_new {
                // What somebody begins with is no change: the import itself is its history.
                let Some(held) = self.people.get_mut(&key) else { continue };
                if let Err(refused) = held.profile.set_attribute(&name, value, person.at.0) {
                    self.reject(
                        workspace,
                        at,
                        refused.code(),
                        format!("{name:.100} was not taken"),
                        source.clone(),
                    );
                }
                continue;
            }
            let same =
                self.people.get(&key).is_some_and(|held| held.profile.attribute(&name) == Some(&value));
            if !same {
                self.set_attribute(key, &name, value, person.at.0, &source)?;
            }
        }
        if dated {
            self.profile_changed(key);
            self.set_dates(key, None)?;
        }
        for tag in &person.tags {
            if self.people.get(&key).is_some_and(|held| !held.profile.has_tag(tag)) {
                self.set_tag(key, tag, true, told_at);
            }
        }
        for list in &person.lists {
            if self.people.get(&key).is_some_and(|held| !held.profile.in_list(list)) {
                self.set_list(key, list, true, told_at);
            }
        }
        for ImportedConsent { record, dated } in person.consents {
            let held =
                self.people.get(&key).and_then(|p| p.profile.consents.state(record.channel, record.purpose));
            let said_already = held == Some(record.state);
            let undated_over_refusal =
                !dated && held == Some(ConsentState::Denied) && record.state != ConsentState::Denied;
            if !said_already && !undated_over_refusal {
                self.take_consent(key, record)?;
            }
        }
        Ok(Some(key))
    }

    fn take_imported_order(
        &mut self,
        workspace: WorkspaceId,
        job: &str,
        person: ImportedPerson,
        order: ImportedOrder,
        told_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let order_key = (workspace, order.source.clone(), order.order_id.clone());
        let before = self.order(order_key)?;
        if let Some((owner, _)) = &before
            && let Some(owner) = self.current((workspace, *owner))?
        {
            self.note_profile(owner, job);
        }
        let Some(key) = self.take_imported_person(workspace, job, person, told_at, at)? else {
            return Ok(());
        };
        let is_new = before.is_none();
        self.imports
            .orders
            .entry((workspace, job.to_owned(), (order.source.clone(), order.order_id.clone())))
            .or_insert(before);
        for product in &order.products {
            self.note_product(workspace, job, &product.product_id)?;
        }
        let message_id = order.message_id();
        let mut told = CommerceEvent::default();
        let patch = order.patch();
        told.order = Some(patch);
        told.products = order.products;
        let item = message(&message_id, "Order Completed", order.at.0, at);
        self.take_commerce(key, &item, told)?;
        // Status and lines live in the order; the history says that it was placed, unless something else said so.
        if is_new && order.status.as_deref() != Some("cancelled") && !self.is_repeated(workspace, &message_id)
        {
            let currency = match order.currency.as_deref().map(str::parse::<kit::Currency>) {
                Some(Ok(currency)) => currency,
                _ => self.shop(workspace)?.currency,
            };
            let total = order.contents.revenue.or(order.contents.total).unwrap_or_else(|| {
                order.contents.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.total()))
            });
            let mut properties = Map::new();
            properties.insert("order_id".into(), json!(order.order_id));
            properties.insert("source".into(), json!(order.source));
            properties.insert("value".into(), json!(kit::Money { minor: total, currency }.to_f64()));
            properties.insert("currency".into(), json!(currency.code()));
            self.add_imported_event(key, job, &message_id, "Order Completed", order.at.0, properties);
        }
        Ok(())
    }

    fn take_imported_event(
        &mut self,
        workspace: WorkspaceId,
        job: &str,
        person: ImportedPerson,
        event: ImportedEvent,
        told_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        if self.is_repeated(workspace, &event.message_id) {
            return Ok(());
        }
        if let Some(key) = self.take_imported_person(workspace, job, person, told_at, at)? {
            // What somebody looked at elsewhere is a look as well.
            let currency = self.shop(workspace)?.currency;
            if let Some(told) = read_event(&event.name, &event.properties, event.at.0, "", currency) {
                self.seen_products.note(key, &event.name, &told, event.at.0);
            }
            self.add_imported_event(key, job, &event.message_id, &event.name, event.at.0, event.properties);
        }
        Ok(())
    }

    fn add_imported_event(
        &mut self,
        key: ProfileKey,
        job: &str,
        message_id: &str,
        name: &str,
        at: Timestamp,
        properties: Map<String, Value>,
    ) {
        let amount = domain::event::amount_of(name, &properties);
        let body =
            json!({ "type": "track", "properties": properties, "context": { "import": job } }).to_string();
        self.imports.messages.insert(message_id.to_owned());
        let draft = EventDraft { name, at, received_at: at, historical: true, message_id, body, amount };
        self.add_event(key, draft);
    }

    /// Remembers a profile as it is before an import changes it.
    fn note_profile(&mut self, key: ProfileKey, job: &str) {
        let Some(person) = self.people.get(&key) else { return };
        let (found, profile) = (person.version, &person.profile);
        self.imports.profiles.entry((key, job.to_owned())).or_insert_with(|| ProfileBefore {
            before: found.map(|_| serde_json::to_string(profile).unwrap_or_default()),
            found,
        });
    }

    fn note_product(
        &mut self,
        workspace: WorkspaceId,
        job: &str,
        product_id: &str,
    ) -> Result<(), EngineError> {
        let place = (workspace, job.to_owned(), product_id.to_owned());
        if self.imports.products.contains_key(&place) {
            return Ok(());
        }
        let before = match self.products.get(&(workspace, product_id.to_owned())) {
            Some(held) => held.clone(),
            None => {
                let store = self.store;
                store.read(|tx| tx.products_named(&[(workspace, product_id)]))?.into_iter().flatten().next()
            }
        };
        self.imports.products.insert(place, before);
        Ok(())
    }

    /// Whose history of this batch holds something that no import brought.
    fn told_by_others(&self) -> FxHashSet<ProfileKey> {
        let foreign = self.events.iter().filter(|event| !self.imports.messages.contains(&event.message_id));
        let changed =
            self.attribute_changes.iter().filter(|(_, _, _, source)| !source.starts_with("import:"));
        foreign
            .map(|event| (event.workspace, event.profile))
            .chain(changed.map(|(workspace, no, _, _)| (*workspace, *no)))
            .map(|key| (key.0, self.final_no(key)))
            .collect()
    }

    /// Writes down what imports touched; before the rest of the batch is taken apart.
    pub(super) fn finish_imports(&mut self, changes: &mut Changeset) {
        let told_by_others =
            if self.imports.profiles.is_empty() { FxHashSet::default() } else { self.told_by_others() };
        let with_events: FxHashSet<ProfileKey> = self
            .events
            .iter()
            .map(|event| (event.workspace, self.final_no((event.workspace, event.profile))))
            .collect();
        let imports = std::mem::take(&mut self.imports);
        for ((key, job), touched) in imports.profiles {
            let last = (key.0, self.final_no(key));
            if last != key && touched.found.is_none() {
                continue; // Made and absorbed within the batch.
            }
            let Some(person) = self.people.get(&last) else { continue };
            if last == key && touched.found.is_some() && !person.dirty && !with_events.contains(&key) {
                continue; // The file told nothing new.
            }
            let stamp = match person.version {
                None => 1,
                Some(version) if person.dirty => version + 1,
                Some(version) => version,
            };
            let touch = Touch {
                kind: TouchKind::Profile,
                subject: key.1.0.to_string(),
                before: touched.before,
                stamp,
                shared: told_by_others.contains(&last),
            };
            changes.touch(key.0, &job, touch, touched.found.unwrap_or(stamp));
        }
        for ((workspace, job, (source, order_id)), before) in imports.orders {
            let place = (workspace, source.clone(), order_id.clone());
            let Some(Some((_, now))) = self.orders.get(&place) else { continue };
            let stamp = stamp_of(now);
            let found = before.as_ref().map_or(stamp, |(_, order)| stamp_of(order));
            if before.is_some() && found == stamp {
                continue; // The file told nothing new.
            }
            let touch = Touch {
                kind: TouchKind::Order,
                subject: json!([source, order_id]).to_string(),
                before: before.map(|(owner, order)| {
                    serde_json::to_string(&OrderBefore { owner: owner.0, order }).unwrap_or_default()
                }),
                stamp,
                shared: false,
            };
            changes.touch(workspace, &job, touch, found);
        }
        for ((workspace, job, product_id), before) in imports.products {
            let Some(Some(now)) = self.products.get(&(workspace, product_id.clone())) else { continue };
            let stamp = stamp_of(now);
            let found = before.as_ref().map_or(stamp, stamp_of);
            if before.is_some() && found == stamp {
                continue;
            }
            let touch = Touch {
                kind: TouchKind::Product,
                subject: product_id,
                before: before.map(|product| serde_json::to_string(&product).unwrap_or_default()),
                stamp,
                shared: false,
            };
            changes.touch(workspace, &job, touch, found);
        }
        changes.extend(imports.undone);
        for ((workspace, job), (told_at, settle)) in imports.settle {
            let slice = UndoSlice { job, told_at: told_at.into(), settle: settle.into_iter().collect() };
            changes.append(slice.arrival(workspace, self.at));
        }
    }

    /// Takes the next slice of an import back.
    pub(super) fn take_undo(&mut self, workspace: WorkspaceId, slice: UndoSlice) -> Result<(), EngineError> {
        self.quiet = true;
        if !slice.settle.is_empty() {
            for no in slice.settle {
                if let Some(key) = self.current((workspace, ProfileNo(no)))? {
                    self.pasts.remove(&key);
                    self.touch(key, true, |touch| touch.all = true);
                }
            }
            return Ok(());
        }
        let (store, job, told_at) = (self.store, slice.job, slice.told_at.0);
        let touches = store.read(|tx| tx.touches(workspace, &job, UNDO_SLICE))?;
        for touch in touches {
            match touch.kind {
                TouchKind::Order => self.undo_order(workspace, &job, &touch)?,
                TouchKind::Product => self.undo_product(workspace, &touch)?,
                TouchKind::Profile => self.undo_profile(workspace, &job, told_at, &touch)?,
            }
            self.imports.undone.forget_touch(workspace, &job, touch.kind, &touch.subject);
        }
        Ok(())
    }

    fn undo_order(&mut self, workspace: WorkspaceId, job: &str, touch: &Touch) -> Result<(), EngineError> {
        let Ok((source, order_id)) = serde_json::from_str::<(String, String)>(&touch.subject) else {
            return Ok(());
        };
        let key = (workspace, source.clone(), order_id.clone());
        let Some((owner, order)) = self.order(key.clone())? else { return Ok(()) };
        if stamp_of(&order) != touch.stamp {
            return Ok(()); // Somebody else told of it since; it stays as they left it.
        }
        let before =
            touch.before.as_deref().and_then(|doc| serde_json::from_str::<OrderBefore<Order>>(doc).ok());
        let held = self.summaries((workspace, owner))?;
        held.retain(|summary| summary.source != source || summary.order_id != order_id);
        match before {
            None => {
                self.orders.insert(key, None);
                self.imports.undone.delete_order(workspace, &source, &order_id);
            }
            Some(before) => {
                let summary = before.order.summary();
                self.summaries((workspace, owner))?.push(summary);
                self.put_order(key, owner, before.order);
            }
        }
        self.count_anew((workspace, owner), job)
    }

    /// Totals from the orders that are left, for an owner whom the undo will not come to by itself.
    fn count_anew(&mut self, key: ProfileKey, job: &str) -> Result<(), EngineError> {
        let store = self.store;
        let Some(key) = self.current(key)? else { return Ok(()) };
        let subject = key.1.0.to_string();
        if store.read(|tx| tx.has_touch(key.0, job, TouchKind::Profile, &subject))? {
            return Ok(());
        }
        let totals = self.totals(key)?;
        if let Some(person) = self.people.get_mut(&key) {
            person.profile.totals = totals;
            person.dirty = true;
        }
        self.profile_changed(key);
        Ok(())
    }

    fn undo_product(&mut self, workspace: WorkspaceId, touch: &Touch) -> Result<(), EngineError> {
        let key = (workspace, touch.subject.clone());
        let store = self.store;
        let held = match self.products.get(&key) {
            Some(held) => held.clone(),
            None => store
                .read(|tx| tx.products_named(&[(workspace, &touch.subject)]))?
                .into_iter()
                .flatten()
                .next(),
        };
        let Some(held) = held.filter(|held| stamp_of(held) == touch.stamp) else { return Ok(()) };
        match touch.before.as_deref().and_then(|doc| serde_json::from_str::<Product>(doc).ok()) {
            None => {
                self.imports.undone.delete_product(workspace, &held.product_id);
                self.products.insert(key, None);
            }
            Some(before) => {
                self.products.insert(key.clone(), Some(before));
                self.dirty_products.insert(key);
            }
        }
        Ok(())
    }

    fn undo_profile(
        &mut self,
        workspace: WorkspaceId,
        job: &str,
        told_at: Timestamp,
        touch: &Touch,
    ) -> Result<(), EngineError> {
        let Ok(no) = touch.subject.parse() else { return Ok(()) };
        let Some(key) = self.current((workspace, ProfileNo(no)))? else { return Ok(()) };
        let store = self.store;
        let foreign_events = self.undo_events(key, job)?;
        let totals = self.totals(key)?;
        let no_orders = self.summaries(key)?.is_empty();
        let used = store.read(|tx| tx.profile_is_used(workspace, key.1))?;
        let source = source_of(job);
        let consents = store.read(|tx| tx.consent_rows(workspace, key.1))?;
        let ours =
            |source_told: &str| source_told == source || source_told.starts_with(&format!("{source} "));
        let foreign_consents = consents.iter().any(|(_, record)| !ours(&record.source));
        let before = touch.before.as_deref().and_then(|doc| serde_json::from_str::<Profile>(doc).ok());
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let (version, current) = (person.version.unwrap_or(0), person.profile.clone());
        let untouched = !touch.shared && version == touch.stamp && !person.dirty;
        if before.is_none() && untouched && foreign_events == 0 && no_orders && !used && !foreign_consents {
            self.imports.undone.delete_profile(workspace, &current, version);
            self.people.remove(&key);
            self.runs.remove(&key);
            self.changed.remove(&key);
            self.forget(key);
            return Ok(());
        }
        let mut restored = match (&before, untouched) {
            (Some(before), true) => {
                let held: BTreeSet<_> = before.identifiers.iter().map(|known| &known.identifier).collect();
                for known in current.identifiers.iter().filter(|known| !held.contains(&known.identifier)) {
                    self.imports.undone.delete_identifier(workspace, &known.identifier, key.1);
                }
                Profile { no: key.1, last_seen_at: current.last_seen_at, ..before.clone() }
            }
            _ => self.without_import(key, current, before.as_ref(), told_at, &source)?,
        };
        restored.totals = totals;
        for (record_no, record) in &consents {
            if ours(&record.source) {
                self.imports.undone.delete_consent_record(workspace, *record_no);
            }
        }
        self.imports.undone.delete_changes_of(workspace, key.1, &source);
        if let Some(person) = self.people.get_mut(&key) {
            person.profile = restored;
            person.dirty = true;
            person.search_dirty = true;
        }
        self.set_dates(key, None)?;
        let settle = self.imports.settle.entry((workspace, job.to_owned()));
        settle.or_insert_with(|| (told_at, BTreeSet::new())).1.insert(key.1.0);
        Ok(())
    }

    /// Takes the events of an import out of somebody's history. Answers how many others there are.
    fn undo_events(&mut self, key: ProfileKey, job: &str) -> Result<usize, EngineError> {
        let store = self.store;
        let mark = json!({ "import": job }).to_string();
        let currency = self.shop(key.0)?.currency;
        let mut unseen = Unseen::default();
        let mut others = 0;
        let mut before = (Timestamp::MAX, i64::MAX);
        loop {
            let page: Vec<EventRow> =
                store.read(|tx| tx.event_page(key.0, key.1, before, None, EVENTS_PAGE))?;
            let Some(last) = page.last() else { break };
            before = (last.at, last.event_no);
            for event in &page {
                let is_ours = event.historical && event.body.contains(&mark);
                if let Value::Object(properties) = properties_of(&event.body)
                    && let Some(told) = read_event(&event.name, &properties, event.at, "", currency)
                {
                    unseen.note(key, &event.name, &told, event.at, is_ours);
                }
                if is_ours {
                    self.imports.undone.delete_event(key.0, event);
                    self.seen.remove(&(key.0, MessageKey::of(&event.message_id)));
                } else {
                    others += 1;
                }
            }
        }
        let seen = store.read(|tx| tx.seen_of(&[key]))?.pop().unwrap_or_default();
        unseen.write(&mut self.imports.undone, seen);
        Ok(others)
    }

    /// A profile that others wrote too: takes out what is still as the import left it.
    fn without_import(
        &mut self,
        key: ProfileKey,
        mut profile: Profile,
        before: Option<&Profile>,
        told_at: Timestamp,
        source: &str,
    ) -> Result<Profile, EngineError> {
        let store = self.store;
        match before {
            Some(before) => {
                let changes = store.read(|tx| tx.changes_of(key.0, key.1, source))?;
                let mut last: FxHashMap<&str, (Timestamp, &str)> = FxHashMap::default();
                for change in &changes {
                    last.insert(&change.name, (change.at, &change.new));
                }
                for (name, (at, new)) in last {
                    let still = profile.attributes.get(name).is_some_and(|held| {
                        held.at.0 == at && serde_json::to_string(&held.value).is_ok_and(|value| value == new)
                    });
                    if still {
                        match before.attributes.get(name) {
                            Some(value) => profile.attributes.insert(name.to_owned(), value.clone()),
                            None => profile.attributes.remove(name),
                        };
                    }
                }
            }
            None => {
                // What it began with was not logged: what nobody else claims is the import's.
                let changes = store.read(|tx| tx.attribute_changes(key.0, key.1, i64::MAX, 10_000))?;
                let claimed: FxHashSet<&str> =
                    changes.iter().filter(|c| c.source != source).map(|c| c.name.as_str()).collect();
                profile.attributes.retain(|name, _| claimed.contains(name.as_str()));
            }
        }
        let still_ours = |state: &TagState| state.on && state.at.0 == told_at;
        let take_back = |held: &mut BTreeMap<String, TagState>, was: Option<&BTreeMap<String, TagState>>| {
            let names: Vec<String> =
                held.iter().filter(|(_, state)| still_ours(state)).map(|(name, _)| name.clone()).collect();
            for name in names {
                match was.and_then(|was| was.get(&name)) {
                    Some(state) => held.insert(name, *state),
                    None => held.remove(&name),
                };
            }
        };
        take_back(&mut profile.tags, before.map(|before| &before.tags));
        take_back(&mut profile.lists, before.map(|before| &before.lists));
        profile.consents = without_source(&profile.consents, before.map(|before| &before.consents), source);
        Ok(profile)
    }
}

/// The consents without those that an import gave; what stood in their place before stands again.
fn without_source(consents: &Consents, before: Option<&Consents>, source: &str) -> Consents {
    let (Ok(Value::Object(mut held)), was) =
        (serde_json::to_value(consents), before.and_then(|before| serde_json::to_value(before).ok()))
    else {
        return consents.clone();
    };
    let ours = |told: &Value| {
        let told = told.get("source").and_then(Value::as_str).unwrap_or_default();
        told == source || told.starts_with(&format!("{source} "))
    };
    let slots: Vec<String> =
        held.iter().filter(|(_, told)| ours(told)).map(|(slot, _)| slot.clone()).collect();
    for slot in slots {
        match was.as_ref().and_then(|was| was.get(&slot)) {
            Some(earlier) => held.insert(slot, earlier.clone()),
            None => held.remove(&slot),
        };
    }
    serde_json::from_value(Value::Object(held)).unwrap_or_else(|_| consents.clone())
}

/// A message in whose name something of a file is folded.
fn message(message_id: &str, name: &str, at: Timestamp, received_at: Timestamp) -> Item {
    Item {
        kind: ItemKind::Track,
        message_id: message_id.to_owned(),
        name: name.to_owned(),
        user_id: None,
        anonymous_id: None,
        other_id: None,
        properties: Map::new(),
        traits: Map::new(),
        context: Map::new(),
        at,
        received_at,
        historical: true,
    }
}
