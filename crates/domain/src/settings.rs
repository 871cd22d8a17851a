//! What a shop has set for itself: one document a workspace.

use crate::gate::Policy;
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
}

/// What text messages cost and say.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texting {
    /// One part of a text message, in minor units of the shop's currency; 0: not known.
    pub sms_part_price: i64,
    /// One Zalo message, in minor units.
    pub zns_price: i64,
    /// How to stop advertisements, at the end of each: `TC: soan TC gui 8xxx`.
    pub sms_opt_out: String,
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
        }
    }
}

/// A setting that cannot be used, and what it should be.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SettingProblem {
    pub path: &'static str,
    pub message: String,
}

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
        for (path, price) in [
            ("texting.sms_part_price", self.texting.sms_part_price),
            ("texting.zns_price", self.texting.zns_price),
        ] {
            if !(0..=100_000_000).contains(&price) {
                tell(path, "0 when it is not known, or a price in minor units");
            }
        }
        if self.texting.sms_opt_out.len() > 100 || self.texting.sms_opt_out.contains(char::is_control) {
            tell("texting.sms_opt_out", "one line of at most 100 bytes");
        }
        problems.extend(self.policy.problems());
        problems
    }

    pub fn zone(&self) -> crate::local_time::Zone {
        crate::local_time::Zone::named(&self.time_zone).unwrap_or_else(|_| crate::local_time::Zone::vietnam())
    }

    pub fn currency(&self) -> kit::Currency {
        self.currency.parse().unwrap_or(kit::Currency::VND)
    }
}
