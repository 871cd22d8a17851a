//! One profile's way through a journey, as it is stored.

use super::wire;
use crate::condition::{EventView, Sightings};
use crate::consent::{Channel, Purpose};
use crate::profile::id_text;
use crate::ways::Ways;
use kit::{Id, ProfileNo, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Largest event that a run keeps whole, as JSON of its properties, in bytes.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;
/// Longest text that is kept of a property when an event is too large to be kept whole, in characters.
const TRIMMED_CHARS_MAX: usize = 500;
/// Most properties kept of such an event.
const TRIMMED_PROPERTIES_MAX: usize = 50;

/// A run is one JSON document. It belongs to one version of its journey for as long as it lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    #[serde(with = "id_text")]
    pub id: Id,
    #[serde(with = "id_text")]
    pub journey_id: Id,
    /// The version of the definition that started it; every later step must be given the same.
    pub version: u32,
    #[serde(with = "wire::profile_no")]
    pub profile: ProfileNo,
    #[serde(with = "wire::timestamp")]
    pub started_at: Timestamp,
    /// Events that happened before this are not the run's: when its triggering event happened, else when it
    /// started.
    #[serde(with = "wire::timestamp")]
    pub since: Timestamp,
    /// What started it, for conditions and templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<KeptEvent>,
    /// What ended its last `wait_for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<KeptEvent>,
    /// The node where it is or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Nodes entered so far.
    pub visits: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// The variant of each experiment that it met, by the experiment's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, String>,
    /// How many runs of journeys led to this one, each by what it did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// What was counted since it began, by [`crate::condition::EventPattern::key`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, Sightings>,
    pub state: RunState,
    #[serde(default, with = "wire::timestamp_if_any", skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Run {
    /// When [`super::step`] wants to be called with [`super::Input::Due`]; `None` for a run that is over, and
    /// for no other.
    pub fn due_at(&self) -> Option<Timestamp> {
        match (&self.state, &self.waiting) {
            (RunState::Active, Some(Waiting::Until { until })) => Some(*until),
            (RunState::Active, Some(Waiting::ForEvent { until, .. })) => Some(*until),
            (RunState::Active, Some(Waiting::ForCondition { until, look_at })) => {
                Some(look_at.map_or(*until, |look_at| look_at.min(*until)))
            }
            _ => None,
        }
    }

    pub fn is_over(&self) -> bool {
        self.state != RunState::Active
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RunState {
    /// Waits for something; see [`Run::waiting`].
    Active,
    /// Came to an end of the journey.
    Completed,
    /// Left by an exit rule, an exit node or a [`super::Input::Stop`].
    Exited { reason: String },
    /// Its goal was reached.
    GoalReached,
    /// Could not go on; the journey is at fault, not the profile.
    Failed { reason: String },
}

impl RunState {
    /// The state's stable name, for columns and counts.
    pub fn as_str(&self) -> &'static str {
        match self {
            RunState::Active => "active",
            RunState::Completed => "completed",
            RunState::Exited { .. } => "exited",
            RunState::GoalReached => "goal_reached",
            RunState::Failed { .. } => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waiting {
    Until {
        #[serde(with = "wire::timestamp")]
        until: Timestamp,
    },
    ForEvent {
        /// For people: one name or several.
        event: String,
        /// The last instant at which the event is in time.
        #[serde(with = "wire::timestamp")]
        until: Timestamp,
    },
    ForCondition {
        #[serde(with = "wire::timestamp")]
        until: Timestamp,
        /// When the condition may turn by time alone.
        #[serde(default, with = "wire::timestamp_if_any", skip_serializing_if = "Option::is_none")]
        look_at: Option<Timestamp>,
    },
}

fn is_zero(depth: &u32) -> bool {
    *depth == 0
}

/// An event as a run keeps it. One whose properties pass [`EVENT_BYTES_MAX`] is kept without its lists and
/// objects and with its texts cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptEvent {
    pub id: String,
    pub name: String,
    #[serde(with = "wire::timestamp")]
    pub at: Timestamp,
    pub properties: Value,
    /// Whether something was left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trimmed: bool,
}

impl KeptEvent {
    pub fn new(event: &EventView<'_>) -> Self {
        let bytes = serde_json::to_vec(event.properties).map_or(usize::MAX, |json| json.len());
        let trimmed = bytes > EVENT_BYTES_MAX;
        let properties = if trimmed { scalars_of(event.properties) } else { event.properties.clone() };
        KeptEvent {
            id: event.id.to_string(),
            name: event.name.to_string(),
            at: event.at,
            properties,
            trimmed,
        }
    }

    pub fn view(&self) -> EventView<'_> {
        EventView { id: &self.id, name: &self.name, at: self.at, properties: &self.properties }
    }
}

fn scalars_of(properties: &Value) -> Value {
    let Value::Object(properties) = properties else { return json!({}) };
    let kept = properties.iter().filter_map(|(key, value)| match value {
        Value::String(text) => {
            Some((key.clone(), Value::String(text.chars().take(TRIMMED_CHARS_MAX).collect())))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some((key.clone(), value.clone())),
        Value::Array(_) | Value::Object(_) => None,
    });
    let short_keys = kept.filter(|(key, _)| key.len() <= TRIMMED_CHARS_MAX);
    Value::Object(short_keys.take(TRIMMED_PROPERTIES_MAX).collect::<Map<_, _>>())
}

/// Something that the engine has to do for a run, in the same changeset that stores the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// `run:node:visit`, the same whenever the same step is done again: what makes a second try harmless.
    pub key: String,
    pub node: String,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    Send {
        channel: Channel,
        template: String,
        purpose: Purpose,
        #[serde(default, skip_serializing_if = "Ways::is_single")]
        ways: Ways,
    },
    /// A null value removes the attribute.
    SetAttribute {
        name: String,
        value: Value,
    },
    AddTag {
        tag: String,
    },
    RemoveTag {
        tag: String,
    },
    Webhook {
        url: String,
        headers: BTreeMap<String, String>,
        body: Option<String>,
    },
    NotifyStaff {
        to: Vec<String>,
        subject: String,
        message: String,
    },
    /// Was given a variant: to be told as an event, for reports.
    Assign {
        experiment: String,
        variant: String,
    },
    AddToList {
        list: String,
    },
    RemoveFromList {
        list: String,
    },
    StartJourney {
        journey: String,
        properties: Value,
    },
    StopJourney {
        journey: String,
        reason: String,
    },
}
