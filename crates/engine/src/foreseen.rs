//! What is forecast of a person, by the names under which segments, journeys, templates and exports ask for it:
//! `predicted.*` and `rfm.*`. A value stands for a day of the shop's calendar and may be another on the next.

use crate::insight::Insight;
use domain::commerce::{Day, PurchaseHistory, day_of, in_units};
use domain::local_time::{Zone, at_local, start_of_next_day};
use domain::profile::Profile;
use jiff::Span;
use jiff::civil::Date;
use kit::{Currency, Timestamp};
use models::forecast::{Asked, Expected, Outlook, Rfm};
use serde_json::{Map, Value, json};

/// The spans of `predicted.orders_30d` and its like, in the order of [`models::forecast::SPANS`].
const SPAN_NAMES: [&str; 3] = ["30d", "90d", "365d"];

/// Every field below `predicted`.
pub const PREDICTED_FIELDS: &[&str] = &[
    "alive",
    "buys_30d",
    "orders_30d",
    "orders_30d_low",
    "orders_30d_high",
    "orders_90d",
    "orders_90d_low",
    "orders_90d_high",
    "orders_365d",
    "orders_365d_low",
    "orders_365d_high",
    "spend_30d",
    "spend_30d_low",
    "spend_30d_high",
    "spend_90d",
    "spend_90d_low",
    "spend_90d_high",
    "spend_365d",
    "spend_365d_low",
    "spend_365d_high",
    "clv",
    "next_order_at",
    "next_order_at_low",
    "next_order_at_high",
    "rhythm_days",
    "win_back_at",
    "win_back_due",
    "churn",
];

/// Every field below `rfm`.
pub const RFM_FIELDS: &[&str] = &["recency", "frequency", "monetary", "cell", "group"];

/// A number as people read it: chances and counts to four places.
fn number(value: f64) -> Option<Value> {
    value.is_finite().then(|| json!((value * 10_000.0).round() / 10_000.0))
}

fn civil(day: Day) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()
}

/// A day as conditions read dates: `2026-11-22`.
fn date_of(day: Day) -> Option<Value> {
    civil(day).map(|date| json!(date.to_string()))
}

fn part<T>(expected: Expected<T>, end: &str) -> Option<T> {
    match end {
        "" => Some(expected.value),
        "low" => Some(expected.low),
        "high" => Some(expected.high),
        _ => None,
    }
}

/// One field below `predicted`.
fn predicted(asked: &Asked<'_>, field: &str, (today, currency): (Day, Currency)) -> Option<Value> {
    match field {
        "alive" => number(asked.alive()?),
        "buys_30d" => number(asked.buys_30d()),
        "clv" => Some(in_units(asked.clv()?, currency)),
        "rhythm_days" => number(asked.rhythm_days()?),
        "win_back_at" => date_of(asked.win_back_at()?),
        "win_back_due" => asked.win_back_at().map(|day| json!(day <= today)),
        "churn" => Some(json!(asked.churn().name())),
        _ => {
            if let Some(end) = field.strip_prefix("next_order_at") {
                return date_of(part(asked.next_order()?, end.trim_start_matches('_'))?);
            }
            let (what, rest) = field.split_once('_')?;
            let (span, end) = rest.split_once('_').unwrap_or((rest, ""));
            let span = SPAN_NAMES.iter().position(|name| *name == span)?;
            match what {
                "orders" => number(part(asked.orders(span), end)?),
                "spend" => Some(in_units(part(asked.spend(span)?, end)?, currency)),
                _ => None,
            }
        }
    }
}

/// One field below `rfm`.
fn rfm(rfm: &Rfm, field: &str) -> Option<Value> {
    match field {
        "recency" => Some(json!(rfm.recency)),
        "frequency" => Some(json!(rfm.frequency)),
        "monetary" => Some(json!(rfm.monetary)),
        "cell" => Some(json!(rfm.cell())),
        "group" => Some(json!(rfm.group.name())),
        _ => None,
    }
}

impl Insight {
    /// What may be told of a person's purchases: their history and the calendar by which days are counted.
    fn asked<'a>(&'a self, profile: &'a Profile) -> Option<(&'a Outlook, &'a PurchaseHistory, &'a Zone)> {
        let history = profile.totals.history.as_ref().filter(|_| profile.may_be_profiled())?;
        Some((self.purchases.as_ref()?, history, self.zone.as_ref()?))
    }

    /// The value of a field of `predicted` (`is_rfm`: of `rfm`) at an instant, and until when it stays.
    pub(crate) fn foreseen(
        &self,
        profile: &Profile,
        (is_rfm, field): (bool, &str),
        currency: Currency,
        at: Timestamp,
    ) -> (Option<Value>, Option<Timestamp>) {
        let Some((outlook, history, zone)) = self.asked(profile) else { return (None, None) };
        let today = day_of(at, zone);
        let begins = |day: Day| civil(day).map(|date| at_local(date, 0, 0, zone));
        // What a field is made of says how long it stays.
        if is_rfm {
            let (scores, turns) = outlook.rfm(history, today);
            return (rfm(&scores, field), turns.and_then(begins).filter(|until| *until > at));
        }
        let asked = outlook.ask(history, today);
        let value = predicted(&asked, field, (today, currency));
        let until = match field {
            "win_back_at" | "rhythm_days" => None,
            "win_back_due" => asked.win_back_at().filter(|day| today < *day).and_then(begins),
            _ => Some(start_of_next_day(at, zone)),
        };
        (value, until)
    }

    /// All that is forecast of a person, by field: `predicted` and `rfm` as templates, exports and the API show them.
    pub fn all_foreseen(
        &self,
        profile: &Profile,
        currency: Currency,
        at: Timestamp,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let Some((outlook, history, zone)) = self.asked(profile) else { return Default::default() };
        let today = day_of(at, zone);
        let (asked, (scores, _)) = (outlook.ask(history, today), outlook.rfm(history, today));
        let of = |fields: &[&str], value: &dyn Fn(&str) -> Option<Value>| -> Map<String, Value> {
            fields.iter().filter_map(|field| Some(((*field).to_owned(), value(field)?))).collect()
        };
        (
            of(PREDICTED_FIELDS, &|field| predicted(&asked, field, (today, currency))),
            of(RFM_FIELDS, &|field| rfm(&scores, field)),
        )
    }
}
