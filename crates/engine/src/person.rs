//! Folds what clients and the shop tell of a person into their profile.

use crate::EngineError;
use crate::habits::best_delay_minutes;
use crate::note::{Note, Response};
use crate::world::{EventDraft, Incoming, Meta, ProfileKey, World, timer_kind};
use domain::commerce::{CommerceEvent, Order};
use domain::consent::{Aspect, Channel, ConsentRecord, ConsentState, Purpose};
use domain::event::{Item, ItemKind};
use domain::hook::Topic;
use domain::identifier::{Identifier, IdentifierError, IdentifierKind};
use domain::identity::{Link, may_join, survivor_is_first};
use domain::journey::EventView;
use domain::normalise::text;
use domain::profile::{KnownIdentifier, Ms, Profile};
use domain::ways::{Plan, Way};
use kit::{Id, MINUTE_MS, ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Map, Value, json};
use store::history::MessageKey;
use store::journeys::TimerRow;
use store::messages::SuppressionRow;

/// Traits that only identify, and are kept as identifiers too; names that change what a search finds.
const NAME_TRAITS: [&str; 5] = ["name", "firstName", "first_name", "lastName", "last_name"];

/// What an alias names as the other profile: the previous id may be a device's or an account's.
pub fn alias_sources(item: &Item) -> Vec<Identifier> {
    match (&item.kind, &item.other_id) {
        (ItemKind::Alias, Some(previous)) => [IdentifierKind::UserId, IdentifierKind::Anonymous]
            .into_iter()
            .filter_map(|kind| Identifier::new(kind, previous).ok())
            .collect(),
        _ => Vec::new(),
    }
}

impl World<'_> {
    pub fn take_item(
        &mut self,
        workspace: WorkspaceId,
        incoming: Incoming,
        meta: &Meta,
    ) -> Result<(), EngineError> {
        let Incoming { item, identifiers, refused, commerce } = incoming;
        if self.is_repeated(workspace, &item.message_id) {
            return Ok(());
        }
        let Some(key) = self.resolve(workspace, &item, identifiers, &refused)? else {
            let detail = "none of the ids that the message brings can identify anybody".to_owned();
            let sample = format!("{} messageId={}", item.name, item.message_id);
            self.reject(workspace, item.received_at, "identity_unusable", detail, sample);
            return Ok(());
        };
        let at = item.at;
        self.quiet = item.historical;
        if !item.historical {
            self.settle_history(key)?;
        }
        if let Some(person) = self.person(key) {
            person.profile.last_seen_at = person.profile.last_seen_at.max(at.into());
            if person.profile.first_seen_at > at.into() {
                person.profile.first_seen_at = at.into();
                person.dirty = true;
            }
        }
        let body = body_of(&item);
        self.add_event(
            key,
            EventDraft {
                name: &item.name,
                at,
                received_at: item.received_at,
                historical: item.historical,
                message_id: &item.message_id,
                body,
                amount: domain::event::amount_of(&item.name, &item.properties),
            },
        );
        if item.kind == ItemKind::Identify {
            self.take_traits(key, &item)?;
        }
        if item.kind == ItemKind::Group {
            let name = "group_id";
            let value = json!(item.other_id);
            self.set_attribute(key, name, value, at, "group")?;
        }
        for record in consents_of(&item, meta) {
            self.take_consent(key, record)?;
        }
        if let Some(told) = commerce {
            self.take_commerce(key, &item, told)?;
        }
        if !item.historical {
            let properties = match item.kind {
                ItemKind::Identify | ItemKind::Group => Value::Object(item.traits),
                _ => Value::Object(item.properties),
            };
            let event = EventView { id: &item.message_id, name: &item.name, at, properties: &properties };
            self.tell_journeys(key, event, self.done_at(item.received_at))?;
        }
        Ok(())
    }

    /// Finds or makes the profile that an item is about, and joins those that it shows to be one.
    pub fn resolve(
        &mut self,
        workspace: WorkspaceId,
        item: &Item,
        mut identifiers: Vec<Identifier>,
        refused: &[IdentifierError],
    ) -> Result<Option<ProfileKey>, EngineError> {
        for error in refused {
            let sample = format!("{} messageId={}", item.name, item.message_id);
            self.reject(workspace, item.received_at, error.code(), error.to_string(), sample);
        }
        if item.kind == ItemKind::Alias {
            identifiers.retain(|identifier| identifier.kind == IdentifierKind::UserId);
        }
        if identifiers.is_empty() {
            return Ok(None);
        }
        let at = item.received_at;
        let mut incoming = Profile::new(ProfileNo(i64::MAX), Id::from_u128(0), at);
        for identifier in identifiers.iter().filter(|identifier| identifier.kind.is_strong()) {
            incoming.add_identifier(KnownIdentifier { identifier: identifier.clone(), at: at.into() });
        }
        let mut target: Option<ProfileKey> = None;
        for identifier in &identifiers {
            let Some(owner) = self.owner(workspace, identifier)? else { continue };
            let link = Link::Identifier(identifier);
            match target {
                Some(key) if key == owner => {}
                Some(key) => {
                    if let Some(joined) = self.join(key, owner, link, at)? {
                        target = Some(joined);
                    }
                }
                None => {
                    let verdict = match self.people.get(&owner) {
                        Some(person) => may_join(&person.profile, &incoming, link),
                        None => Ok(()),
                    };
                    match verdict {
                        Ok(()) => target = Some(owner),
                        Err(apart) => {
                            // The message is not the owner's: it goes on to the next identifier, or a new profile.
                            self.log_merge(
                                owner,
                                incoming.clone(),
                                None,
                                false,
                                apart.code(),
                                identifier.key(),
                                at,
                            )?;
                        }
                    }
                }
            }
        }
        let key = match target {
            Some(key) => key,
            None => {
                let key = self.new_person(workspace, at);
                self.note_sides(key)?;
                self.set_dates(key, Some("created_at"))?;
                key
            }
        };
        for identifier in identifiers {
            self.give_identifier(key, identifier, at)?;
        }
        let mut key = key;
        if item.kind == ItemKind::Alias {
            let sources = alias_sources(item);
            let mut found = false;
            for source in &sources {
                if let Some(owner) = self.owner(workspace, source)? {
                    found = true;
                    if owner != key
                        && let Some(joined) = self.join(key, owner, Link::Alias, at)?
                    {
                        key = joined;
                    }
                }
            }
            // Nobody has used the previous id yet: messages still under way with it are this person's.
            if let (false, Some(device)) = (found, sources.into_iter().next_back()) {
                self.give_identifier(key, device, at)?;
            }
        }
        Ok(Some(key))
    }

    pub fn owner(
        &mut self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<ProfileKey>, EngineError> {
        let key = (workspace, identifier.clone());
        if !self.owners.contains_key(&key) {
            let store = self.store;
            let found = store.read(|tx| tx.find_identifiers(&[(workspace, identifier)]))?;
            self.owners.insert(key.clone(), found.into_iter().next().flatten());
        }
        match self.owners.get(&key).copied().flatten() {
            Some(no) => self.current((workspace, no)),
            None => Ok(None),
        }
    }

    /// Adds an identifier that nobody holds yet.
    pub(crate) fn give_identifier(
        &mut self,
        key: ProfileKey,
        identifier: Identifier,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        if self.owner(key.0, &identifier)?.is_some() {
            return Ok(());
        }
        let Some(person) = self.people.get_mut(&key) else { return Ok(()) };
        if person.profile.identifiers_of(&identifier.kind).count() >= identifier.kind.limit() {
            let detail = format!("the profile holds as many {} as it may", identifier.kind);
            self.reject(key.0, at, "identifiers_too_many", detail, String::new());
            return Ok(());
        }
        person.profile.add_identifier(KnownIdentifier { identifier: identifier.clone(), at: at.into() });
        person.new_identifiers.push(identifier.clone());
        person.dirty = true;
        person.search_dirty = true;
        self.profile_changed(key);
        self.recall_erasure(key, &identifier)?;
        self.owners.insert((key.0, identifier), Some(key.1));
        Ok(())
    }

    /// Joins two profiles if they may be joined. Returns the one that stays.
    fn join(
        &mut self,
        a: ProfileKey,
        b: ProfileKey,
        link: Link<'_>,
        at: Timestamp,
    ) -> Result<Option<ProfileKey>, EngineError> {
        let (Some(first), Some(second)) = (self.people.get(&a), self.people.get(&b)) else { return Ok(None) };
        let told = match link {
            Link::Identifier(identifier) => identifier.key(),
            Link::Alias => "alias".to_owned(),
            Link::Staff => "staff".to_owned(),
        };
        if let Err(apart) = may_join(&first.profile, &second.profile, link) {
            let other = second.profile.clone();
            self.log_merge(a, other, None, false, apart.code(), told, at)?;
            return Ok(None);
        }
        let (kept, gone) = if survivor_is_first(&first.profile, &second.profile) { (a, b) } else { (b, a) };
        self.hand_over(gone, kept)?;
        let Some(absorbed) = self.people.get_mut(&gone) else { return Ok(None) };
        let other = absorbed.profile.clone();
        let version = absorbed.version;
        absorbed.dirty = false;
        absorbed.search_dirty = false;
        for known in &other.identifiers {
            self.owners.insert((kept.0, known.identifier.clone()), Some(kept.1));
        }
        let totals = self.totals(kept)?;
        let Some(person) = self.people.get_mut(&kept) else { return Ok(None) };
        person.profile.absorb(other.clone());
        person.profile.totals = totals;
        person.dirty = true;
        person.search_dirty = true;
        if person.profile.lead.is_some() {
            self.lead_rows.insert(kept);
        }
        let carts: Vec<(String, Timestamp)> = person
            .profile
            .carts
            .iter()
            .filter(|cart| !cart.lines.is_empty() && cart.abandoned_at.is_none())
            .map(|cart| (cart.cart_id.clone(), cart.updated_at.0))
            .collect();
        self.log_merge(kept, other, version, true, "joined", told, at)?;
        // The absorbed profile's timers went with it.
        let after_ms = self.shop(kept.0)?.workspace.settings.cart_looked_at_after_ms();
        for (cart_id, touched_at) in carts {
            self.set_timer(kept, timer_kind::CART, &cart_id, Some(touched_at.plus_ms(after_ms)));
        }
        self.set_dates(kept, None)?;
        self.one_run_a_journey(kept, at)?;
        Ok(Some(kept))
    }

    fn take_traits(&mut self, key: ProfileKey, item: &Item) -> Result<(), EngineError> {
        for (name, value) in &item.traits {
            if name == "consents" {
                continue;
            }
            let mut value = value.clone();
            if let Value::String(told) = &value {
                value = Value::String(text::nfc(told));
            }
            self.set_attribute(key, name, value, item.at, "identify")?;
        }
        Ok(())
    }

    pub fn set_attribute(
        &mut self,
        key: ProfileKey,
        name: &str,
        value: Value,
        at: Timestamp,
        source: &str,
    ) -> Result<(), EngineError> {
        let Some(person) = self.people.get_mut(&key) else { return Ok(()) };
        match person.profile.set_attribute(name, value, at) {
            Ok(None) => {}
            Ok(Some(change)) => {
                person.dirty = true;
                person.search_dirty |= NAME_TRAITS.contains(&name);
                self.log_change(key, change, source);
                self.profile_changed(key);
                if matches!(name, "timezone" | "time_zone") {
                    // Days of events are days of this zone.
                    let quiet = self.quiet;
                    self.touch(key, quiet, |touch| touch.all = true);
                }
                self.set_dates(key, Some(name))?;
            }
            Err(refused) => {
                let detail = format!("{name:.100} was not taken");
                self.reject(key.0, at, refused.code(), detail, source.to_owned());
            }
        }
        Ok(())
    }

    pub fn set_tag(&mut self, key: ProfileKey, tag: &str, on: bool, at: Timestamp) {
        if let Some(person) = self.people.get_mut(&key)
            && person.profile.set_tag(tag, on, at)
        {
            person.dirty = true;
            self.profile_changed(key);
        }
    }

    pub fn set_list(&mut self, key: ProfileKey, list: &str, on: bool, at: Timestamp) {
        if let Some(person) = self.people.get_mut(&key)
            && person.profile.set_list(list, on, at)
        {
            person.dirty = true;
            self.profile_changed(key);
        }
    }

    pub fn take_consent(&mut self, key: ProfileKey, record: ConsentRecord) -> Result<(), EngineError> {
        if let Some(person) = self.people.get_mut(&key) {
            person.dirty = true;
            if person.profile.consents.apply(&record) | person.profile.wishes.apply(&record) {
                self.profile_changed(key);
            }
        }
        let is_asked = record.state == ConsentState::Pending && record.aspect.is_whole() && !self.quiet;
        let asked = is_asked.then(|| record.clone());
        self.log_consent(key, record);
        match asked {
            Some(record) if self.awaits_answer(key, &record) => self.ask_to_confirm(key, &record),
            _ => Ok(()),
        }
    }

    pub fn take_commerce(
        &mut self,
        key: ProfileKey,
        item: &Item,
        told: CommerceEvent,
    ) -> Result<(), EngineError> {
        for problem in &told.problems {
            let sample = format!("{} messageId={}", item.name, item.message_id);
            self.reject(key.0, item.received_at, problem, format!("in {}", item.name), sample);
        }
        let shop = self.shop(key.0)?;
        let currency = shop.workspace.settings.currency.clone();
        let after_ms = shop.workspace.settings.cart_looked_at_after_ms();
        for product in &told.products {
            self.take_product(key.0, product.clone())?;
        }
        self.seen_products.note(key, &item.name, &told, item.at);
        if let Some(patch) = &told.order {
            let order_key = (key.0, patch.source.clone(), patch.order_id.clone());
            let (owner, order, changed) = match self.order(order_key.clone())? {
                // An order stays with whom it was first told of, however its later messages are addressed.
                Some((owner, mut order)) => {
                    let changed = order.apply(patch);
                    (owner, order, changed)
                }
                None => (key.1, Order::new(patch, &currency), true),
            };
            if changed {
                let summary = order.summary();
                self.put_order(order_key, owner, order);
                if let Some(owner) = self.current((key.0, owner))? {
                    let summaries = self.summaries(owner)?;
                    match summaries
                        .iter_mut()
                        .find(|held| held.source == summary.source && held.order_id == summary.order_id)
                    {
                        Some(held) => *held = summary,
                        None => summaries.push(summary),
                    }
                    let totals = self.totals(owner)?;
                    if let Some(person) = self.people.get_mut(&owner) {
                        person.profile.totals = totals;
                        person.dirty = true;
                    }
                    self.profile_changed(owner);
                    self.lead_ordered(owner)?;
                    self.set_dates(owner, Some("orders"))?;
                }
            }
        }
        let Some(person) = self.people.get_mut(&key) else { return Ok(()) };
        let before: Vec<String> = person.profile.carts.iter().map(|cart| cart.cart_id.clone()).collect();
        if told.apply_to_cart(&mut person.profile, &currency, item.at) {
            person.dirty = true;
            let carts: Vec<(String, Option<Timestamp>)> = person
                .profile
                .carts
                .iter()
                .map(|cart| {
                    let waits = !cart.lines.is_empty() && cart.abandoned_at.is_none();
                    (cart.cart_id.clone(), waits.then(|| cart.updated_at.0.plus_ms(after_ms)))
                })
                .collect();
            self.profile_changed(key);
            for gone in before.iter().filter(|id| !carts.iter().any(|(cart_id, _)| cart_id == *id)) {
                self.set_timer(key, timer_kind::CART, gone, None);
            }
            for (cart_id, due_at) in carts {
                // History tells of carts that nobody waits for any more.
                self.set_timer(key, timer_kind::CART, &cart_id, due_at.filter(|_| !item.historical));
            }
        }
        Ok(())
    }

    pub fn timer_is_due(&mut self, timer: TimerRow, at: Timestamp) -> Result<(), EngineError> {
        if !self.timer_is_current(&timer) {
            return Ok(());
        }
        if timer.kind == timer_kind::OCCASION {
            let (workspace, subject, due_at) = (timer.workspace, timer.subject.clone(), timer.due_at);
            self.finish_timer(timer);
            return self.occasion_has_come(workspace, &subject, due_at, at);
        }
        if timer.kind == crate::campaigns::TIMER {
            let (workspace, subject) = (timer.workspace, timer.subject.clone());
            self.finish_timer(timer);
            return self.campaign_is_due(workspace, &subject);
        }
        if timer.kind == timer_kind::RECEIPT {
            let (workspace, subject) = (timer.workspace, timer.subject.clone());
            self.finish_timer(timer);
            return self.receipt_is_due(workspace, &subject);
        }
        if timer.kind == timer_kind::ERASE {
            let (workspace, no) = (timer.workspace, timer.profile);
            self.finish_timer(timer);
            return self.erase_on(workspace, no, at);
        }
        let key = self.current((timer.workspace, timer.profile))?;
        let (kind, subject) = (timer.kind.clone(), timer.subject.clone());
        self.finish_timer(timer);
        let Some(key) = key else { return Ok(()) };
        match kind.as_str() {
            timer_kind::CART => self.cart_is_left(key, &subject, at),
            timer_kind::DATE => self.date_has_come(key, &subject, at),
            timer_kind::RESUME => self.run_resumes(key, &subject, at),
            timer_kind::SEGMENT => {
                self.segments_are_due(key);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn cart_is_left(&mut self, key: ProfileKey, cart_id: &str, at: Timestamp) -> Result<(), EngineError> {
        let after_ms = self.cart_rests_for_ms(key, cart_id)?;
        let Some(person) = self.people.get_mut(&key) else { return Ok(()) };
        let profile_id = person.profile.id;
        let Some(cart) = person.profile.carts.iter_mut().find(|cart| cart.cart_id == cart_id) else {
            return Ok(());
        };
        if cart.lines.is_empty() || cart.abandoned_at.is_some() {
            return Ok(());
        }
        let left_at = cart.updated_at.0.plus_ms(after_ms);
        if left_at > at {
            self.set_timer(key, timer_kind::CART, cart_id, Some(left_at));
            return Ok(());
        }
        cart.abandoned_at = Some(Ms(at));
        person.dirty = true;
        let message_id = format!("cart-{profile_id}-{}", cart.updated_at.0.ms());
        let currency = cart.currency.parse().unwrap_or(kit::Currency::VND);
        let money = |minor: i64| kit::Money { minor, currency }.to_f64();
        let mut products = Vec::with_capacity(cart.lines.len());
        for line in &cart.lines {
            let mut product = serde_json::to_value(line).unwrap_or_default();
            product["price"] = json!(money(line.price));
            products.push(product);
        }
        let properties = json!({
            "cart_id": cart.cart_id,
            "currency": cart.currency,
            "value": money(cart.total()),
            "cart_url": cart.url,
            "products": products,
        });
        self.profile_changed(key);
        self.happen(key, "Cart Abandoned", &message_id, properties, at)
    }

    /// How long a cart rests until it counts as left: what the shop set, or what was learned for carts like it.
    fn cart_rests_for_ms(&self, key: ProfileKey, cart_id: &str) -> Result<i64, EngineError> {
        let shop = self.shop(key.0)?;
        let settings = &shop.workspace.settings;
        let cart = self.people.get(&key).and_then(|person| {
            let cart = person.profile.carts.iter().find(|cart| cart.cart_id == cart_id)?;
            person.profile.may_be_profiled().then_some((&person.profile, cart))
        });
        let minutes = match (cart, &shop.insight.carts) {
            (Some((profile, cart)), Some(model)) if settings.cart_abandoned_learned => {
                best_delay_minutes(Some(model), profile, cart, &self.zone(key)?)
            }
            _ => i64::from(settings.cart_abandoned_after_minutes),
        };
        Ok(minutes * MINUTE_MS)
    }

    /// Something that Quaylai itself noticed: an event in the person's history like any other.
    pub fn happen(
        &mut self,
        key: ProfileKey,
        name: &str,
        message_id: &str,
        properties: Value,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let message_key = MessageKey::of(message_id);
        let store = self.store;
        // Unlike those of clients, these ids were not looked up with the batch.
        let told_before = store.read(|tx| tx.seen_messages(&[(key.0, message_key, at)]))?.contains(&true);
        if told_before || self.is_repeated(key.0, message_id) {
            return Ok(());
        }
        let amount = properties.as_object().and_then(|told| domain::event::amount_of(name, told));
        let body = json!({ "type": "track", "properties": properties }).to_string();
        let draft = EventDraft { name, at, received_at: at, historical: false, message_id, body, amount };
        self.add_event(key, draft);
        self.tell_journeys(key, EventView { id: message_id, name, at, properties: &properties }, at)
    }

    pub fn take_note(
        &mut self,
        workspace: WorkspaceId,
        note: Note,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        match note {
            Note::Response { message_no, response, at, machine, url } => {
                self.take_response(workspace, message_no, response, at.0, machine, url)
            }
            Note::Consent { profile_id, records } => {
                if let Some(key) = self.by_id(workspace, &profile_id)? {
                    for record in records {
                        if record.state == ConsentState::Denied && record.aspect.is_whole() {
                            self.refuse_from_now(key, record)?;
                        } else {
                            self.take_consent(key, record)?;
                        }
                    }
                }
                Ok(())
            }
            Note::Change {
                profile_id,
                at,
                attributes,
                tags_added,
                tags_removed,
                lists_added,
                lists_removed,
                source,
            } => {
                if let Some(key) = self.by_id(workspace, &profile_id)? {
                    for (name, value) in attributes {
                        self.set_attribute(key, &name, value, at.0, &source)?;
                    }
                    for tag in tags_added {
                        self.set_tag(key, &tag, true, at.0);
                    }
                    for tag in tags_removed {
                        self.set_tag(key, &tag, false, at.0);
                    }
                    for list in lists_added {
                        self.set_list(key, &list, true, at.0);
                    }
                    for list in lists_removed {
                        self.set_list(key, &list, false, at.0);
                    }
                }
                Ok(())
            }
            Note::Merge { profile_id, other_id, at } => {
                let pair = (self.by_id(workspace, &profile_id)?, self.by_id(workspace, &other_id)?);
                if let (Some(a), Some(b)) = pair
                    && a != b
                {
                    self.join(a, b, Link::Staff, at.0)?;
                }
                Ok(())
            }
            Note::Trigger { journey_id, profile_id, call_id, properties, at } => {
                match self.by_id(workspace, &profile_id)? {
                    Some(key) => self.trigger(key, &journey_id, &call_id, &properties, at.0),
                    None => Ok(()),
                }
            }
            Note::Send {
                profile_id,
                template_id,
                channel,
                purpose,
                origin,
                address,
                key,
                properties,
                ways,
                at,
            } => {
                let Some(person) = self.by_id(workspace, &profile_id)? else { return Ok(()) };
                let store = self.store;
                let taken = store.read(|tx| tx.message_key_is_taken(workspace, &key))?;
                if taken || self.messages.iter().any(|m| m.workspace == workspace && m.key == key) {
                    return Ok(());
                }
                let mut message = self.new_message(person, &key, at.0);
                let first = Way { channel, template: template_id.clone() };
                message.origin = origin;
                message.template_id = Some(template_id);
                message.channel = channel.to_string();
                message.purpose = purpose.to_string();
                message.address = address;
                let mut context =
                    json!({ "event": { "name": "api", "at": at.0.ms(), "properties": properties } });
                if let Some(plan) = Plan::of(first, &ways) {
                    context["ways"] = json!(plan);
                }
                message.context = context.to_string();
                self.messages.push(message);
                Ok(())
            }
            Note::StopRun { run_id, reason, at } => self.stop_run(workspace, &run_id, &reason, at.0),
            Note::ScanDates { journey_id, after, at } => self.scan_dates(workspace, &journey_id, after, at.0),
            Note::HandOver { version, after, at } => {
                self.hand_over_waiting(workspace, version, ProfileNo(after), at.0)
            }
            Note::Occasion { journey_id, pass, occurs_at, after, at } => {
                self.take_slice(workspace, &journey_id, pass, occurs_at.0, ProfileNo(after), at.0)
            }
            Note::Receipts { channel, provider, receipts, at: told_at } => {
                self.take_receipts(workspace, channel, &provider, receipts, told_at.0.min(at))
            }
            Note::FallBack { message_no, at: told_at } => {
                self.fall_back(workspace, message_no, told_at.0.min(at))
            }
            Note::DeviceAdded { device, at: told_at } => {
                self.take_device(workspace, device, told_at.0.min(at))
            }
            Note::DeviceGone { address, withdrawn, at: told_at } => {
                self.take_device_away(workspace, &address, withdrawn, told_at.0.min(at))
            }
            Note::Onsite { message_id, what, url, at: told_at } => {
                self.take_onsite(workspace, &message_id, what, url, told_at.0.min(at))
            }
            Note::MessagesTurned { messages } => {
                let store = self.store;
                for message_no in messages {
                    if let Some(message) = store.read(|tx| tx.message_by_no(workspace, message_no))?
                        && let Some(key) = self.current((workspace, message.profile))?
                    {
                        self.touch(key, false, |touch| touch.messages = true);
                    }
                }
                Ok(())
            }
            Note::Products { products } => {
                for product in products {
                    self.take_product(workspace, product)?;
                }
                Ok(())
            }
            Note::ProductTurned { product_id, what, after, at: occasion } => {
                self.tell_interested(workspace, &product_id, what, after, occasion.0)
            }
            Note::TrimSeen { after, at } => self.trim_seen(workspace, after, at.0),
            Note::Erase { profile_id, at: told_at, orders, keep_away } => {
                self.erase(workspace, &profile_id, told_at.0.min(at), orders, keep_away)
            }
            Note::EraseOn { profile_no, at } => self.erase_on(workspace, ProfileNo(profile_no), at.0),
            Note::Restrict { profile_id, on, at } => self.restrict(workspace, &profile_id, on, at.0),
            Note::Retain { after, at } => self.retain_events(workspace, after, at.0),
            Note::Recount { profiles, event } => self.recount(workspace, profiles, &event),
            Note::ForgetVisitors { before, at } => self.forget_visitors(workspace, before, at.0),
            Note::Lead { profile_id, call_id, told, at: told_at } => {
                self.lead_told(workspace, &profile_id, &call_id, told, told_at.0.min(at))
            }
            Note::Suppress { channel, address, reason, detail, at: told_at } => {
                let row = SuppressionRow { channel, address, reason, detail, at: told_at.0.min(at) };
                self.suppress(workspace, row);
                Ok(())
            }
        }
    }

    pub(crate) fn take_response(
        &mut self,
        workspace: WorkspaceId,
        message_no: i64,
        response: Response,
        at: Timestamp,
        machine: Option<String>,
        url: Option<String>,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let Some(message) = store.read(|tx| tx.message_by_no(workspace, message_no))? else { return Ok(()) };
        self.respond(workspace, message_no, at, response, machine.as_deref(), url.as_deref());
        self.changed.insert((workspace, message.profile));
        if matches!(message.origin.as_str(), "test" | "staff") {
            // Somebody of the shop read it; the person whose profile it shows has done and said nothing.
            return Ok(());
        }
        let Some(key) = self.current((workspace, message.profile))? else { return Ok(()) };
        if machine.is_none() {
            let topic = match response {
                Response::Opened => Topic::MessageOpened,
                Response::Clicked => Topic::MessageClicked,
                Response::Unsubscribed => Topic::MessageUnsubscribed,
            };
            self.tell_hooks(key, topic, at, || crate::dispatch::message_in_brief(&message));
            self.heard.push((workspace, message.id.clone(), at, response));
            self.touch(key, false, |touch| touch.messages = true);
        }
        let channel = message.channel.parse::<Channel>().unwrap_or(Channel::Email);
        if response == Response::Unsubscribed {
            let mut record =
                ConsentRecord::new(channel, Purpose::Marketing, ConsentState::Denied, at, "unsubscribe_link");
            record.proof.evidence = Some(message.id.clone());
            self.refuse_from_now(key, record)?;
        }
        if machine.is_some() {
            // Counted beside the message; it is nothing that the person did.
            return Ok(());
        }
        let name = match response {
            Response::Opened => "Email Opened",
            Response::Clicked => "Email Link Clicked",
            Response::Unsubscribed => "Unsubscribed",
        };
        let properties = json!({
            "email_id": message.id,
            "channel": message.channel,
            "template_id": message.template_id,
            "journey_id": message.journey_id,
            "campaign_id": message.campaign_id,
            "link_url": url,
        });
        let message_id = format!("{}-{}-{}", message.id, name.to_lowercase().replace(' ', "_"), at.ms());
        self.happen(key, name, &message_id, properties, at)
    }
}

fn body_of(item: &Item) -> String {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(skip_serializing_if = "Map::is_empty")]
        properties: &'a Map<String, Value>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        traits: &'a Map<String, Value>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        context: &'a Map<String, Value>,
        #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
        user_id: Option<&'a str>,
        #[serde(rename = "anonymousId", skip_serializing_if = "Option::is_none")]
        anonymous_id: Option<&'a str>,
        #[serde(rename = "otherId", skip_serializing_if = "Option::is_none")]
        other_id: Option<&'a str>,
    }
    let body = Body {
        kind: item.kind.as_str(),
        properties: &item.properties,
        traits: &item.traits,
        context: &item.context,
        user_id: item.user_id.as_deref(),
        anonymous_id: item.anonymous_id.as_deref(),
        other_id: item.other_id.as_deref(),
    };
    serde_json::to_string(&body).unwrap_or_default()
}

/// The consents that a message carries: the events `Consent Given`, `Consent Withdrawn`, `Consent Requested` and
/// `Unsubscribed`, and the trait `consents` of an identify, a list of the same objects.
fn consents_of(item: &Item, meta: &Meta) -> Vec<ConsentRecord> {
    let read = |told: &Map<String, Value>, state: Option<ConsentState>| -> Option<ConsentRecord> {
        let word = |key: &str| told.get(key).and_then(Value::as_str);
        let state = match (state, word("state")) {
            (Some(state), _) => state,
            (None, Some(word)) => word.parse().ok()?,
            (None, None) => return None,
        };
        let channel = word("channel").unwrap_or("email").parse().ok()?;
        let purpose = word("purpose").unwrap_or("marketing").parse().ok()?;
        let source: String = word("source").unwrap_or("tracking").chars().take(200).collect();
        let mut record = ConsentRecord::new(channel, purpose, state, item.at, &source);
        if let Some(words) = word("wording") {
            record = record.worded(words);
        }
        if let Some(topic) = word("topic").filter(|topic| !topic.is_empty() && topic.len() <= 100) {
            record.aspect = Aspect::Topic(topic.to_owned());
        }
        record.ip = meta.ip.clone();
        record.user_agent = meta.user_agent.clone();
        record.proof.evidence = Some(item.message_id.chars().take(200).collect());
        Some(record)
    };
    let state = match (item.kind, item.name.as_str()) {
        (ItemKind::Track, "Consent Given" | "Subscribed") => Some(ConsentState::Granted),
        (ItemKind::Track, "Consent Withdrawn" | "Unsubscribed") => Some(ConsentState::Denied),
        (ItemKind::Track, "Consent Requested") => Some(ConsentState::Pending),
        (ItemKind::Identify, _) => {
            let list = item.traits.get("consents").and_then(Value::as_array);
            let objects = list.into_iter().flatten().filter_map(Value::as_object).take(50);
            return objects.filter_map(|told| read(told, None)).collect();
        }
        _ => return Vec::new(),
    };
    read(&item.properties, state).into_iter().collect()
}
