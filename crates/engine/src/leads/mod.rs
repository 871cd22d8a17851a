//! Leads: the score that the shop's rules give, by which people are handed to sales, and what sales make of them.
//!
//! The rules are stored as a document beside the fitted models (kind [`RULES`]), so that whoever asks about a person
//! has them at hand. That somebody passes a grade or is to be handed over is told by leaves of segments that nobody
//! sees ([`Watch`]): they turn at the exact instant, and live in the batch's changeset like all others.

mod facts;
mod ranks;
mod rows;
mod rules;
mod sales;

pub use facts::{Scored, standing_at};
pub(crate) use ranks::Rank;
pub use rows::{
    FIELDS, LeadOrder, LeadPage, LeadWanted, Standing, causes_of, grade_counts, insight_with, leads, past_of,
    reading_of, shown, with_facts,
};
pub use rules::{
    PREVIEW_MAX, Preview, RulesError, Waiting, preview, read_rules, rules_history, save_rules, waiting,
};
pub use sales::{EVENT_NOTE, NOTE_CHARS_MAX, Told};

use domain::condition::{Condition, Op, Operand, Test, Wants};
use domain::lead::Rules;
use serde_json::Value;

/// The kind under which the rules stand beside the models.
pub const RULES: &str = "lead_rules";
/// The kind of the model that tells how likely people are to buy.
pub const MODEL: &str = "leads";

/// The rules in force, and what they want to be at hand.
#[derive(Clone, Debug)]
pub struct Scoring {
    pub rules: Rules,
    pub wants: Wants,
}

impl Scoring {
    /// `None` for a document that this version of the program does not read.
    pub fn parse(document: &str) -> Option<Scoring> {
        let rules = Rules::parse(document).ok()?;
        let wants = rules.wants();
        Some(Scoring { rules, wants })
    }
}

/// The leaf that holds for everybody whose score is at least so much.
pub fn leaf_of(from: i64) -> Condition {
    let operand = Some(Operand::Literal(Value::from(from)));
    Condition::Attribute { path: "lead.score".to_owned(), test: Test::new(Op::Gte, operand) }
}

/// The scores that something turns on: of the grades best first, then of the hand-over, and of what lets a lead be
/// handed over again.
pub(crate) fn thresholds(rules: &Rules) -> Vec<i64> {
    let grades = rules.grades.iter().map(|grade| grade.from);
    let handover = rules.handover.iter().flat_map(|handover| [handover.from, handover.rearm_below]);
    grades.chain(handover).collect()
}

/// Where the leaves of [`thresholds`] are in the plan of a shop; `None` for one that is not followed.
#[derive(Clone, Debug, Default)]
pub struct Watch(pub(crate) Vec<Option<usize>>);
