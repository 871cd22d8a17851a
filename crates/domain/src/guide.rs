//! Which channel suits what a message is for: a table that ships as data, corrected by the shop's own results once
//! they suffice.

use crate::consent::Channel;
use crate::journey::Trigger;
use crate::words::words;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("../guides/channels.json");

/// Messages of a use on a channel before its results say anything.
pub const ENOUGH: i64 = 200;
/// A channel that gets less than this share of the best one's clicks is not recommended, in percent.
const POOR_PERCENT: i64 = 33;

words! {
    /// What messages are for.
    Use {
        Welcome = "welcome",
        BrowseAbandonment = "browse_abandonment",
        CartAbandonment = "cart_abandonment",
        OrderAndShipping = "order_and_shipping",
        ReviewRequest = "review_request",
        CrossSell = "cross_sell",
        Loyalty = "loyalty",
        Reactivation = "reactivation",
        Birthday = "birthday",
    }
}

words! {
    /// What the guide says of a channel.
    Verdict { Recommended = "recommended", Possible = "possible", NotRecommended = "not_recommended" }
}

/// A line of the table; `ads` stands beside the channels for retargeting.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    #[serde(rename = "use")]
    pub for_use: Use,
    pub verdicts: BTreeMap<String, Verdict>,
}

/// What became of messages of one use on one channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    pub sent: i64,
    /// By people.
    pub clicked: i64,
}

/// What is said of a channel for a use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Advice {
    pub verdict: Verdict,
    /// The shop's own results say so, and not the table.
    pub is_own: bool,
}

/// The table as it ships.
pub fn table() -> &'static [Line] {
    static LINES: OnceLock<Vec<Line>> = OnceLock::new();
    LINES.get_or_init(|| serde_json::from_str(TABLE).unwrap_or_default())
}

/// What is said for a use, where the shop's results suffice by them: the channel with most clicks a message is
/// recommended, those far behind it are not.
pub fn advice(for_use: Use, results: &BTreeMap<String, Outcome>) -> BTreeMap<String, Advice> {
    let line = table().iter().find(|line| line.for_use == for_use);
    let shipped = line.map(|line| line.verdicts.clone()).unwrap_or_default();
    let mut said: BTreeMap<String, Advice> =
        shipped.into_iter().map(|(name, verdict)| (name, Advice { verdict, is_own: false })).collect();
    let known: Vec<(&String, &Outcome)> =
        results.iter().filter(|(_, outcome)| outcome.sent >= ENOUGH).collect();
    // One channel alone can be compared with nothing.
    if known.len() < 2 {
        return said;
    }
    // Shares are compared without dividing.
    let ahead = |a: &Outcome, b: &Outcome| a.clicked * b.sent > b.clicked * a.sent;
    let mut best = known[0];
    for one in &known[1..] {
        if ahead(one.1, best.1) {
            best = *one;
        }
    }
    if best.1.clicked == 0 {
        return said;
    }
    for (name, outcome) in known {
        let verdict = if name == best.0 {
            Verdict::Recommended
        } else if outcome.clicked * best.1.sent * 100 < best.1.clicked * outcome.sent * POOR_PERCENT {
            Verdict::NotRecommended
        } else {
            continue;
        };
        said.insert(name.clone(), Advice { verdict, is_own: true });
    }
    said
}

/// What the messages of a journey are for, as far as what starts it tells.
pub fn use_of(trigger: &Trigger) -> Option<Use> {
    match trigger {
        Trigger::Event(started) => match started.event.as_str() {
            "Cart Abandoned" | "Checkout Abandoned" | "Product Added" | "Checkout Started" => {
                Some(Use::CartAbandonment)
            }
            "Product Viewed" | "Product List Viewed" | "Products Searched" => Some(Use::BrowseAbandonment),
            "Order Completed" | "Order Updated" | "Order Shipped" | "Order Fulfilled" | "Order Cancelled"
            | "Order Refunded" => Some(Use::OrderAndShipping),
            "Order Delivered" => Some(Use::ReviewRequest),
            "Signed Up" | "Account Created" | "Subscribed" | "Consent Given" => Some(Use::Welcome),
            _ => None,
        },
        Trigger::Date(date) if date.attribute.to_lowercase().contains("birth") => Some(Use::Birthday),
        Trigger::Anniversary(date) if date.attribute.to_lowercase().contains("birth") => Some(Use::Birthday),
        _ => None,
    }
}

/// The channels that the table has a word for, beside `ads`.
pub fn channels() -> [Channel; 5] {
    [Channel::Email, Channel::Zalo, Channel::Sms, Channel::Push, Channel::Onsite]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_something_of_every_use_and_channel() {
        assert_eq!(table().len(), Use::ALL.len());
        for for_use in Use::ALL {
            let said = advice(*for_use, &BTreeMap::new());
            let names: Vec<&str> = said.keys().map(String::as_str).collect();
            assert_eq!(names, ["ads", "email", "onsite", "push", "sms", "zalo"], "{for_use}");
            assert!(said.values().any(|one| one.verdict == Verdict::Recommended && !one.is_own));
        }
    }

    #[test]
    fn the_shops_own_results_come_first_when_they_suffice() {
        let results = |list: &[(&str, i64, i64)]| {
            list.iter()
                .map(|(name, sent, clicked)| ((*name).to_owned(), Outcome { sent: *sent, clicked: *clicked }))
                .collect::<BTreeMap<_, _>>()
        };
        let said = advice(
            Use::CartAbandonment,
            &results(&[("email", 1_000, 10), ("sms", 300, 30), ("push", 50, 50)]),
        );
        let own = |verdict| Advice { verdict, is_own: true };
        assert_eq!(said["sms"], own(Verdict::Recommended));
        assert_eq!(said["email"], own(Verdict::NotRecommended));
        assert_eq!(said["push"], Advice { verdict: Verdict::Recommended, is_own: false }, "50 are too few");
        // Somewhat behind is no judgement, and one channel alone is none either.
        let said = advice(Use::CartAbandonment, &results(&[("email", 1_000, 80), ("sms", 300, 30)]));
        assert!(!said["email"].is_own);
        assert!(!advice(Use::Loyalty, &results(&[("email", 1_000, 80)]))["email"].is_own);
        assert!(!advice(Use::Loyalty, &results(&[("email", 500, 0), ("sms", 500, 0)]))["email"].is_own);
    }
}
