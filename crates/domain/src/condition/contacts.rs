//! How a person was reached: messages and what became of them, and runs of journeys.

use super::course::Course;
use super::did::read_window;
use super::measure::{Brings, Check, Measure, Point, Tally};
use super::parse::{keyed_map, problem, text};
use super::validate::check_text;
use super::window::{Frame, Window};
use super::{Context, Op, PastMessage, PastRun, Problem, Trace, Wants, join};
use crate::consent::{Channel, Purpose};
use kit::Timestamp;
use serde_json::{Map, Number, Value, json};

/// What became of a message; each has its own instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The channel took it.
    Sent,
    Opened,
    Clicked,
    Unsubscribed,
    /// It was decided not to send it.
    Refused,
}

impl Happened {
    pub const ALL: [Happened; 5] =
        [Happened::Sent, Happened::Opened, Happened::Clicked, Happened::Unsubscribed, Happened::Refused];

    pub const fn name(self) -> &'static str {
        match self {
            Happened::Sent => "sent",
            Happened::Opened => "opened",
            Happened::Clicked => "clicked",
            Happened::Unsubscribed => "unsubscribed",
            Happened::Refused => "refused",
        }
    }

    fn at(self, message: &PastMessage) -> Option<Timestamp> {
        match self {
            Happened::Sent => message.accepted_at,
            Happened::Opened => message.opened_at,
            Happened::Clicked => message.clicked_at,
            Happened::Unsubscribed => message.unsubscribed_at,
            Happened::Refused => (message.state == "refused").then_some(message.decided_at),
        }
    }
}

/// Messages to which something happened, in a window, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Messages {
    pub did: Happened,
    pub channel: Option<Channel>,
    pub purpose: Option<Purpose>,
    pub template: Option<String>,
    pub journey: Option<String>,
    pub campaign: Option<String>,
    pub window: Option<Window>,
    /// A count.
    pub check: Check,
}

pub(super) fn word<T: std::str::FromStr<Err = String>>(
    object: &Map<String, Value>,
    key: &str,
    path: &str,
) -> Result<Option<T>, Problem> {
    if !object.contains_key(key) {
        return Ok(None);
    }
    let word = text(object, key, path)?;
    word.parse().map(Some).map_err(|error| problem(&join(path, key), "condition.operand", error))
}

impl Messages {
    pub(super) fn read(value: &Value, path: &str) -> Result<Messages, Problem> {
        let known = ["did", "channel", "purpose", "template", "journey", "campaign", "window", "op", "value"];
        let object = keyed_map(value, path, &known)?;
        let name = text(object, "did", path)?;
        let did = Happened::ALL.into_iter().find(|did| did.name() == name).ok_or_else(|| {
            let known = Happened::ALL.map(Happened::name).join(", ");
            problem(&join(path, "did"), "condition.operand", format!("expected one of: {known}"))
        })?;
        let id = |key: &str| match object.contains_key(key) {
            true => text(object, key, path).map(Some),
            false => Ok(None),
        };
        Ok(Messages {
            did,
            channel: word(object, "channel", path)?,
            purpose: word(object, "purpose", path)?,
            template: id("template")?,
            journey: id("journey")?,
            campaign: id("campaign")?,
            window: read_window(object, path)?,
            check: Check::read(object, path)?,
        })
    }

    fn ids(&self) -> [(&'static str, &Option<String>); 3] {
        [("template", &self.template), ("journey", &self.journey), ("campaign", &self.campaign)]
    }

    pub(super) fn json(&self) -> Value {
        let mut object = Map::from_iter([("did".to_owned(), json!(self.did.name()))]);
        self.channel
            .iter()
            .for_each(|channel| drop(object.insert("channel".into(), json!(channel.as_str()))));
        self.purpose
            .iter()
            .for_each(|purpose| drop(object.insert("purpose".into(), json!(purpose.as_str()))));
        for (key, id) in self.ids() {
            id.iter().for_each(|id| drop(object.insert(key.into(), json!(id))));
        }
        self.window.iter().for_each(|window| drop(object.insert("window".into(), window.json())));
        self.check.write(&mut object);
        Value::Object(object)
    }

    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, id) in self.ids() {
            id.iter().for_each(|id| check_text(id, &join(path, key), problems));
        }
        self.window.iter().for_each(|window| window.check(&join(path, "window"), problems));
        self.check.check(path, problems);
    }

    fn means(&self, message: &PastMessage) -> bool {
        self.channel.is_none_or(|channel| message.channel == channel.as_str())
            && self.purpose.is_none_or(|purpose| message.purpose == purpose.as_str())
            && self.template.is_none() | (self.template == message.template_id)
            && self.journey.is_none() | (self.journey == message.journey_id)
            && self.campaign.is_none() | (self.campaign == message.campaign_id)
    }

    fn tally(&self, context: &Context<'_>) -> Tally<'_> {
        let frame = Frame::of(self.window.as_ref(), context.facts.time_zone(), context.now);
        let messages = context.facts.past().messages.iter().filter(|message| self.means(message));
        let points = messages.filter_map(|message| {
            let (from, to) = frame.counts(self.did.at(message)?)?;
            Some(Point { from, to, brings: Brings::Itself })
        });
        Tally::of(&self.check, points.collect(), context.now)
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        self.tally(context).test(&format!("message {}", self.did.name()), trace)
    }

    pub(super) fn course(&self, context: &Context<'_>) -> Course<'_> {
        self.tally(context).course()
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        wants.messages = true;
        wants.time |= self.window.as_ref().is_some_and(Window::is_relative);
    }
}

/// How it stands with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    Active,
    Completed,
    GoalReached,
    Exited,
    Failed,
    Any,
}

impl RunState {
    pub const ALL: [RunState; 6] = [
        RunState::Active,
        RunState::Completed,
        RunState::GoalReached,
        RunState::Exited,
        RunState::Failed,
        RunState::Any,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            RunState::Active => "active",
            RunState::Completed => "completed",
            RunState::GoalReached => "goal_reached",
            RunState::Exited => "exited",
            RunState::Failed => "failed",
            RunState::Any => "any",
        }
    }
}

/// A run of a journey, in a window: of its beginning, for those that are over of its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    pub journey: String,
    pub state: RunState,
    pub window: Option<Window>,
    /// At least one.
    check: Check,
}

impl Runs {
    pub fn new(journey: String, state: RunState, window: Option<Window>) -> Runs {
        let check = Check { measure: Measure::Count, op: Op::Gte, value: Number::from(1) };
        Runs { journey, state, window, check }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Runs, Problem> {
        let object = keyed_map(value, path, &["journey", "state", "window"])?;
        let state = match object.contains_key("state") {
            false => RunState::Any,
            true => {
                let name = text(object, "state", path)?;
                RunState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
                    let known = RunState::ALL.map(RunState::name).join(", ");
                    problem(&join(path, "state"), "condition.operand", format!("expected one of: {known}"))
                })?
            }
        };
        Ok(Runs::new(text(object, "journey", path)?, state, read_window(object, path)?))
    }

    pub(super) fn json(&self) -> Value {
        let mut object = json!({ "journey": self.journey });
        if self.state != RunState::Any {
            object["state"] = json!(self.state.name());
        }
        self.window.iter().for_each(|window| object["window"] = window.json());
        object
    }

    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_text(&self.journey, &join(path, "journey"), problems);
        self.window.iter().for_each(|window| window.check(&join(path, "window"), problems));
    }

    fn at(&self, run: &PastRun) -> Option<Timestamp> {
        match self.state {
            RunState::Any => Some(run.started_at),
            state if run.state != state.name() => None,
            RunState::Active => Some(run.started_at),
            _ => Some(run.ended_at.unwrap_or(run.started_at)),
        }
    }

    fn tally(&self, context: &Context<'_>) -> Tally<'_> {
        let frame = Frame::of(self.window.as_ref(), context.facts.time_zone(), context.now);
        let runs = context.facts.past().runs.iter().filter(|run| run.journey_id == self.journey);
        let points = runs.filter_map(|run| {
            let (from, to) = frame.counts(self.at(run)?)?;
            Some(Point { from, to, brings: Brings::Itself })
        });
        Tally::of(&self.check, points.collect(), context.now)
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        self.tally(context).test(&format!("journey {} {}", self.journey, self.state.name()), trace)
    }

    pub(super) fn course(&self, context: &Context<'_>) -> Course<'_> {
        self.tally(context).course()
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        wants.runs = true;
        wants.time |= self.window.as_ref().is_some_and(Window::is_relative);
    }
}
