//! Which carts are bought without help.

use super::hours::{SLICE, number_of};
use super::{Going, Learned};
use crate::EngineError;
use crate::facts::zone_of;
use crate::segments::properties_of;
use domain::commerce::{CommerceEvent, read};
use kit::{DAY_MS, ProfileNo, Timestamp};
use models::carts::{CART_EVENTS, Rest, Shopper, fit, rests};
use rustc_hash::FxHashMap;
use serde_json::Value;
use store::Store;
use store::access::Workspace;

/// Carts of so long ago are of another shop.
const REACH_DAYS: i64 = 400;

pub(super) fn learn(
    store: &Store,
    shop: &Workspace,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Learned>, EngineError> {
    let (workspace, zone, currency) = (shop.workspace, shop.settings.zone(), shop.settings.currency());
    let since = now.plus_ms(-REACH_DAYS * DAY_MS);
    let (last, names) = store.read(|tx| Ok((tx.last_profile_no(workspace)?, tx.event_names()?)))?;
    let names: Vec<(i64, String)> = names
        .into_iter()
        .filter(|(of, _, name)| *of == workspace && CART_EVENTS.contains(&name.as_str()))
        .map(|(_, no, name)| (no, name))
        .collect();
    let mut all: Vec<Rest> = Vec::new();
    let mut after = ProfileNo(0);
    loop {
        let page = store.read(|tx| tx.profiles_after(workspace, after, SLICE))?;
        let Some(to) = page.last().map(|stored| stored.profile.no) else { break };
        let mut events: FxHashMap<ProfileNo, Vec<(Timestamp, CommerceEvent)>> = FxHashMap::default();
        let mut purchases: FxHashMap<ProfileNo, Vec<Timestamp>> = FxHashMap::default();
        let mut advertised: FxHashMap<ProfileNo, Vec<Timestamp>> = FxHashMap::default();
        store.read(|tx| {
            for (name_no, name) in &names {
                for event in tx.past_event_bodies_between(workspace, (after, to), since, *name_no)? {
                    let Value::Object(properties) = properties_of(&event.body) else { continue };
                    if let Some(told) = read(name, &properties, event.at, "", currency) {
                        events.entry(event.profile).or_default().push((event.at, told));
                    }
                }
            }
            for (no, order) in tx.past_orders_between(workspace, (after, to))? {
                if order.counts() {
                    purchases.entry(no).or_default().push(order.placed_at.0);
                }
            }
            tx.scan_messages(workspace, (after, to), &mut |no, message| {
                if let Some(at) = message.accepted_at.filter(|_| message.purpose == "marketing") {
                    advertised.entry(no).or_default().push(at);
                }
            })
        })?;
        for stored in page.iter().filter(|stored| stored.profile.may_be_profiled()) {
            let profile = &stored.profile;
            let Some(events) = events.remove(&profile.no) else { continue };
            let strong = profile.identifiers.iter().filter(|known| known.identifier.kind.is_strong());
            let Some(known_at) = strong.map(|known| known.at).min() else { continue };
            // Who was known by more than a device from the first was never a visitor, however late we were told.
            let known_from = if known_at <= profile.created_at { profile.first_seen_at } else { known_at };
            let shopper = Shopper {
                number: number_of(profile.no),
                known_from: known_from.0,
                first_seen_at: profile.first_seen_at.0,
                zone: &zone_of(profile, &zone),
                events,
                purchases: purchases.remove(&profile.no).unwrap_or_default(),
                advertised: advertised.remove(&profile.no).unwrap_or_default(),
            };
            all.extend(rests(shopper, currency.code(), now));
        }
        after = to;
        if !going(0.7 * after.0 as f64 / last.0.max(1) as f64) {
            return Ok(None);
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let fitted = fit(&all);
    let document = match &fitted.model {
        Some(model) => super::written(model)?,
        None => String::new(),
    };
    let serves = fitted.model.is_some();
    // Where the features are of no use the share by silence serves; without a model there is too little to judge by.
    Ok(Some(Learned { document, report: super::written(&fitted.report)?, serves, retires: false }))
}
