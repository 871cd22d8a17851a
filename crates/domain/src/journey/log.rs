//! Why a run did what it did: a stable code with parameters, which a surface may translate, and its English
//! text.

use kit::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What happened, as a stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code { $($(#[$doc])* #[serde(rename = $name)] $variant),+ }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }
        }
    };
}

codes! {
    Started = "run.started",
    Resumed = "run.resumed",
    Completed = "run.completed",
    GoalReached = "run.goal_reached",
    Exited = "run.exited",
    Failed = "run.failed",

    SendAsked = "send.asked",
    DelayBegun = "delay.begun",
    DelayPassed = "delay.passed",
    DelayOver = "delay.over",
    WaitBegun = "wait.begun",
    WaitMet = "wait.met",
    WaitTimedOut = "wait.timed_out",
    BranchTaken = "branch.taken",
    SplitTaken = "split.taken",
    AttributeSet = "attribute.set",
    TagAdded = "tag.added",
    TagRemoved = "tag.removed",
    WebhookAsked = "webhook.asked",
    StaffNotified = "staff.notified",
    ExperimentDrawn = "experiment.drawn",
    ListJoined = "list.joined",
    ListLeft = "list.left",
    JourneyStarted = "journey.started",
    JourneyStopped = "journey.stopped",
    ExitCome = "exit.come",

    DeclinedByTrigger = "declined.trigger",
    DeclinedByFilter = "declined.filter",
    DeclinedByEntry = "declined.entry",
    DeclinedOnce = "declined.once",
    DeclinedRunning = "declined.running",
    DeclinedTooMany = "declined.too_many",
    DeclinedByCooldown = "declined.cooldown",
    DeclinedByExit = "declined.exit",
    DeclinedByDepth = "declined.depth",
}

impl Code {
    /// Whether a node is entered with it: exactly one such entry is written a visit, so that counting them
    /// counts the visits of each node.
    pub fn is_visit(self) -> bool {
        matches!(
            self,
            Code::SendAsked
                | Code::DelayBegun
                | Code::DelayPassed
                | Code::WaitBegun
                | Code::BranchTaken
                | Code::SplitTaken
                | Code::AttributeSet
                | Code::TagAdded
                | Code::TagRemoved
                | Code::WebhookAsked
                | Code::StaffNotified
                | Code::ExperimentDrawn
                | Code::ListJoined
                | Code::ListLeft
                | Code::JourneyStarted
                | Code::JourneyStopped
                | Code::ExitCome
        )
    }
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The logical time of the step.
    #[serde(with = "super::wire::timestamp")]
    pub at: Timestamp,
    /// The node it is about; `None` for the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub code: Code,
    /// What the text is made of. May hold personal data (compared values): it belongs to the profile and goes
    /// with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

/// Why no run was started.
#[derive(Clone, Debug, PartialEq)]
pub struct Declined {
    pub reason: LogEntry,
}

impl fmt::Display for LogEntry {
    /// The entry in English, without its time and node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |key: &str| match self.params.get(key) {
            None | Some(Value::Null) => "nothing".to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        match self.code {
            Code::Started => write!(f, "started by {}", text("cause"))?,
            Code::Resumed => write!(f, "resumed")?,
            Code::Completed => write!(f, "came to the end")?,
            Code::GoalReached => write!(f, "reached the goal {}", text("event"))?,
            Code::Exited => write!(f, "left: {}", text("reason"))?,
            Code::Failed => write!(f, "failed: {}", text("reason"))?,
            Code::SendAsked => write!(f, "asked for {} {}", text("channel"), text("template"))?,
            Code::DelayBegun => write!(f, "waits until {}", text("until"))?,
            Code::DelayPassed => write!(f, "has nothing to wait for: {}", text("reason"))?,
            Code::DelayOver => write!(f, "waited until {}", text("until"))?,
            Code::WaitBegun => write!(f, "waits for {} until {}", text("event"), text("until"))?,
            Code::WaitMet => write!(f, "{} came", text("event"))?,
            Code::WaitTimedOut => write!(f, "{} did not come until {}", text("event"), text("until"))?,
            Code::BranchTaken => write!(f, "took path {}", text("path"))?,
            Code::SplitTaken => write!(f, "drew path {} of {}", text("path"), text("paths"))?,
            Code::AttributeSet => write!(f, "set {} to {}", text("name"), text("value"))?,
            Code::TagAdded => write!(f, "added the tag {}", text("tag"))?,
            Code::TagRemoved => write!(f, "removed the tag {}", text("tag"))?,
            Code::WebhookAsked => write!(f, "asked for a call of {}", text("url"))?,
            Code::StaffNotified => write!(f, "asked for a notice to {}", text("to"))?,
            Code::ExperimentDrawn => write!(f, "is {} of the experiment {}", text("variant"), text("name"))?,
            Code::ListJoined => write!(f, "put on the list {}", text("list"))?,
            Code::ListLeft => write!(f, "taken off the list {}", text("list"))?,
            Code::JourneyStarted => write!(f, "asked for the journey {}", text("journey"))?,
            Code::JourneyStopped => write!(f, "asked to stop the journey {}", text("journey"))?,
            Code::ExitCome => write!(f, "came to an exit")?,
            Code::DeclinedByTrigger => write!(f, "not started: this journey starts by {}", text("expected"))?,
            Code::DeclinedByFilter => write!(f, "not started: the event is not one that starts it")?,
            Code::DeclinedByEntry => write!(f, "not started: the entry condition does not hold")?,
            Code::DeclinedOnce => write!(f, "not started: once only, and it has run before")?,
            Code::DeclinedRunning => write!(f, "not started: a run is under way")?,
            Code::DeclinedTooMany => {
                write!(f, "not started: {} runs under way, at most {}", text("active"), text("most"))?;
            }
            Code::DeclinedByCooldown => write!(f, "not started: not again before {}", text("until"))?,
            Code::DeclinedByExit => write!(f, "not started: it would end at once: {}", text("reason"))?,
            Code::DeclinedByDepth => {
                write!(f, "not started: {} journeys in a row started one another", text("depth"))?;
            }
        }
        let compared = self.params.get("compared").and_then(Value::as_array);
        for (i, compared) in compared.into_iter().flatten().enumerate() {
            let verdict = if compared["holds"] == Value::Bool(true) { "yes" } else { "no" };
            let what = compared["what"].as_str().unwrap_or_default();
            let op = compared["op"].as_str().unwrap_or_default();
            write!(f, "{}{what} {op}", if i == 0 { " (" } else { "; " })?;
            if !compared["expected"].is_null() {
                write!(f, " {}", compared["expected"])?;
            }
            write!(f, ", is {}: {verdict}", compared["actual"])?;
        }
        if compared.is_some_and(|compared| !compared.is_empty()) { f.write_str(")") } else { Ok(()) }
    }
}
