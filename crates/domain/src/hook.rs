//! Telling the shop's own systems what happens: topics, what a subscription is, when a message is tried again.
//!
//! What is told names things by their ids and never carries an address, a name or a text of a customer: whoever may
//! know more asks the API for it. So a queue of messages holds nothing that an erasure would have to find.

use crate::words::words;
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, Rng, SECOND_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

words! {
    /// What can be told.
    Topic {
        /// Somebody is new: a visitor, or a person.
        ProfileCreated = "profile.created",
        /// Attributes of somebody have other values.
        ProfileUpdated = "profile.updated",
        /// Two profiles became one.
        ProfileMerged = "profile.merged",
        ConsentChanged = "consent.changed",
        OrderCreated = "order.created",
        OrderUpdated = "order.updated",
        SegmentEntered = "segment.entered",
        SegmentLeft = "segment.left",
        JourneyEntered = "journey.entered",
        /// A run of a journey came to its end, whatever end.
        JourneyFinished = "journey.finished",
        /// The provider took a message.
        MessageAccepted = "message.accepted",
        /// The provider says that a message arrived.
        MessageDelivered = "message.delivered",
        /// A message did not go, or nobody knows whether it did, and it is not tried again.
        MessageFailed = "message.failed",
        /// Consent, a cap or another rule kept a message back for good.
        MessageWithheld = "message.withheld",
        /// By a person; what machines do is not told.
        MessageOpened = "message.opened",
        MessageClicked = "message.clicked",
        MessageUnsubscribed = "message.unsubscribed",
        /// Somebody of the shop tries the subscription.
        Test = "webhook.test",
    }
}

/// Webhooks that one workspace may have.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// One that takes nothing for so long is switched off.
pub const DISABLED_AFTER_MS: i64 = 5 * DAY_MS;
/// An old secret signs along with its successor for so long.
pub const SECRET_OVERLAP_MS: i64 = DAY_MS;
/// What was and was not delivered is kept for so long.
pub const LOG_KEPT_MS: i64 = 30 * DAY_MS;

/// Waits before the second attempt and those that follow; a little more than a day in all.
const WAITS_MS: [i64; 8] = [
    5 * SECOND_MS,
    MINUTE_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    8 * HOUR_MS,
    10 * HOUR_MS,
];

/// Where messages go, and which.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    #[serde(default)]
    pub name: String,
    pub url: String,
    pub topics: BTreeSet<Topic>,
}

impl Subscription {
    /// Field and what it should be, of everything that cannot be used.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        if self.name.chars().count() > 100 || self.name.contains(char::is_control) {
            problems.push(("name", "one line of at most 100 characters"));
        }
        let host = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let plain = |text: &str| text.is_ascii() && !text.contains(|c: char| c.is_control() || c == ' ');
        match host {
            Some(rest)
                if plain(rest) && !rest.split(['/', '?', '#']).next().unwrap_or_default().is_empty() => {}
            _ => problems.push(("url", "an address that begins with https://")),
        }
        if self.url.len() > 2_000 {
            problems.push(("url", "at most 2000 characters"));
        }
        if host.is_some_and(|rest| rest.split('/').next().unwrap_or_default().contains('@')) {
            problems.push(("url", "without a user name or a password"));
        }
        if self.topics.is_empty() || self.topics == BTreeSet::from([Topic::Test]) {
            problems.push(("topics", "at least one"));
        }
        problems
    }

    pub fn wants(&self, topic: Topic) -> bool {
        topic == Topic::Test || self.topics.contains(&topic)
    }
}

/// The body of a message: its topic, when it happened, and what.
pub fn body(topic: Topic, at: Timestamp, data: &Value) -> String {
    let at =
        jiff::Timestamp::from_millisecond(at.ms()).map_or_else(|_| String::new(), |at| format!("{at:.3}"));
    json!({ "type": topic, "timestamp": at, "data": data }).to_string()
}

/// When a message is tried again after its `attempts`-th attempt failed at `now`; `None`: no more. The wait is up to
/// a fifth longer than the plan says, by the message's number, so that what failed together does not come together.
pub fn next_attempt(delivery_no: i64, attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let wait_ms = *WAITS_MS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    let mut rng = Rng::seeded((delivery_no as u64) << 8 ^ attempts as u64);
    Some(now.plus_ms(wait_ms + rng.below(wait_ms as u64 / 5) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(url: &str) -> Subscription {
        Subscription { name: "Kho".into(), url: url.into(), topics: BTreeSet::from([Topic::OrderCreated]) }
    }

    #[test]
    fn a_subscription_says_what_is_wrong_with_it() {
        let check = |subscription: Subscription, expect: &[&str]| {
            let fields: Vec<&str> = subscription.problems().into_iter().map(|(field, _)| field).collect();
            assert_eq!(fields, expect, "{subscription:?}");
        };
        check(to("https://erp.shop.vn/hooks?a=1"), &[]);
        check(to("http://127.0.0.1:9000"), &[]);
        check(to("ftp://erp.shop.vn"), &["url"]);
        check(to("https://"), &["url"]);
        check(to("https:///x"), &["url"]);
        check(to("https://an:mật khẩu@erp.shop.vn"), &["url", "url"]);
        check(to("https://an:pw@erp.shop.vn"), &["url"]);
        check(Subscription { topics: BTreeSet::new(), ..to("https://a.vn") }, &["topics"]);
        check(Subscription { topics: BTreeSet::from([Topic::Test]), ..to("https://a.vn") }, &["topics"]);
        check(Subscription { name: "a\nb".into(), ..to("https://a.vn") }, &["name"]);
        assert!(to("https://a.vn").wants(Topic::Test) && !to("https://a.vn").wants(Topic::OrderUpdated));
    }

    #[test]
    fn attempts_go_on_for_about_a_day_and_are_spread() {
        let mut at = Timestamp::from_ms(0);
        let mut attempts = 1;
        while let Some(next) = next_attempt(7, attempts, at) {
            assert!(next > at);
            (at, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 9);
        let hours = at.ms() / HOUR_MS;
        assert!((25..=31).contains(&hours), "{hours}");
        let first: BTreeSet<_> = (0..50).map(|no| next_attempt(no, 1, Timestamp::from_ms(0))).collect();
        assert!(first.len() > 40, "what failed together comes apart");
        assert_eq!(next_attempt(7, 0, at), None);
    }

    #[test]
    fn a_body_says_what_when_and_whom() {
        let text = body(Topic::ConsentChanged, Timestamp::from_ms(1_000), &json!({ "profile_id": "01H" }));
        let expect = json!({
            "type": "consent.changed", "timestamp": "1970-01-01T00:00:01.000Z", "data": { "profile_id": "01H" }
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expect);
    }
}
