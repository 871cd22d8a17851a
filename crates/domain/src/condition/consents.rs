//! What a person agreed to.

use super::contacts::word;
use super::parse::{keyed_map, problem};
use super::{Context, Problem, Trace, note};
use crate::consent::{Channel, ConsentState, Purpose};
use serde_json::{Value, json};

/// A consent in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    pub channel: Channel,
    pub purpose: Purpose,
    pub state: ConsentState,
}

impl Consent {
    pub(super) fn read(value: &Value, path: &str) -> Result<Consent, Problem> {
        let object = keyed_map(value, path, &["channel", "purpose", "state"])?;
        let missing = |key: &str| problem(path, "json.missing_key", format!("\"{key}\" is missing"));
        Ok(Consent {
            channel: word(object, "channel", path)?.ok_or_else(|| missing("channel"))?,
            purpose: word(object, "purpose", path)?.ok_or_else(|| missing("purpose"))?,
            state: word(object, "state", path)?.unwrap_or(ConsentState::Granted),
        })
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "channel": self.channel.as_str(),
            "purpose": self.purpose.as_str(),
            "state": self.state.as_str(),
        })
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        let what = format!("consents.{}.{}", self.channel, self.purpose);
        let state = context.facts.value(&what);
        let holds = state.as_ref().and_then(Value::as_str) == Some(self.state.as_str());
        note(trace, &what, "eq", &json!(self.state.as_str()), state.unwrap_or(Value::Null), holds);
        holds
    }
}
