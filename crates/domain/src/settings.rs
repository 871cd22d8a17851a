//! What a shop has set for itself: one document a workspace.

use crate::consent::Channel;
use crate::gate::Policy;
use crate::price::Prices;
use crate::sms::{Marks, PARTS_MAX, PartsMax};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// ISO 4217; the unit of every sum of money in this workspace.
    pub currency: String,
    /// IANA name.
    pub time_zone: String,
    /// `vi` or `en`.
    pub language: String,
    pub shop: Shop,
    /// A cart with something in it that nobody touched for this long counts as left, in minutes.
    pub cart_abandoned_after_minutes: u32,
    /// Whether each cart waits as long as was learned for carts like it; where nothing was learned the minutes stand.
    pub cart_abandoned_learned: bool,
    pub policy: Policy,
    /// Campaign parameters added to links in messages; empty: none are added.
    pub utm_source: String,
    /// Full bodies of messages sent are kept for this long, in days; the ledger stays.
    pub body_retention_days: u32,
    /// How long events are kept, by name; `*` stands for all that are not named. None named: for ever.
    pub retention: Vec<EventRetention>,
    /// Samples of messages that could not be taken are kept for this long, in days.
    pub rejection_retention_days: u32,
    /// The audit log goes back so far, in days.
    pub audit_retention_days: u32,
    /// Visitors known by a device only, and without an order, are forgotten when nobody has seen them for this long,
    /// in days; 0: never.
    pub visitor_retention_days: u32,
    /// Whether webhooks and mail relays may be on private networks.
    pub allow_private_networks: bool,
    /// Where links in messages lead back to, such as `https://mail.shop.vn`; empty: the address that `serve`
    /// was given.
    pub public_url: String,
    /// How messages look.
    pub brand: crate::template::blocks::Brand,
    pub texting: Texting,
    /// When addresses and people are let alone.
    pub deliverability: crate::sending::Deliverability,
    /// What the shop writes about: people can turn each off on their preference page.
    pub topics: Vec<Topic>,
    pub consent: Asking,
    pub forecast: Forecasting,
}

/// What predictions of purchases need to know of the shop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forecasting {
    /// What stays of a sale after the goods are paid, in percent: the lifetime value counts this much.
    pub margin_percent: f64,
    /// By how much less a sale a year ahead is worth, in percent.
    pub discount_percent: f64,
    /// Of those whom a win-back contacts, how many may be such as would have come by themselves, in percent.
    pub win_back_waste_percent: f64,
    /// Nobody is won back before so many days of silence.
    pub win_back_days_min: u32,
    /// After so many days of silence everybody is due.
    pub win_back_days_max: u32,
}

impl Default for Forecasting {
    fn default() -> Self {
        Forecasting {
            margin_percent: 100.0,
            discount_percent: 10.0,
            win_back_waste_percent: 20.0,
            win_back_days_min: 28,
            win_back_days_max: 364,
        }
    }
}

impl Forecasting {
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let percent = |value: f64| (0.0..=100.0).contains(&value);
        let days = self.win_back_days_min..=self.win_back_days_max;
        [
            (percent(self.margin_percent), "forecast.margin_percent", "from 0 to 100"),
            (percent(self.discount_percent), "forecast.discount_percent", "from 0 to 100"),
            (percent(self.win_back_waste_percent), "forecast.win_back_waste_percent", "from 0 to 100"),
            (
                !days.is_empty() && *days.start() >= 1 && *days.end() <= 3_650,
                "forecast.win_back_days_max",
                "at least forecast.win_back_days_min, which is at least 1, and at most 3650",
            ),
        ]
        .into_iter()
        .filter(|(fits, ..)| !fits)
        .map(|(_, path, message)| (path, message))
        .collect()
    }
}

/// A topic of the shop's advertisements.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// As templates, campaigns and journeys name it: letters, digits, `_` and `-`.
    pub id: String,
    /// As people read it.
    pub name: String,
    /// For those who read English; the name when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_en: String,
}

impl Topic {
    pub fn named(&self, language: &str) -> &str {
        if language == "en" && !self.name_en.is_empty() { &self.name_en } else { &self.name }
    }
}

/// How people are asked whether they agree, and how a refusal is confirmed to them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asking {
    /// Channels on which somebody who signed up is asked, once, to confirm that it was them (double opt-in).
    pub ask_on: Vec<Channel>,
    /// What asks them; `{{ confirm_url }}` leads to the page with the button. Empty: the text that comes with
    /// Quaylai.
    pub ask_subject: String,
    pub ask_text: String,
    /// Whether a refusal is confirmed on the channels where the law asks for it.
    pub confirm_stops: bool,
    /// What confirms a refusal, without advertising; `{{ notice.at }}` is when it came. Empty: the text that comes
    /// with Quaylai.
    pub stopped_subject: String,
    pub stopped_text: String,
}

impl Default for Asking {
    fn default() -> Self {
        Asking {
            ask_on: vec![Channel::Email, Channel::Sms],
            ask_subject: String::new(),
            ask_text: String::new(),
            confirm_stops: true,
            stopped_subject: String::new(),
            stopped_text: String::new(),
        }
    }
}

impl Asking {
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        for (path, line) in
            [("consent.ask_subject", &self.ask_subject), ("consent.stopped_subject", &self.stopped_subject)]
        {
            if line.len() > 300 || line.contains(char::is_control) {
                found.push((path, "one line of at most 300 bytes"));
            }
        }
        for (path, text) in
            [("consent.ask_text", &self.ask_text), ("consent.stopped_text", &self.stopped_text)]
        {
            if text.len() > 5_000 {
                found.push((path, "at most 5000 bytes"));
            }
        }
        if !self.ask_text.is_empty() && !self.ask_text.contains("confirm_url") {
            found.push(("consent.ask_text", "it needs the link {{ confirm_url }}"));
        }
        if self.ask_on.iter().any(|channel| !matches!(channel, Channel::Email | Channel::Sms)) {
            found.push(("consent.ask_on", "email and sms"));
        }
        found
    }
}

/// What text messages cost and say.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texting {
    /// One part of a text message where `prices` has none, in minor units of the shop's currency; 0: not known.
    pub sms_part_price: i64,
    /// One Zalo message where `prices` has none, in minor units; 0: not known.
    pub zns_price: i64,
    /// How to stop advertisements, at the end of each: `TC: soan TC gui 8xxx`.
    pub sms_opt_out: String,
    /// What becomes of the marks of Vietnamese, unless a template says otherwise.
    pub sms_marks: Marks,
    /// A longer text message is not sent.
    pub sms_parts_max: PartsMax,
    pub prices: Prices,
}

/// How long events of one name are kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRetention {
    /// The name of an event, or `*` for all that no other rule names.
    pub event: String,
    /// From 1 day to 100 years.
    pub days: u32,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shop {
    pub name: String,
    pub url: String,
    /// Postal address, shown in the footer of every advertisement as the law asks.
    pub address: String,
    pub email: String,
    pub phone: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            currency: "VND".into(),
            time_zone: "Asia/Ho_Chi_Minh".into(),
            language: "vi".into(),
            shop: Shop::default(),
            cart_abandoned_after_minutes: 60,
            cart_abandoned_learned: false,
            policy: Policy::default(),
            utm_source: "quaylai".into(),
            body_retention_days: 60,
            retention: Vec::new(),
            rejection_retention_days: 90,
            audit_retention_days: 730,
            visitor_retention_days: 0,
            allow_private_networks: false,
            public_url: String::new(),
            brand: crate::template::blocks::Brand::default(),
            texting: Texting::default(),
            deliverability: crate::sending::Deliverability::default(),
            topics: Vec::new(),
            consent: Asking::default(),
            forecast: Forecasting::default(),
        }
    }
}

/// A setting that cannot be used, and what it should be.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SettingProblem {
    pub path: &'static str,
    pub message: String,
}

/// No learned delay of a cart is shorter.
pub const CART_LEARNED_MINUTES_MIN: u32 = 30;

impl Settings {
    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut tell =
            |path, message: &str| problems.push(SettingProblem { path, message: message.to_owned() });
        if self.currency.parse::<kit::Currency>().is_err() {
            tell("currency", "three letters, such as VND");
        }
        if crate::local_time::Zone::named(&self.time_zone).is_err() {
            tell("time_zone", "an IANA name, such as Asia/Ho_Chi_Minh");
        }
        if !["vi", "en"].contains(&self.language.as_str()) {
            tell("language", "vi or en");
        }
        if !(1..=60 * 24 * 30).contains(&self.cart_abandoned_after_minutes) {
            tell("cart_abandoned_after_minutes", "from 1 minute to 30 days");
        }
        if self.body_retention_days > 3_650 {
            tell("body_retention_days", "at most ten years");
        }
        let named: std::collections::BTreeSet<&str> =
            self.retention.iter().map(|rule| rule.event.as_str()).collect();
        let is_lawful = |rule: &EventRetention| {
            (1..=36_500).contains(&rule.days) && (1..=200).contains(&rule.event.len())
        };
        if self.retention.len() > 500
            || named.len() < self.retention.len()
            || !self.retention.iter().all(is_lawful)
        {
            tell("retention", "at most 500 rules, one for each event, each of 1 to 36500 days");
        }
        if !(1..=3_650).contains(&self.rejection_retention_days) {
            tell("rejection_retention_days", "from 1 day to ten years");
        }
        if !(30..=36_500).contains(&self.audit_retention_days) {
            tell("audit_retention_days", "from 30 days to 100 years");
        }
        if self.visitor_retention_days != 0 && !(7..=36_500).contains(&self.visitor_retention_days) {
            tell("visitor_retention_days", "0 for never, or from 7 days to 100 years");
        }
        for (path, url) in [("shop.url", &self.shop.url), ("public_url", &self.public_url)] {
            if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
                tell(path, "an address that begins with https://");
            }
        }
        for (path, text) in [("shop.name", &self.shop.name), ("shop.address", &self.shop.address)] {
            if text.len() > 500 || text.contains(char::is_control) {
                tell(path, "one line of at most 500 bytes");
            }
        }
        for (path, message) in self.brand.problems() {
            tell(path, message);
        }
        let named = self.texting.prices.named();
        for (path, price) in [
            ("texting.sms_part_price", self.texting.sms_part_price),
            ("texting.zns_price", self.texting.zns_price),
        ]
        .into_iter()
        .chain(named)
        {
            if !(0..=100_000_000).contains(&price) {
                tell(path, "0 when it is not known, or a price in minor units");
            }
        }
        if self.texting.sms_opt_out.len() > 100 || self.texting.sms_opt_out.contains(char::is_control) {
            tell("texting.sms_opt_out", "one line of at most 100 bytes");
        }
        let PartsMax { care, advertising } = self.texting.sms_parts_max;
        for (path, parts) in
            [("texting.sms_parts_max.care", care), ("texting.sms_parts_max.advertising", advertising)]
        {
            if !(1..=PARTS_MAX).contains(&usize::from(parts)) {
                tell(path, "from 1 to 4 parts");
            }
        }
        let is_plain = |id: &str| {
            (1..=50).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        let line = |text: &str, least: usize| {
            (least..=100).contains(&text.chars().count()) && !text.contains(char::is_control)
        };
        let ids: std::collections::BTreeSet<&str> =
            self.topics.iter().map(|topic| topic.id.as_str()).collect();
        let is_usable =
            |topic: &Topic| is_plain(&topic.id) && line(&topic.name, 1) && line(&topic.name_en, 0);
        if self.topics.len() > 50 || ids.len() < self.topics.len() || !self.topics.iter().all(is_usable) {
            tell(
                "topics",
                "at most 50, each with an id of its own (letters, digits, _ and -) and a name of 1 to 100 characters",
            );
        }
        for (path, message) in self.consent.problems().into_iter().chain(self.forecast.problems()) {
            tell(path, message);
        }
        problems.extend(self.policy.problems());
        problems.extend(self.deliverability.problems());
        problems
    }

    /// A resting cart is looked at for the first time after so long, in milliseconds. Whether it counts as left by then
    /// is another question where its delay is learned.
    pub fn cart_looked_at_after_ms(&self) -> i64 {
        let minutes = match self.cart_abandoned_learned {
            true => self.cart_abandoned_after_minutes.min(CART_LEARNED_MINUTES_MIN),
            false => self.cart_abandoned_after_minutes,
        };
        i64::from(minutes) * kit::MINUTE_MS
    }

    pub fn zone(&self) -> crate::local_time::Zone {
        crate::local_time::Zone::named(&self.time_zone).unwrap_or_else(|_| crate::local_time::Zone::vietnam())
    }

    pub fn currency(&self) -> kit::Currency {
        self.currency.parse().unwrap_or(kit::Currency::VND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_before_is_read() {
        let before = r#"{"texting":{"sms_part_price":800,"zns_price":300,"sms_opt_out":"TC"}}"#;
        let settings: Settings = serde_json::from_str(before).unwrap();
        assert_eq!((settings.texting.sms_part_price, settings.texting.zns_price), (800, 300));
        assert_eq!((settings.texting.sms_marks, settings.texting.prices), (Marks::Keep, Prices::default()));
        assert_eq!(settings.problems(), []);
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn prices_and_parts_are_bounded() {
        let mut settings = Settings::default();
        settings.texting.prices.sms.advertising.viettel = -1;
        settings.texting.sms_parts_max.care = 5;
        let paths: Vec<_> = settings.problems().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["texting.prices.sms.advertising.viettel", "texting.sms_parts_max.care"]);
    }
}
