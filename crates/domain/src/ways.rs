//! A message that can travel several ways: which is tried first for a person, and which next.
//!
//! The order follows what the customer said, else what worked for this customer, else the shop's own order. A way that
//! cannot be used (no address, no consent, refused for good) gives way to the next one; one that was accepted does so
//! only after it failed, or was not delivered within the shop's time.

use crate::consent::Channel;
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Ways beside the first.
pub const ALSO_MAX: usize = 4;
/// A message is given at most so long to be delivered, in minutes: three days.
pub const FALL_BACK_MINUTES_MAX: u32 = 3 * 24 * 60;
/// Messages that a channel must have had before its results are believed over the shop's order.
const ENOUGH: i64 = 3;

words! {
    /// What decides on the first way.
    Choose {
        /// The shop's order.
        Listed = "listed",
        /// The customer's stated preference, else the channel that works for this customer, else the shop's order.
        Best = "best",
    }
}

/// Further ways of a message, and when they are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ways {
    /// In the shop's order, after the message's own channel and template.
    pub also: Vec<Way>,
    pub choose: Choose,
    /// After so many minutes without a sign of delivery the next way is tried; `None`: only after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fall_back_after_minutes: Option<u32>,
}

impl Default for Ways {
    fn default() -> Self {
        Ways { also: Vec::new(), choose: Choose::Listed, fall_back_after_minutes: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    pub channel: Channel,
    /// The id or the name of a template of the channel.
    pub template: String,
}

impl Ways {
    /// Whether there is only the one way.
    pub fn is_single(&self) -> bool {
        self.also.is_empty()
    }

    /// What cannot be used, by its field.
    pub fn problems(&self, first: Channel) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.also.len() > ALSO_MAX {
            found.push(("ways.also", format!("at most {ALSO_MAX} further ways")));
        }
        let mut seen = vec![first];
        for way in &self.also {
            if seen.contains(&way.channel) || matches!(way.channel, Channel::Webhook) {
                found.push(("ways.also", "each channel once, and none of them a webhook".to_owned()));
            }
            seen.push(way.channel);
            let length = way.template.chars().count();
            if !(1..=200).contains(&length) || way.template.contains(char::is_control) {
                found.push(("ways.also", "each with the id or the name of a template".to_owned()));
            }
        }
        if self.fall_back_after_minutes.is_some_and(|minutes| !(1..=FALL_BACK_MINUTES_MAX).contains(&minutes))
        {
            found.push(("ways.fall_back_after_minutes", format!("from 1 to {FALL_BACK_MINUTES_MAX}")));
        }
        found
    }
}

/// What became of a customer's messages on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub accepted: i64,
    pub delivered: i64,
    pub clicked: i64,
    /// Clicked, and something was bought soon after.
    pub bought: i64,
    pub failed: i64,
}

/// How many of a customer's last messages are looked at.
pub const RESULTS_OF_MESSAGES: usize = 200;

impl Results {
    /// Higher is better: purchases and clicks count most, deliveries little, failures against. Opens do not count:
    /// only e-mail tells them. The counts are eased by two messages without effect, so that one lucky message decides
    /// nothing.
    fn worth(&self) -> f64 {
        let sent = (self.accepted + self.failed) as f64;
        let good = 3.0 * (self.clicked + self.bought) as f64 + 0.5 * self.delivered as f64;
        (good - self.failed as f64) / (sent + 2.0)
    }

    /// What it is worth, once there is enough to tell.
    fn known_worth(&self) -> Option<f64> {
        (self.accepted + self.failed >= ENOUGH).then(|| self.worth())
    }
}

/// The channel that works best for a customer, among those that had a click; of equals the first of the list of
/// channels. `None`: not known yet.
pub fn best(results: &BTreeMap<Channel, Results>) -> Option<Channel> {
    let mut found: Option<(Channel, f64)> = None;
    for (channel, known) in results.iter().filter(|(_, known)| known.clicked > 0) {
        let Some(worth) = known.known_worth() else { continue };
        if found.is_none_or(|(_, most)| worth > most) {
            found = Some((*channel, worth));
        }
    }
    found.map(|(channel, _)| channel)
}

/// The ways of one message on its way, kept with the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub ways: Vec<Way>,
    pub choose: Choose,
    pub fall_back_after_minutes: Option<u32>,
    /// How many of the ways, in their order, were given up; the next is the message's own.
    pub tried: usize,
    /// Whether the order was settled for this customer.
    pub is_settled: bool,
}

impl Plan {
    /// `None` where there is only one way.
    pub fn of(first: Way, ways: &Ways) -> Option<Plan> {
        (!ways.is_single()).then(|| Plan {
            ways: std::iter::once(first).chain(ways.also.iter().cloned()).collect(),
            choose: ways.choose,
            fall_back_after_minutes: ways.fall_back_after_minutes,
            tried: 0,
            is_settled: false,
        })
    }

    /// Puts the ways into the order for a customer, once.
    pub fn settle(&mut self, preferred: Option<Channel>, results: &BTreeMap<Channel, Results>) {
        if self.is_settled {
            return;
        }
        self.is_settled = true;
        if self.choose == Choose::Listed {
            return;
        }
        let worth =
            |way: &Way| -> f64 { results.get(&way.channel).and_then(Results::known_worth).unwrap_or(0.0) };
        // Stable: of equals the shop's order stands.
        self.ways.sort_by(|a, b| {
            let first = |way: &Way| Some(way.channel) == preferred;
            first(b).cmp(&first(a)).then(worth(b).total_cmp(&worth(a)))
        });
    }

    pub fn current(&self) -> Option<&Way> {
        self.ways.get(self.tried)
    }

    /// Whether a way is left after the current one.
    pub fn has_another(&self) -> bool {
        self.tried + 1 < self.ways.len()
    }

    /// Gives the current way up; the one after it, if there is one.
    pub fn give_up(&mut self) -> Option<Way> {
        self.tried = (self.tried + 1).min(self.ways.len());
        self.current().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(channel: Channel) -> Way {
        Way { channel, template: format!("{channel}-mau") }
    }

    fn plan(choose: Choose) -> Plan {
        let also = vec![way(Channel::Sms), way(Channel::Email)];
        Plan::of(way(Channel::Zalo), &Ways { also, choose, fall_back_after_minutes: Some(60) }).unwrap()
    }

    fn order(plan: &Plan) -> Vec<Channel> {
        plan.ways.iter().map(|way| way.channel).collect()
    }

    #[test]
    fn the_customer_decides_then_what_worked_then_the_shop() {
        use Channel::*;
        let works = |channel, clicked| {
            (channel, Results { accepted: 10, delivered: 8, clicked, ..Results::default() })
        };
        let check = |choose, preferred, results: &[(Channel, Results)], expect: [Channel; 3]| {
            let mut plan = plan(choose);
            plan.settle(preferred, &results.iter().copied().collect());
            assert_eq!(order(&plan), expect, "{preferred:?} {results:?}");
        };
        check(Choose::Listed, Some(Email), &[works(Sms, 9)], [Zalo, Sms, Email]);
        check(Choose::Best, None, &[], [Zalo, Sms, Email]);
        check(Choose::Best, Some(Email), &[works(Sms, 9)], [Email, Sms, Zalo]);
        check(Choose::Best, None, &[works(Email, 4), works(Sms, 1)], [Email, Sms, Zalo]);
        // One lucky click says little; failures speak against a channel.
        let lucky = Results { accepted: 1, delivered: 1, clicked: 1, ..Results::default() };
        check(Choose::Best, None, &[(Email, lucky)], [Zalo, Sms, Email]);
        let failing = Results { accepted: 1, failed: 5, ..Results::default() };
        check(Choose::Best, None, &[(Zalo, failing)], [Sms, Email, Zalo]);
        check(Choose::Best, Some(Push), &[], [Zalo, Sms, Email]);
    }

    #[test]
    fn each_way_is_tried_once() {
        let mut plan = plan(Choose::Listed);
        plan.settle(None, &BTreeMap::new());
        assert_eq!(plan.current(), Some(&way(Channel::Zalo)));
        assert_eq!(plan.give_up(), Some(way(Channel::Sms)));
        assert_eq!(plan.give_up(), Some(way(Channel::Email)));
        assert_eq!((plan.give_up(), plan.give_up()), (None, None));
        assert_eq!(Plan::of(way(Channel::Sms), &Ways::default()), None);
    }

    #[test]
    fn what_cannot_be_a_way_is_told() {
        let ways =
            |also: Vec<Way>, minutes| Ways { also, choose: Choose::Best, fall_back_after_minutes: minutes };
        assert_eq!(ways(vec![way(Channel::Email)], Some(60)).problems(Channel::Sms), []);
        assert_eq!(ways(vec![way(Channel::Sms)], None).problems(Channel::Sms).len(), 1);
        assert_eq!(ways(vec![way(Channel::Webhook)], Some(0)).problems(Channel::Sms).len(), 2);
        let nameless = Way { channel: Channel::Email, template: String::new() };
        assert_eq!(ways(vec![nameless], None).problems(Channel::Sms).len(), 1);
    }
}
