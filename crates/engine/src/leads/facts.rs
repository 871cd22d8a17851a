//! What is asked of a lead by the names `lead.*`.

use crate::facts::ProfileFacts;
use domain::condition::{Context, NO_PAST};
use domain::lead::Reading;
use domain::local_time::start_of_next_day;
use kit::Timestamp;
use serde_json::{Value, json};

/// A score with its grade.
#[derive(Clone, PartialEq, Debug)]
pub struct Scored {
    pub score: i64,
    pub grade: Option<String>,
}

impl<'a> ProfileFacts<'a> {
    /// The person read by the rules; `None` without rules, and where the past was not loaded.
    pub fn lead_reading(&self, at: Timestamp) -> Option<Reading<'_>> {
        let scoring = self.insight.lead_rules.as_ref()?;
        if std::ptr::eq(self.past, &NO_PAST) {
            return None;
        }
        let is_for = scoring.rules.is_for(self.profile);
        Some(scoring.rules.read(&Context::of_profile(self, at), is_for))
    }

    pub(crate) fn lead_at(&self, field: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        let held = self.profile.lead.as_ref();
        match field {
            "status" => (held.map(|lead| json!(lead.status)), None),
            "assignee" => (held.and_then(|lead| lead.assignee.as_ref()).map(|who| json!(who)), None),
            "score" | "grade" => {
                let Some(reading) = self.lead_reading(at) else { return (None, None) };
                let (score, until) = reading.value_at(at);
                let value = match field {
                    "score" => score.map(Value::from),
                    _ => score.and_then(|score| reading.rules().grade_name(score)).map(Value::from),
                };
                (value, until)
            }
            "probability" => self.lead_probability(at),
            _ => (None, None),
        }
    }

    /// Of people who never bought, by a model that serves.
    fn lead_probability(&self, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        let (Some(model), Some(zone)) = (&self.insight.leads, &self.insight.zone) else {
            return (None, None);
        };
        let is_lead = self.profile.totals.orders == 0 && self.profile.may_be_profiled();
        if !is_lead || std::ptr::eq(self.past, &NO_PAST) {
            return (None, None);
        }
        let signals = models::leads::signals(self.profile, self.past, at, zone);
        let source = models::leads::source(self.profile);
        let told = model.probability(&signals, source.as_deref());
        let value = told.is_finite().then(|| json!((told * 10_000.0).round() / 10_000.0));
        (value, Some(start_of_next_day(at, zone)))
    }
}

/// How a person scores at an instant, by facts whose past was loaded as the rules want it.
pub fn standing_at(facts: &ProfileFacts<'_>, at: Timestamp) -> Option<Scored> {
    let reading = facts.lead_reading(at)?;
    let score = reading.score(at)?;
    Some(Scored { score, grade: reading.rules().grade_name(score).map(str::to_owned) })
}
