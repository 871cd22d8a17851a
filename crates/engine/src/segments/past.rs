//! Loads what conditions want of a person's past: what the store has, and what this batch adds to it.

use crate::EngineError;
use crate::world::{ProfileKey, World, timer_kind};
use domain::commerce::Order;
use domain::condition::{EventWant, Past, PastEvent, PastMessage, PastRun, Wants};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::sync::Arc;
use store::{ReadTx, StoreError};

/// Events and orders of one person, kept up to date while the batch is folded.
pub struct Loaded {
    wants: Wants,
    /// The instant that relative reaches were counted from.
    at: Timestamp,
    past: Arc<Past>,
}

impl Loaded {
    fn covers(&self, wants: &Wants) -> bool {
        let named = |(name, want): (&String, &EventWant)| {
            self.wants.events.get(name).is_some_and(|held| {
                let reaches = match (held.reach_ms, want.reach_ms) {
                    (None, _) => true,
                    (Some(held), Some(want)) => held >= want,
                    (Some(_), None) => false,
                };
                reaches && (held.properties || !want.properties)
            })
        };
        wants.events.iter().all(named) && (self.wants.orders || !wants.orders)
    }
}

/// The properties of a stored event as conditions see them: those of an identify are its traits.
pub fn properties_of(body: &str) -> Value {
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    match body.get_mut("properties") {
        Some(properties) => properties.take(),
        None => body.get_mut("traits").map_or(Value::Null, Value::take),
    }
}

/// Since when events have to be loaded so that every want is met.
pub fn since(wants: &Wants, at: Timestamp) -> Timestamp {
    let reaches = wants.events.values().map(|want| want.reach_ms);
    reaches.map(|reach| reach.map_or(Timestamp::MIN, |ms| at.plus_ms(-ms))).min().unwrap_or(at)
}

impl World<'_> {
    /// What is known of a person's past now, in the middle of the batch, as far as `wants` says.
    pub fn past(&mut self, key: ProfileKey, wants: &Wants) -> Result<Arc<Past>, EngineError> {
        if !wants.reads_past() {
            return Ok(Arc::new(Past::default()));
        }
        if (!wants.events.is_empty() || wants.orders)
            && !self.pasts.get(&key).is_some_and(|loaded| loaded.covers(wants))
        {
            let mut wider = wants.clone();
            let mut at = self.at;
            if let Some(loaded) = self.pasts.remove(&key) {
                wider.merge(&loaded.wants);
                at = at.min(loaded.at);
            }
            let past = Arc::new(self.load_past(key, &wider, at)?);
            self.pasts.insert(key, Loaded { wants: wider, at, past });
        }
        let mut past = match self.pasts.get(&key) {
            Some(loaded) => Arc::clone(&loaded.past),
            None => Arc::new(Past::default()),
        };
        if wants.messages {
            Arc::make_mut(&mut past).messages = self.past_messages(key)?;
        }
        if wants.runs {
            Arc::make_mut(&mut past).runs = self.past_runs(key)?;
        }
        Ok(past)
    }

    fn load_past(&mut self, key: ProfileKey, wants: &Wants, at: Timestamp) -> Result<Past, EngineError> {
        let store = self.store;
        let stored = self.stored_as(key);
        let mut past = Past::default();
        if !stored.is_empty() {
            let of: Vec<(ProfileKey, &Wants)> = stored.iter().map(|key| (*key, wants)).collect();
            for part in store.read(|tx| self.stored_pasts(tx, &of, since(wants, at)))? {
                past.orders.extend(part.orders);
                for (name, events) in part.events {
                    past.events.entry(name).or_default().extend(events);
                }
            }
        }
        for at in self.batch_events.get(&key).into_iter().flatten() {
            let event = &self.events[*at];
            let named =
                wants.events.iter().find(|(name, _)| self.known_name_no(key.0, name) == Some(event.name_no));
            if let Some((name, want)) = named {
                let properties = if want.properties { properties_of(&event.body) } else { Value::Null };
                let event = PastEvent { no: event.event_no, at: event.at, properties };
                past.events.entry(name.clone()).or_default().push(event);
            }
        }
        past.events.values_mut().for_each(|events| events.sort_by_key(|event| (event.at, event.no)));
        if wants.orders {
            for order in self.batch_orders(key) {
                put_order(&mut past.orders, order);
            }
            sort_orders(&mut past.orders);
        }
        Ok(past)
    }

    /// Events and orders of stored profiles, in few queries for all of them; each as far as its wants say.
    fn stored_pasts(
        &self,
        tx: &mut ReadTx<'_>,
        of: &[(ProfileKey, &Wants)],
        since: Timestamp,
    ) -> Result<Vec<Past>, StoreError> {
        let mut pasts: Vec<Past> = of.iter().map(|_| Past::default()).collect();
        let mut plain: Vec<(usize, ProfileKey)> = Vec::new();
        let mut whole: Vec<(usize, &str, (WorkspaceId, ProfileNo, i64))> = Vec::new();
        let mut orders: Vec<(usize, ProfileKey)> = Vec::new();
        for (at, (key, wants)) in of.iter().enumerate() {
            if wants.events.values().any(|want| !want.properties) {
                plain.push((at, *key));
            }
            for (name, _) in wants.events.iter().filter(|(_, want)| want.properties) {
                if let Some(name_no) = self.known_name_no(key.0, name) {
                    whole.push((at, name, (key.0, key.1, name_no)));
                }
            }
            if wants.orders {
                orders.push((at, *key));
            }
        }
        if !plain.is_empty() {
            let keys: Vec<ProfileKey> = plain.iter().map(|(_, key)| *key).collect();
            for ((at, key), marks) in plain.iter().zip(tx.past_events(&keys, since)?) {
                let wanted = of[*at].1.events.iter().filter(|(_, want)| !want.properties);
                let named: Vec<(i64, &String)> =
                    wanted.filter_map(|(name, _)| Some((self.known_name_no(key.0, name)?, name))).collect();
                for mark in marks {
                    if let Some((_, name)) = named.iter().find(|(no, _)| *no == mark.name_no) {
                        let event = PastEvent { no: mark.event_no, at: mark.at, properties: Value::Null };
                        pasts[*at].events.entry((*name).clone()).or_default().push(event);
                    }
                }
            }
        }
        if !whole.is_empty() {
            let keys: Vec<_> = whole.iter().map(|(_, _, key)| *key).collect();
            for ((at, name, _), bodies) in whole.iter().zip(tx.past_event_bodies_of(&keys, since)?) {
                let events = bodies.into_iter().map(|event| PastEvent {
                    no: event.event_no,
                    at: event.at,
                    properties: properties_of(&event.body),
                });
                pasts[*at].events.entry((*name).to_owned()).or_default().extend(events);
            }
        }
        if !orders.is_empty() {
            let keys: Vec<ProfileKey> = orders.iter().map(|(_, key)| *key).collect();
            for ((at, _), found) in orders.iter().zip(tx.past_orders_of(&keys)?) {
                pasts[*at].orders = found;
            }
        }
        Ok(pasts)
    }

    /// Loads at once what the leaves will want of the past of people whom this batch touches.
    pub fn preload_pasts(
        &mut self,
        tx: &mut ReadTx<'_>,
        asked: FxHashMap<ProfileKey, Wants>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut asked: Vec<(ProfileKey, Wants)> = asked.into_iter().collect();
        asked.sort_unstable_by_key(|(key, _)| *key);
        let Some(since) = asked.iter().map(|(_, wants)| since(wants, at)).min() else { return Ok(()) };
        let of: Vec<(ProfileKey, &Wants)> = asked.iter().map(|(key, wants)| (*key, wants)).collect();
        let timed: Vec<ProfileKey> =
            asked.iter().filter(|(_, wants)| wants.time).map(|(key, _)| *key).collect();
        let timers = tx.timers_of(timer_kind::SEGMENT, "", &timed)?;
        self.turning.know_timers(timed.into_iter().zip(timers));
        let pasts = self.stored_pasts(tx, &of, since)?;
        for ((key, wants), past) in asked.into_iter().zip(pasts) {
            self.pasts.insert(key, Loaded { wants, at, past: Arc::new(past) });
        }
        Ok(())
    }

    /// Keeps a loaded past up to date with an event of this batch.
    pub fn past_event(&mut self, key: ProfileKey, name: &str, no: i64, at: Timestamp, body: &str) {
        let Some(loaded) = self.pasts.get_mut(&key) else { return };
        let Some(want) = loaded.wants.events.get(name) else { return };
        let properties = if want.properties { properties_of(body) } else { Value::Null };
        let events = Arc::make_mut(&mut loaded.past).events.entry(name.to_owned()).or_default();
        let place = events.partition_point(|event| (event.at, event.no) <= (at, no));
        events.insert(place, PastEvent { no, at, properties });
    }

    /// Keeps a loaded past up to date with an order of this batch.
    pub fn past_order(&mut self, key: ProfileKey, order: &Order) {
        if let Some(loaded) = self.pasts.get_mut(&key)
            && loaded.wants.orders
        {
            let orders = &mut Arc::make_mut(&mut loaded.past).orders;
            put_order(orders, order.clone());
            sort_orders(orders);
        }
    }

    fn past_messages(&mut self, key: ProfileKey) -> Result<Vec<PastMessage>, EngineError> {
        let store = self.store;
        let mut messages = Vec::new();
        for (workspace, profile) in self.stored_as(key) {
            messages.extend(store.read(|tx| tx.past_messages(workspace, profile))?);
        }
        let own = |message: &&store::messages::MessageRow| {
            message.workspace == key.0
                && message.profile == key.1
                && !matches!(message.origin.as_str(), "test" | "staff")
        };
        messages.extend(self.messages.iter().filter(own).map(|message| PastMessage {
            id: message.id.clone(),
            channel: message.channel.clone(),
            purpose: message.purpose.clone(),
            template_id: message.template_id.clone(),
            journey_id: message.journey_id.clone(),
            campaign_id: message.campaign_id.clone(),
            state: message.state.clone(),
            decided_at: message.decided_at,
            accepted_at: None,
            delivered_at: None,
            opened_at: None,
            clicked_at: None,
            unsubscribed_at: None,
        }));
        // What this batch learned of messages that are stored.
        for (workspace, id, at, response) in &self.heard {
            let message = messages.iter_mut().find(|message| *workspace == key.0 && message.id == *id);
            if let Some(message) = message {
                use crate::note::Response;
                let slot = match response {
                    Response::Opened => &mut message.opened_at,
                    Response::Clicked => &mut message.clicked_at,
                    Response::Unsubscribed => &mut message.unsubscribed_at,
                };
                slot.get_or_insert(*at);
            }
        }
        Ok(messages)
    }

    fn past_runs(&mut self, key: ProfileKey) -> Result<Vec<PastRun>, EngineError> {
        let store = self.store;
        let mut stored = Vec::new();
        for (workspace, profile) in self.stored_as(key) {
            stored.extend(store.read(|tx| tx.past_runs(workspace, profile))?);
        }
        let here = self.runs.get(&key).map_or(&[][..], Vec::as_slice);
        let mut runs: Vec<PastRun> = stored
            .into_iter()
            .filter(|mark| !here.iter().any(|entry| entry.run.id.to_string() == mark.run_id))
            .map(|mark| PastRun {
                journey_id: mark.journey_id,
                state: mark.state,
                started_at: mark.started_at,
                ended_at: mark.ended_at,
            })
            .collect();
        runs.extend(here.iter().map(|entry| PastRun {
            journey_id: entry.run.journey_id.to_string(),
            state: entry.run.state.as_str().to_owned(),
            started_at: entry.run.started_at,
            ended_at: entry.run.ended_at,
        }));
        runs.sort_by(|a, b| (a.started_at, &a.journey_id).cmp(&(b.started_at, &b.journey_id)));
        Ok(runs)
    }
}

fn put_order(orders: &mut Vec<Order>, order: Order) {
    match orders.iter_mut().find(|held| held.source == order.source && held.order_id == order.order_id) {
        Some(held) => *held = order,
        None => orders.push(order),
    }
}

fn sort_orders(orders: &mut [Order]) {
    orders.sort_by(|a, b| (a.placed_at, &a.source, &a.order_id).cmp(&(b.placed_at, &b.source, &b.order_id)));
}
