//! Lead scoring: the shop's own rules, what they come to for a person at an instant, and how a lead stands with sales.
//!
//! [`Rules`] is the document that a shop writes (docs/leads.md is its grammar); [`Reading`] is one person read by it,
//! which answers the score at any instant and the instant at which it is another; [`LeadState`] is what people of the
//! shop made of the lead.

mod read;
mod score;
mod state;
#[cfg(test)]
mod tests;

pub use score::{HALVINGS, Part, Reading, Reason};
pub use state::{LeadState, Status};

use crate::condition::{
    Condition, EventPattern, EventWant, Operand, Problem, Scope, Wants, check_filters, join,
};
use crate::profile::Profile;
use kit::DAY_MS;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Rules of one shop.
pub const RULES_MAX: usize = 100;
/// Names of grades.
pub const GRADES_MAX: usize = 10;
/// Most points of a rule, either way.
pub const POINTS_MAX: i64 = 1_000;
/// Highest ceiling and lowest floor of a score, from nothing.
pub const SCORE_MAX: i64 = 100_000;
/// Longest half-life, in days.
pub const HALF_LIFE_DAYS_MAX: u32 = 3_650;
/// Longest name of a rule or a grade, in characters.
pub const NAME_CHARS_MAX: usize = 80;
/// People and contacts among whom leads are shared out.
pub const ASSIGNEES_MAX: usize = 50;
/// Largest document as JSON, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 10;
/// Days after which a lead may be handed over again, at most.
pub const AGAIN_DAYS_MAX: u32 = 3_650;

/// What a shop gives points for, and what it does with those who have many.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub audience: Audience,
    pub rules: Vec<Rule>,
    /// The score is never below.
    pub floor: i64,
    /// The score is never above.
    pub ceiling: i64,
    /// Best first; who is below the last has none.
    pub grades: Vec<Grade>,
    pub handover: Option<Handover>,
}

/// Who has a score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// People without an order that counts.
    #[default]
    Prospects,
    Everyone,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Audience::Prospects => "prospects",
            Audience::Everyone => "everyone",
        }
    }
}

/// One reason for points.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Names it in histories; stays when the rule is edited.
    pub id: String,
    pub name: String,
    pub what: What,
    /// Of each event, or while the condition holds. Not 0.
    pub points: i64,
    /// Most points that the rule gives (or takes) at any instant, above 0. `None`: no limit but the score's.
    pub cap: Option<i64>,
    /// Most points that events within a stretch of time bring, counted back from each.
    pub per: Option<Per>,
    /// Days in which what an event brought is halved; `None`: it stays.
    pub half_life_days: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Points as long as it holds.
    When(Condition),
    /// Points for each event.
    On(EventPattern),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Per {
    /// Above 0, whatever the sign of the rule.
    pub points: i64,
    pub days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    pub name: String,
    /// The lowest score that has it.
    pub from: i64,
}

/// When a lead becomes a matter of sales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The score that hands a lead over.
    pub from: i64,
    /// The score has to fall below this before it can hand the lead over again; at most `from`.
    pub rearm_below: i64,
    /// Days since the last time before a lead is handed over again; `None`: once only.
    pub again_after_days: Option<u32>,
    /// E-mail addresses of accounts, and names of contacts of staff, in whose order leads are shared out. Empty:
    /// nobody is named.
    pub assignees: Vec<String>,
    /// The assignee is told.
    pub notify: bool,
}

fn problem(path: &str, code: &'static str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), code, message: message.into() }
}

impl Rule {
    /// Milliseconds in which what an event brought is halved.
    pub fn half_life_ms(&self) -> Option<i64> {
        self.half_life_days.map(|days| i64::from(days) * DAY_MS)
    }

    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("id".into(), json!(self.id));
        object.insert("name".into(), json!(self.name));
        match &self.what {
            What::When(condition) => object.insert("when".into(), json!(condition)),
            What::On(pattern) => object.insert("on".into(), json!(pattern)),
        };
        object.insert("points".into(), json!(self.points));
        if let Some(cap) = self.cap {
            object.insert("cap".into(), json!(cap));
        }
        if let Some(per) = self.per {
            object.insert("per".into(), json!({ "points": per.points, "days": per.days }));
        }
        if let Some(days) = self.half_life_days {
            object.insert("half_life_days".into(), json!(days));
        }
        Value::Object(object)
    }

    fn validate(&self, path: &str, problems: &mut Vec<Problem>) {
        check_name(&self.id, &join(path, "id"), problems);
        check_name(&self.name, &join(path, "name"), problems);
        if self.points == 0 || self.points.abs() > POINTS_MAX {
            let message = format!("from -{POINTS_MAX} to {POINTS_MAX} and not 0");
            problems.push(problem(&join(path, "points"), "lead.points", message));
        }
        if self.cap.is_some_and(|cap| !(1..=SCORE_MAX).contains(&cap)) {
            let message = format!("from 1 to {SCORE_MAX}, also for a rule that takes points");
            problems.push(problem(&join(path, "cap"), "lead.cap", message));
        }
        if let Some(per) = self.per {
            if !(1..=SCORE_MAX).contains(&per.points) {
                let message = format!("from 1 to {SCORE_MAX}, also for a rule that takes points");
                problems.push(problem(&join(path, "per.points"), "lead.cap", message));
            }
            if !(1..=366).contains(&per.days) {
                problems.push(problem(&join(path, "per.days"), "lead.days", "from 1 to 366"));
            }
        }
        if self.half_life_days.is_some_and(|days| !(1..=HALF_LIFE_DAYS_MAX).contains(&days)) {
            let message = format!("from 1 to {HALF_LIFE_DAYS_MAX}");
            problems.push(problem(&join(path, "half_life_days"), "lead.days", message));
        }
        match &self.what {
            What::When(condition) => {
                let path = join(path, "when");
                condition.validate(Scope::PROFILE, &path, problems);
                if condition.wants().lead {
                    let message = "the score cannot be reckoned from the score; ask for what it is made of";
                    problems.push(problem(&path, "lead.circle", message));
                }
                let mut named = false;
                condition.segments(&mut |_| named = true);
                if named {
                    let message =
                        "a rule reads no segment, since a segment may read the score; write its conditions";
                    problems.push(problem(&path, "lead.segment", message));
                }
            }
            What::On(pattern) => {
                let inner = join(path, "on");
                if pattern.event.is_empty() || pattern.event.len() > crate::condition::TEXT_BYTES_MAX {
                    problems.push(problem(&join(&inner, "event"), "condition.text", "name an event"));
                }
                if pattern.event.starts_with(EVENT_PREFIX) {
                    let message = "the score cannot be reckoned from its own turns";
                    problems.push(problem(&join(&inner, "event"), "lead.circle", message));
                }
                check_filters(&pattern.filters, Scope::PROFILE, &inner, problems);
                for (at, filter) in pattern.filters.iter().enumerate() {
                    if matches!(filter.test.operand, Some(Operand::From(_))) || filter.test.op.is_relative() {
                        let path = join(&join(&join(&inner, "where"), at), "value");
                        let message = "compare with a value; the rule must say the same at any time";
                        problems.push(problem(&path, "lead.reference", message));
                    }
                }
            }
        }
        if matches!(self.what, What::When(_)) {
            for (key, is_there) in
                [("half_life_days", self.half_life_days.is_some()), ("per", self.per.is_some())]
            {
                if is_there {
                    let message =
                        "a condition has no moment to count from; give it a window (did within 30d)";
                    problems.push(problem(&join(path, key), "lead.permanent", message));
                }
            }
        }
    }
}

/// The events from which the chance that somebody buys is learned, with the name of what they say.
pub const SIGNALS: &[(&str, &str)] = &[
    ("Product Viewed", "views"),
    ("Product List Viewed", "lists"),
    ("Products Searched", "searches"),
    ("Product Added", "carts"),
    ("Checkout Started", "checkouts"),
    ("Product Added to Wishlist", "wishes"),
    ("Form Submitted", "forms"),
    ("Email Opened", "opens"),
    ("Email Link Clicked", "clicks"),
    ("Cart Abandoned", "left_carts"),
];
/// How far back they are looked at, in milliseconds.
pub const SIGNALS_REACH_MS: i64 = 32 * DAY_MS;

/// What the engine writes of leads into a person's history begins so.
pub const EVENT_PREFIX: &str = "Lead ";
/// A grade was won or lost.
pub const EVENT_GRADE: &str = "Lead Grade Changed";
/// The lead was handed to sales.
pub const EVENT_HANDED: &str = "Lead Handed Over";
/// What sales made of the lead is another.
pub const EVENT_STATUS: &str = "Lead Status Changed";

fn check_name(name: &str, path: &str, problems: &mut Vec<Problem>) {
    let chars = name.chars().count();
    if name.trim() != name || !(1..=NAME_CHARS_MAX).contains(&chars) || name.chars().any(char::is_control) {
        let message = format!("1 to {NAME_CHARS_MAX} characters without space around them");
        problems.push(problem(path, "lead.name", message));
    }
}

impl Rules {
    /// Reads a document and says all that is wrong with it.
    ///
    /// # Errors
    /// The problems at their paths.
    pub fn from_value(value: &Value) -> Result<Rules, Vec<Problem>> {
        let rules = read::rules(value)?;
        let mut problems = Vec::new();
        rules.validate(&mut problems);
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }

    pub fn parse(text: &str) -> Result<Rules, Vec<Problem>> {
        let value = serde_json::from_str(text)
            .map_err(|error| vec![problem("", "json.syntax", error.to_string())])?;
        Rules::from_value(&value)
    }

    fn validate(&self, problems: &mut Vec<Problem>) {
        if self.rules.len() > RULES_MAX {
            problems.push(problem("rules", "lead.too_many", format!("at most {RULES_MAX} rules")));
        }
        let mut ids = BTreeSet::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let path = join("rules", at);
            rule.validate(&path, problems);
            if !ids.insert(rule.id.as_str()) {
                problems.push(problem(&join(&path, "id"), "lead.twice", "another rule has this id"));
            }
        }
        for (key, value) in [("floor", self.floor), ("ceiling", self.ceiling)] {
            if value.abs() > SCORE_MAX {
                problems.push(problem(key, "lead.range", format!("from -{SCORE_MAX} to {SCORE_MAX}")));
            }
        }
        if self.floor >= self.ceiling {
            problems.push(problem("ceiling", "lead.range", "the ceiling lies above the floor"));
        }
        if self.grades.len() > GRADES_MAX {
            problems.push(problem("grades", "lead.too_many", format!("at most {GRADES_MAX} grades")));
        }
        for (at, grade) in self.grades.iter().enumerate() {
            let path = join("grades", at);
            check_name(&grade.name, &join(&path, "name"), problems);
            if self.grades[..at].iter().any(|other| other.name == grade.name) {
                problems.push(problem(&join(&path, "name"), "lead.twice", "another grade has this name"));
            }
            if !(self.floor..=self.ceiling).contains(&grade.from) {
                let message = format!("the score goes from {} to {}", self.floor, self.ceiling);
                problems.push(problem(&join(&path, "from"), "lead.range", message));
            }
            if at > 0 && self.grades[at - 1].from <= grade.from {
                let message = "grades come best first, each below the one before";
                problems.push(problem(&join(&path, "from"), "lead.order", message));
            }
        }
        if let Some(handover) = &self.handover {
            handover.validate(self, problems);
        }
    }

    pub fn to_value(&self) -> Value {
        let mut object = Map::new();
        object.insert("audience".into(), json!(self.audience.as_str()));
        object.insert("floor".into(), json!(self.floor));
        object.insert("ceiling".into(), json!(self.ceiling));
        object.insert("rules".into(), self.rules.iter().map(Rule::json).collect());
        let grade = |grade: &Grade| json!({ "name": grade.name, "from": grade.from });
        object.insert("grades".into(), self.grades.iter().map(grade).collect());
        if let Some(handover) = &self.handover {
            let mut inner = json!({
                "from": handover.from,
                "rearm_below": handover.rearm_below,
                "assignees": handover.assignees,
                "notify": handover.notify,
            });
            if let Some(days) = handover.again_after_days {
                inner["again_after_days"] = json!(days);
            }
            object.insert("handover".into(), inner);
        }
        Value::Object(object)
    }

    /// What of a person has to be at hand to reckon the score, and what may change it.
    pub fn wants(&self) -> Wants {
        let mut wants = Wants { profile: true, ..Wants::default() };
        for rule in &self.rules {
            match &rule.what {
                What::When(condition) => wants.merge(&condition.wants()),
                What::On(pattern) => {
                    let reach_ms = rule.half_life_ms().map(|ms| ms.saturating_mul(HALVINGS));
                    let properties = !pattern.filters.is_empty();
                    wants.event(&pattern.event, EventWant { properties, reach_ms });
                    wants.time |= rule.half_life_days.is_some();
                }
            }
        }
        wants
    }

    /// Whether this person is a lead: has a score.
    pub fn is_for(&self, profile: &Profile) -> bool {
        let is_prospect = profile.totals.orders == 0;
        profile.may_be_profiled() && (self.audience == Audience::Everyone || is_prospect)
    }

    /// The best grade that a score has, by its place.
    pub fn grade_of(&self, score: i64) -> Option<usize> {
        self.grades.iter().position(|grade| score >= grade.from)
    }

    pub fn grade_name(&self, score: i64) -> Option<&str> {
        self.grade_of(score).map(|at| self.grades[at].name.as_str())
    }
}

impl Handover {
    fn validate(&self, rules: &Rules, problems: &mut Vec<Problem>) {
        if !(rules.floor + 1..=rules.ceiling).contains(&self.from) {
            let message = format!("above {} and at most {}", rules.floor, rules.ceiling);
            problems.push(problem("handover.from", "lead.range", message));
        }
        if self.rearm_below > self.from || self.rearm_below < rules.floor {
            let message = "not above the score that hands over, and not below the floor";
            problems.push(problem("handover.rearm_below", "lead.range", message));
        }
        if self.again_after_days.is_some_and(|days| days > AGAIN_DAYS_MAX) {
            let message = format!("at most {AGAIN_DAYS_MAX}");
            problems.push(problem("handover.again_after_days", "lead.days", message));
        }
        if self.assignees.len() > ASSIGNEES_MAX {
            problems.push(problem("handover.assignees", "lead.too_many", format!("at most {ASSIGNEES_MAX}")));
        }
        for (at, who) in self.assignees.iter().enumerate() {
            let path = join("handover.assignees", at);
            if !is_assignee(who) {
                let message = "an e-mail address of an account, or a contact of staff such as telegram:ops";
                problems.push(problem(&path, "lead.assignee", message));
            }
            if self.assignees[..at].contains(who) {
                problems.push(problem(&path, "lead.twice", "is there already"));
            }
        }
        if self.notify && self.assignees.is_empty() {
            problems.push(problem("handover.notify", "lead.assignee", "nobody is named who could be told"));
        }
    }
}

/// Whether a lead can be given to what this names: an e-mail address as accounts have them, or a contact of staff.
pub fn is_assignee(who: &str) -> bool {
    let is_plain = who.len() <= 254 && !who.chars().any(|c| c.is_whitespace() || c.is_control());
    let is_address = who.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    (is_plain && is_address) || crate::journey::is_staff_contact(who)
}
