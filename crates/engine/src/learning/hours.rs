//! What is usual in a shop: prices, discounts, how soon things are bought again, when people read.

use super::{Going, Learned};
use crate::EngineError;
use crate::facts::zone_of;
use domain::commerce::{Order, day_of};
use domain::condition::PastMessage;
use kit::{ProfileNo, Timestamp};
use models::hours::{Learner, Person, is_worth_serving};
use rustc_hash::FxHashMap;
use store::Store;
use store::access::Workspace;

/// Profiles whose past is loaded at once.
pub(super) const SLICE: i64 = 2_000;

/// A number of a person that has nothing to do with what they did.
pub(super) fn number_of(no: ProfileNo) -> u64 {
    // SplitMix64's finaliser.
    let mut x = no.0.unsigned_abs().wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(super) fn learn(
    store: &Store,
    shop: &Workspace,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Learned>, EngineError> {
    let (workspace, zone) = (shop.workspace, shop.settings.zone());
    let mut learner = Learner::new(&shop.settings.currency, &zone, day_of(now, &zone));
    let last = store.read(|tx| tx.last_profile_no(workspace))?;
    let mut after = ProfileNo(0);
    loop {
        let page = store.read(|tx| tx.profiles_after(workspace, after, SLICE))?;
        let Some(to) = page.last().map(|stored| stored.profile.no) else { break };
        let mut orders: FxHashMap<ProfileNo, Vec<Order>> = FxHashMap::default();
        let mut messages: FxHashMap<ProfileNo, Vec<PastMessage>> = FxHashMap::default();
        store.read(|tx| {
            for (no, order) in tx.past_orders_between(workspace, (after, to))? {
                orders.entry(no).or_default().push(order);
            }
            tx.scan_messages(workspace, (after, to), &mut |no, message| {
                messages.entry(no).or_default().push(message);
            })
        })?;
        for stored in page.iter().filter(|stored| stored.profile.may_be_profiled()) {
            let no = stored.profile.no;
            learner.take(&Person {
                number: number_of(no),
                orders: orders.get(&no).map_or(&[], Vec::as_slice),
                messages: messages.get(&no).map_or(&[], Vec::as_slice),
                zone: &zone_of(&stored.profile, &zone),
            });
        }
        after = to;
        if !going(0.9 * after.0 as f64 / last.0.max(1) as f64) {
            return Ok(None);
        }
    }
    let (norms, report) = learner.finish();
    if report.people == 0 {
        return Ok(None);
    }
    Ok(Some(Learned {
        document: super::written(&norms)?,
        report: super::written(&report)?,
        serves: is_worth_serving(&norms),
        retires: false,
    }))
}
