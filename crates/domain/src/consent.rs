//! Who may be told what, where: consent for a channel and a purpose, with its proof.

use crate::profile::Ms;
use crate::words::words;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// The way a message travels.
    Channel { Email = "email", Sms = "sms", Zalo = "zalo", Push = "push", Onsite = "onsite", Webhook = "webhook" }
}

words! {
    /// What a message is for.
    Purpose {
        Marketing = "marketing",
        /// About something that the person did: an order, an account.
        Transactional = "transactional",
        Profiling = "profiling",
        Ads = "ads",
    }
}

words! {
    ConsentState {
        Granted = "granted",
        /// Asked for, and not yet confirmed by the person (double opt-in).
        Pending = "pending",
        Denied = "denied",
    }
}

/// One statement by or about a person, with what proves it. Records are only ever added.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConsentRecord {
    pub channel: Channel,
    pub purpose: Purpose,
    pub state: ConsentState,
    pub at: Ms,
    /// Where it was given or taken back: `form:footer`, `import`, `one_click`, `preference_page`, `api`.
    pub source: String,
    /// The words that the person agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The consents in force, folded from the records.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consents(BTreeMap<String, CurrentConsent>);

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurrentConsent {
    pub state: ConsentState,
    pub at: Ms,
    pub source: String,
}

fn slot(channel: Channel, purpose: Purpose) -> String {
    format!("{channel}.{purpose}")
}

impl Consents {
    pub fn state(&self, channel: Channel, purpose: Purpose) -> Option<ConsentState> {
        self.0.get(&slot(channel, purpose)).map(|current| current.state)
    }

    /// `email.marketing` and the like, in order, with the consent in force.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CurrentConsent)> {
        self.0.iter().map(|(slot, current)| (slot.as_str(), current))
    }

    /// Folds one record in: the later statement holds; of two at one instant the stricter. Returns whether the
    /// consent in force changed.
    pub fn apply(&mut self, record: &ConsentRecord) -> bool {
        let next = CurrentConsent { state: record.state, at: record.at, source: record.source.clone() };
        match self.0.get_mut(&slot(record.channel, record.purpose)) {
            None => {
                self.0.insert(slot(record.channel, record.purpose), next);
                true
            }
            Some(current) if (next.at, next.state) > (current.at, current.state) => {
                let changed = current.state != next.state;
                *current = next;
                changed
            }
            Some(_) => false,
        }
    }

    /// Joins the consents of two profiles that turn out to be one person: the stricter of two statements holds,
    /// whichever came later, because a refusal made under one name must not be lost with it.
    pub fn merge(&mut self, other: &Consents) {
        for (slot, theirs) in &other.0 {
            match self.0.get_mut(slot) {
                None => {
                    self.0.insert(slot.clone(), theirs.clone());
                }
                Some(ours) => {
                    let rank = |c: &CurrentConsent| (c.state, c.at, c.source.clone());
                    if rank(theirs) > rank(ours) {
                        *ours = theirs.clone();
                    }
                }
            }
        }
    }

    pub fn granted_anywhere(&self, purpose: Purpose) -> bool {
        Channel::ALL.iter().any(|channel| self.state(*channel, purpose) == Some(ConsentState::Granted))
    }
}

impl ConsentRecord {
    pub fn at(&self) -> Timestamp {
        self.at.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Ms;

    fn record(state: ConsentState, at: i64) -> ConsentRecord {
        ConsentRecord {
            channel: Channel::Email,
            purpose: Purpose::Marketing,
            state,
            at: Ms(Timestamp::from_ms(at)),
            source: "form".into(),
            wording: None,
            ip: None,
            user_agent: None,
        }
    }

    #[test]
    fn the_later_statement_holds_in_any_order() {
        let check = |records: &[(ConsentState, i64)], expect: ConsentState| {
            for reversed in [false, true] {
                let mut consents = Consents::default();
                let mut list: Vec<_> = records.iter().map(|(state, at)| record(*state, *at)).collect();
                if reversed {
                    list.reverse();
                }
                for record in &list {
                    consents.apply(record);
                }
                assert_eq!(consents.state(Channel::Email, Purpose::Marketing), Some(expect), "{records:?}");
            }
        };
        use ConsentState::*;
        check(&[(Granted, 1), (Denied, 2)], Denied);
        check(&[(Denied, 1), (Granted, 2)], Granted);
        check(&[(Granted, 1), (Denied, 1)], Denied);
        check(&[(Pending, 1), (Granted, 2)], Granted);
    }

    #[test]
    fn a_merge_keeps_the_stricter_and_commutes() {
        let one = |state, at| {
            let mut consents = Consents::default();
            consents.apply(&record(state, at));
            consents
        };
        let mut a = one(ConsentState::Granted, 9);
        let mut b = one(ConsentState::Denied, 1);
        let (left, right) = (a.clone(), b.clone());
        a.merge(&right);
        b.merge(&left);
        assert_eq!(a, b);
        assert_eq!(a.state(Channel::Email, Purpose::Marketing), Some(ConsentState::Denied));
        a.merge(&Consents::default());
        assert_eq!(a, b);
    }
}
