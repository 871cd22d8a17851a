//! What a condition may ask of a person's past: plain values that the caller loads, as far as [`Wants`] says.

use super::{Operand, PropertyFilter, Test};
use crate::commerce::Order;
use crate::habits;
use kit::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known of one person's past. A part that was not wanted may be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// By name, oldest first.
    pub events: BTreeMap<String, Vec<PastEvent>>,
    /// All orders, in the order of their placing.
    pub orders: Vec<Order>,
    /// In the order of their deciding.
    pub messages: Vec<PastMessage>,
    pub runs: Vec<PastRun>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PastEvent {
    /// The store's number: events of one instant keep the order of their arrival.
    pub no: i64,
    /// When it happened.
    pub at: Timestamp,
    /// `Null` where nobody wanted them.
    pub properties: Value,
}

/// A message of the ledger and what became of it; instants are the first of their kind.
#[derive(Clone, Debug, PartialEq)]
pub struct PastMessage {
    pub id: String,
    pub channel: String,
    pub purpose: String,
    pub template_id: Option<String>,
    pub journey_id: Option<String>,
    pub campaign_id: Option<String>,
    /// As in the ledger: queued, sending, accepted, refused, failed, unknown, cancelled.
    pub state: String,
    pub decided_at: Timestamp,
    /// When the channel took it.
    pub accepted_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub opened_at: Option<Timestamp>,
    pub clicked_at: Option<Timestamp>,
    pub unsubscribed_at: Option<Timestamp>,
}

/// A run of a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRun {
    pub journey_id: String,
    /// As in the store: active, completed, goal_reached, exited, failed.
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What a condition reads, so that its caller loads no more and knows what may turn its verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// Attributes, tags, lists, consents, identifiers, totals or the cart.
    pub profile: bool,
    /// By name.
    pub events: BTreeMap<String, EventWant>,
    pub orders: bool,
    pub messages: bool,
    pub runs: bool,
    /// What was learned of the shop: its fitted models.
    pub learned: bool,
    /// The score of a lead, and all that the shop's rules make it of: see [`Wants::with_rules`].
    pub lead: bool,
    /// The verdict may turn by time alone.
    pub time: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventWant {
    pub properties: bool,
    /// Only events of so many milliseconds before now can count; `None`: all.
    pub reach_ms: Option<i64>,
}

impl Wants {
    pub fn merge(&mut self, other: &Wants) {
        self.profile |= other.profile;
        self.orders |= other.orders;
        self.messages |= other.messages;
        self.runs |= other.runs;
        self.learned |= other.learned;
        self.lead |= other.lead;
        self.time |= other.time;
        for (name, want) in &other.events {
            self.event(name, *want);
        }
    }

    /// Adds an event by its name; two wants of one name become the wider one.
    pub fn event(&mut self, name: &str, want: EventWant) {
        let slot = self.events.entry(name.to_owned()).or_insert(want);
        slot.properties |= want.properties;
        slot.reach_ms = match (slot.reach_ms, want.reach_ms) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
    }

    /// What the value at a path of the profile is made of.
    pub fn of_path(path: &str) -> Wants {
        let mut wants = Wants::default();
        wants.path(path);
        wants
    }

    /// What the value at a path of the profile is made of, and whether it turns by time alone.
    pub(super) fn path(&mut self, path: &str) {
        self.profile = true;
        match path.split('.').next() {
            Some("lifecycle") => self.time = true,
            Some("predicted" | "rfm") => (self.learned, self.time) = (true, true),
            Some("lead") if path == "lead.probability" => {
                (self.learned, self.time) = (true, true);
                let want = EventWant { properties: false, reach_ms: Some(crate::lead::SIGNALS_REACH_MS) };
                crate::lead::SIGNALS.iter().for_each(|(name, _)| self.event(name, want));
            }
            Some("lead") if matches!(path, "lead.score" | "lead.grade") => {
                (self.lead, self.time) = (true, true);
            }
            Some("cart") => {
                self.learned |= matches!(path, "cart.buys_alone" | "cart.best_delay_minutes");
                self.time |= path == "cart.buys_alone";
            }
            Some(_) if habits::is_habit(path) => habits::add_wants(path, self),
            _ => {}
        }
    }

    /// Adds what the score is made of by the shop's rules, where the score is wanted.
    pub fn with_rules(&mut self, rules: Option<&Wants>) {
        if let (true, Some(rules)) = (self.lead, rules) {
            self.merge(rules);
        }
    }

    /// What an operand refers to.
    pub(super) fn test(&mut self, test: &Test) {
        if let Some(Operand::From(reference)) = &test.operand
            && let Some(path) = reference.strip_prefix("profile.")
        {
            self.path(path);
        }
        self.time |= test.op.is_relative();
    }

    /// What the filters on a thing of the past refer to; they are judged as of its own instant.
    pub(super) fn references(&mut self, filters: &[PropertyFilter]) {
        let is_of_profile = |filter: &PropertyFilter| matches!(&filter.test.operand, Some(Operand::From(from)) if from.starts_with("profile."));
        self.profile |= filters.iter().any(is_of_profile);
    }

    pub fn reads_past(&self) -> bool {
        !self.events.is_empty() || self.orders || self.messages || self.runs
    }
}

/// The past of somebody of whom nothing is known.
pub static NO_PAST: Past =
    Past { events: BTreeMap::new(), orders: Vec::new(), messages: Vec::new(), runs: Vec::new() };
