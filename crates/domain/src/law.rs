//! What a country's law asks of advertisements, as documents in `crates/domain/policies`. The gate keeps to them
//! beside the shop's own rules, which may be stricter.

use crate::consent::Channel;
use crate::gate::{Cap, Hours};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// How much room the law leaves a shop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Holds whatever the shop wants.
    Firm,
    /// Holds unless the shop acknowledges, with a reason, that it does otherwise: see [`crate::gate::Override`].
    Default,
    /// What a new shop begins with; free to change.
    Advice,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub vi: String,
    pub en: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawCap {
    /// Names the rule: `vn.cap.sms`.
    pub rule: String,
    pub weight: Weight,
    pub source: String,
    pub cap: Cap,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawHours {
    pub rule: String,
    pub weight: Weight,
    pub source: String,
    pub hours: Hours,
}

/// What an advertisement begins with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub rule: String,
    pub channel: Channel,
    pub any_of: Vec<String>,
    pub source: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    pub code: String,
    pub name: Named,
    pub about: Named,
    #[serde(default)]
    pub caps: Vec<LawCap>,
    #[serde(default)]
    pub hours: Vec<LawHours>,
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Channels on which each advertisement says how to stop.
    #[serde(default)]
    pub opt_out: Vec<Channel>,
    /// Whoever was asked to agree and has not answered for so long has refused.
    #[serde(default)]
    pub answer_within_hours: Option<u32>,
    /// Channels on which a refusal is confirmed by one message.
    #[serde(default)]
    pub confirm_stop: Vec<Channel>,
    /// Whether there is a register of numbers that nobody may advertise to.
    #[serde(default)]
    pub do_not_call: bool,
}

static LAWS: LazyLock<Vec<Law>> = LazyLock::new(|| {
    let documents = [
        include_str!("../policies/vn.json"),
        include_str!("../policies/eu.json"),
        include_str!("../policies/us.json"),
        include_str!("../policies/none.json"),
    ];
    // Documents of this repository: a test reads each.
    documents.iter().filter_map(|document| serde_json::from_str(document).ok()).collect()
});

/// Every law that there is a document of; the first is the default.
pub fn laws() -> &'static [Law] {
    &LAWS
}

/// By its code, such as `vn`. A code that is not known is an error of the settings; until it is put right, the
/// strictest law that there is holds: the default.
pub fn law(code: &str) -> &'static Law {
    LAWS.iter().find(|law| law.code == code).unwrap_or(&LAWS[0])
}

impl Law {
    /// The weight of a rule, if there is such a rule.
    pub fn weight(&self, rule: &str) -> Option<Weight> {
        let caps = self.caps.iter().map(|cap| (&cap.rule, cap.weight));
        let hours = self.hours.iter().map(|hours| (&hours.rule, hours.weight));
        let labels = self.labels.iter().map(|label| (&label.rule, Weight::Firm));
        caps.chain(hours).chain(labels).find(|(known, _)| *known == rule).map(|(_, weight)| weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_document_is_read() {
        let codes: Vec<&str> = laws().iter().map(|law| law.code.as_str()).collect();
        assert_eq!(codes, ["vn", "eu", "us", "none"]);
        let mut rules = BTreeSet::new();
        for law in laws() {
            for rule in law.caps.iter().map(|cap| &cap.rule).chain(law.hours.iter().map(|hours| &hours.rule))
            {
                assert!(rule.starts_with(&format!("{}.", law.code)), "{rule}");
                assert!(rules.insert(rule.clone()), "{rule} stands twice");
                assert!(law.weight(rule).is_some());
            }
        }
        assert_eq!(law("vn").weight("vn.hours.sms"), Some(Weight::Firm));
        assert_eq!(law("atlantis").code, "vn");
    }
}
