//! What starts a run: the grammar of triggers, and the instants at which those that the calendar drives come.

use super::local::{ClockTime, DayOfWeek, Offset};
use super::occasion::FeastDay;
use crate::condition::{Condition, EventPattern, Op, Operand, PropertyFilter, Test};
use crate::local_time::Zone;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// What starts a run. Historical events (imports) never do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Trigger {
    Event(EventPattern),
    Date(DateTrigger),
    Api(ApiTrigger),
    Segment(SegmentTrigger),
    Anniversary(AnniversaryTrigger),
    Feast(FeastTrigger),
    Schedule(ScheduleTrigger),
    Threshold(ThresholdTrigger),
    Journey(JourneyTrigger),
    Message(MessageTrigger),
    Form(FormTrigger),
    Score(ScoreTrigger),
}

impl Trigger {
    pub const KINDS: [&'static str; 12] = [
        "event",
        "date",
        "api",
        "segment",
        "anniversary",
        "feast",
        "schedule",
        "threshold",
        "journey",
        "message",
        "form",
        "score",
    ];
    /// Known by name, with what they come with.
    pub const KINDS_TO_COME: [(&'static str, &'static str); 2] =
        [("points", "loyalty points"), ("predicted_date", "predictions")];

    pub fn kind(&self) -> &'static str {
        match self {
            Trigger::Event(_) => "event",
            Trigger::Date(_) => "date",
            Trigger::Api(_) => "api",
            Trigger::Segment(_) => "segment",
            Trigger::Anniversary(_) => "anniversary",
            Trigger::Feast(_) => "feast",
            Trigger::Schedule(_) => "schedule",
            Trigger::Threshold(_) => "threshold",
            Trigger::Journey(_) => "journey",
            Trigger::Message(_) => "message",
            Trigger::Form(_) => "form",
            Trigger::Score(_) => "score",
        }
    }

    /// The events that start a run: those of an `event`, a `message`, a `form` or a `score`.
    pub fn pattern(&self) -> Option<EventPattern> {
        match self {
            Trigger::Event(pattern) => Some(pattern.clone()),
            Trigger::Message(message) => Some(message.pattern()),
            Trigger::Form(form) => Some(form.pattern()),
            Trigger::Score(score) => Some(score.pattern()),
            _ => None,
        }
    }

    /// Whether a run that it starts may have an event to refer to.
    pub fn brings_event(&self) -> bool {
        matches!(
            self,
            Trigger::Event(_)
                | Trigger::Message(_)
                | Trigger::Form(_)
                | Trigger::Score(_)
                | Trigger::Api(_)
                | Trigger::Journey(_)
        )
    }

    /// Whether the calendar names instants for all profiles at once.
    pub fn is_occasion(&self) -> bool {
        matches!(self, Trigger::Feast(_) | Trigger::Schedule(_))
    }

    /// The path of the profile's date by which it starts, if it does.
    pub fn date(&self) -> Option<&str> {
        match self {
            Trigger::Date(trigger) => Some(&trigger.attribute),
            Trigger::Anniversary(trigger) => Some(&trigger.attribute),
            _ => None,
        }
    }

    /// The first instant after `after` at which the profile's date in `value` starts it.
    pub fn next_date(&self, value: &Value, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        match self {
            Trigger::Date(trigger) => trigger.next_occurrence(value, zone, after),
            Trigger::Anniversary(trigger) => trigger.next_occurrence(value, zone, after),
            _ => None,
        }
    }

    /// The first instant after `after` at which the calendar starts it, by the clock of `zone`.
    pub fn next_occasion(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        match self {
            Trigger::Feast(trigger) => trigger.next_occurrence(zone, after),
            Trigger::Schedule(trigger) => trigger.next_occurrence(zone, after),
            _ => None,
        }
    }

    /// The segment that it reads, if any.
    pub fn segment(&self) -> Option<&str> {
        match self {
            Trigger::Segment(trigger) => Some(&trigger.segment),
            Trigger::Feast(trigger) => trigger.segment.as_deref(),
            Trigger::Schedule(trigger) => trigger.segment.as_deref(),
            _ => None,
        }
    }
}

/// Started by a call, with the properties that it brings as the run's event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiTrigger {}

/// Started at a date that the profile carries, in the profile's zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateTrigger {
    pub attribute: String,
    /// The time of day.
    pub at: ClockTime,
    /// Whole days before (`-7d`) or after the date.
    #[serde(default, skip_serializing_if = "Offset::is_zero")]
    pub offset: Offset,
    /// Every year from the year after the date's own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub yearly: bool,
}

/// Started when a profile becomes a member of a live segment, or ceases to be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentTrigger {
    pub segment: String,
    #[serde(default)]
    pub on: Turn,
    /// Those who are members when the journey is published start too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub existing: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    #[default]
    Entered,
    Left,
}

/// Started each time that a date of the profile comes round, in the profile's zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnniversaryTrigger {
    /// `birthday`, `orders.first_at`, `orders.last_at`, `created_at`, any date of the profile.
    pub attribute: String,
    #[serde(default)]
    pub every: Round,
    #[serde(default, skip_serializing_if = "Calendar::is_solar")]
    pub calendar: Calendar,
    /// Whole days before (`-7d`) or after the day.
    #[serde(default, skip_serializing_if = "Offset::is_zero")]
    pub offset: Offset,
    pub at: ClockTime,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    #[default]
    Year,
    Month,
}

/// Which calendar a date is kept in: the Gregorian, or the Vietnamese lunar one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    #[default]
    Solar,
    Lunar,
}

impl Calendar {
    pub fn is_solar(&self) -> bool {
        *self == Calendar::Solar
    }
}

/// Started at a feast of the year, at a time of day in each profile's zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeastTrigger {
    pub feast: FeastDay,
    /// Whole days before (`-7d`) or after the feast.
    #[serde(default, skip_serializing_if = "Offset::is_zero")]
    pub offset: Offset,
    pub at: ClockTime,
    /// For its members; without it for everybody who agreed to the marketing that the journey sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
}

/// Started again and again by the clock of the shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleTrigger {
    pub every: Period,
    /// One time of day, or several.
    pub at: OneOrMore<ClockTime>,
    /// Of a week its days, of a month its days by number, or `"last"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<OneOrMore<ScheduleDay>>,
    /// 1 to 12; without it every month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<OneOrMore<u8>>,
    /// For its members at that instant; without it for everybody who agreed to the marketing that the journey sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    Week,
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScheduleDay {
    /// 1 to 31; in a shorter month its last day.
    OfMonth(u8),
    OfWeek(DayOfWeek),
    Last(LastDay),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastDay {
    Last,
}

/// `"09:00"` or `["09:00", "20:00"]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

/// Started when a number of the profile passes a value: once each time that it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdTrigger {
    /// `orders.revenue`, `orders.count`, `attributes.score`.
    pub attribute: String,
    pub crosses: Number,
    #[serde(default)]
    pub direction: Direction,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From below to it or above; no value counts as below.
    #[default]
    Up,
    /// From above to it or below.
    Down,
}

impl ThresholdTrigger {
    /// Whether the profile is beyond the threshold; `None` where it has no number there.
    pub fn is_beyond(&self, facts: &dyn super::Facts, now: Timestamp) -> Option<bool> {
        let compares = |op| {
            let operand = Some(Operand::Literal(Value::Number(self.crosses.clone())));
            let condition =
                Condition::Attribute { path: self.attribute.clone(), test: Test::new(op, operand) };
            condition.holds(&crate::condition::Context::of_profile(facts, now))
        };
        let (up, down) = (compares(Op::Gte), compares(Op::Lte));
        match self.direction {
            _ if !up && !down => None,
            Direction::Up => Some(up),
            Direction::Down => Some(down),
        }
    }

    /// Whether going from one side to the other is a crossing; the sides are [`ThresholdTrigger::is_beyond`].
    pub fn is_crossed(&self, before: Option<bool>, after: Option<bool>) -> bool {
        after == Some(true)
            && match self.direction {
                Direction::Up => before != Some(true),
                Direction::Down => before == Some(false),
            }
    }
}

/// Started when a run of another journey comes to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyTrigger {
    pub journey: String,
    #[serde(default)]
    pub on: Ending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    #[default]
    Completed,
    GoalReached,
    Exited,
    Any,
}

impl Ending {
    pub fn is(self, state: &super::RunState) -> bool {
        match state {
            super::RunState::Completed => matches!(self, Ending::Completed | Ending::Any),
            super::RunState::GoalReached => matches!(self, Ending::GoalReached | Ending::Any),
            super::RunState::Exited { .. } => matches!(self, Ending::Exited | Ending::Any),
            super::RunState::Active | super::RunState::Failed { .. } => false,
        }
    }
}

/// Started when the profile does something with a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageTrigger {
    pub did: MessageDeed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<crate::consent::Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// On the properties of the event: `link_url`.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PropertyFilter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageDeed {
    Opened,
    Clicked,
    Unsubscribed,
}

fn property_is(property: &str, value: &str) -> PropertyFilter {
    let operand = Some(Operand::Literal(Value::from(value)));
    PropertyFilter { property: property.to_owned(), test: Test::new(Op::Eq, operand) }
}

impl MessageTrigger {
    fn pattern(&self) -> EventPattern {
        let event = match self.did {
            MessageDeed::Opened => "Email Opened",
            MessageDeed::Clicked => "Email Link Clicked",
            MessageDeed::Unsubscribed => "Unsubscribed",
        };
        let named = [
            ("channel", self.channel.map(|channel| channel.as_str())),
            ("template_id", self.template.as_deref()),
            ("journey_id", self.journey.as_deref()),
            ("campaign_id", self.campaign.as_deref()),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some(property_is(name, value?)));
        EventPattern { event: event.to_owned(), filters: named.chain(self.filters.iter().cloned()).collect() }
    }
}

/// Started when the profile submits a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormTrigger {
    /// The property `form_id` of the event `Form Submitted`.
    pub form: String,
    /// On the answers and other properties.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PropertyFilter>,
}

impl FormTrigger {
    fn pattern(&self) -> EventPattern {
        let mut filters = vec![property_is("form_id", &self.form)];
        filters.extend(self.filters.iter().cloned());
        EventPattern { event: "Form Submitted".to_owned(), filters }
    }
}

/// Started when the score of a lead reaches a grade of the shop's rules, or falls below one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreTrigger {
    /// The name of a grade.
    pub grade: String,
    /// `up`: from below to it or a better one; `down`: from it or a better one to below.
    #[serde(default)]
    pub direction: Direction,
}

impl ScoreTrigger {
    fn pattern(&self) -> EventPattern {
        // Who leaps over a grade has reached it too.
        let property = match self.direction {
            Direction::Up => "reached",
            Direction::Down => "lost",
        };
        let filters = vec![property_is(property, &self.grade)];
        EventPattern { event: crate::lead::EVENT_GRADE.to_owned(), filters }
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}
