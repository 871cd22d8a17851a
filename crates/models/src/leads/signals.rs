//! What is seen of somebody at an instant.

use domain::commerce::day_of;
use domain::condition::Past;
use domain::consent::{ConsentState, Purpose};
use domain::identifier::IdentifierKind;
use domain::lead::SIGNALS;
use domain::local_time::Zone;
use domain::profile::Profile;
use kit::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// Days of the shop's calendar that behaviour is counted over, today included.
const DAYS: i32 = 30;

/// A number that may say something about whether somebody buys.
#[derive(Clone, PartialEq, Debug)]
pub struct Signal {
    pub code: &'static str,
    /// In its own unit: a count, days, 1 for yes.
    pub value: f64,
    /// As the regression takes it.
    pub x: f64,
}

/// A profile as it was known at an instant: without addresses, attributes, tags, lists, consents and orders that came
/// later. Of an attribute that was told anew since, nothing is known of before.
pub fn as_of(profile: &Profile, at: Timestamp) -> Profile {
    let mut then = profile.clone();
    then.identifiers.retain(|known| known.at.0 <= at);
    then.attributes.retain(|_, attribute| attribute.at.0 <= at);
    then.tags.retain(|_, state| state.at.0 <= at);
    then.lists.retain(|_, state| state.at.0 <= at);
    then.consents.forget_after(at);
    then.carts.clear();
    then.shopped_at = then.shopped_at.filter(|shopped| shopped.0 <= at);
    then.last_seen_at = then.last_seen_at.min(at.into());
    then.totals = Default::default();
    then.lead = None;
    then
}

/// What is seen of somebody at an instant, by days of the shop's calendar: within a day nothing changes but by what
/// they do. The past holds the events of [`SIGNALS`]; what lies after the instant is not looked at.
pub fn signals(profile: &Profile, past: &Past, at: Timestamp, zone: &Zone) -> Vec<Signal> {
    let today = day_of(at, zone);
    let age = |then: Timestamp| today - day_of(then, zone);
    let mut found = Vec::with_capacity(SIGNALS.len() + 8);
    let mut active: BTreeSet<i32> = BTreeSet::new();
    let mut latest: Option<i32> = None;
    for (name, code) in SIGNALS {
        let events = past.events.get(*name).map(Vec::as_slice).unwrap_or_default();
        let mut count = 0.0;
        for event in events.iter().filter(|event| event.at <= at) {
            let age = age(event.at);
            if age < DAYS {
                count += 1.0;
                active.insert(age);
                latest = Some(latest.map_or(age, |held| held.min(age)));
            }
        }
        found.push(Signal { code, value: count, x: f64::ln_1p(count) });
    }
    let days = active.len() as f64;
    found.push(Signal { code: "active_days", value: days, x: days.ln_1p() });
    let latest = f64::from(latest.unwrap_or(DAYS));
    found.push(Signal { code: "days_since_seen", value: latest, x: (-latest / 7.0).exp() });
    let known = f64::from(age(profile.first_seen_at.0).max(0));
    found.push(Signal { code: "days_known", value: known, x: known.ln_1p() });
    let yes = |code: &'static str, yes: bool| {
        let x = f64::from(u8::from(yes));
        Signal { code, value: x, x }
    };
    found.push(yes("has_email", profile.address(&IdentifierKind::Email).is_some()));
    found.push(yes("has_phone", profile.address(&IdentifierKind::Phone).is_some()));
    let consents = |state: ConsentState| {
        profile
            .consents
            .iter()
            .any(|(slot, held)| slot.ends_with(&format!(".{}", Purpose::Marketing)) && held.state == state)
    };
    found.push(yes("consent", consents(ConsentState::Granted)));
    found.push(yes("refused", consents(ConsentState::Denied)));
    found
}

/// Where the person came from, as the shop's attributes tell it.
pub fn source(profile: &Profile) -> Option<String> {
    ["source", "utm_source", "first_utm_source"]
        .iter()
        .filter_map(|name| profile.attribute(name).and_then(Value::as_str))
        .map(|source| source.trim().to_lowercase())
        .find(|source| !source.is_empty() && source.chars().count() <= 60)
}
