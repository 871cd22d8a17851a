//! Which way of recommending suits the shop, tried on what its customers bought later.

use super::{Going, Learned};
use crate::EngineError;
use crate::shelf::{Shelf, options};
use kit::Timestamp;
use models::recommend::{HoldOut, Interaction, Kind, NAIVE, Rail, Report, choose_while};
use rustc_hash::FxHashSet;
use serde::Serialize;
use store::Store;
use store::access::Workspace;

/// The kind of these models; shelves ask them, nobody else.
pub const KIND: &str = "recommend";

/// Interactions that are tried on at most, the latest: 7 MB, and some 150 MB while EASE is tried.
const INTERACTIONS_MAX: usize = 300_000;

/// What a shop reads of how good its recommendations are.
#[derive(Serialize)]
struct Told<'r> {
    /// `learned`: something learned serves; `naive`: nothing was better than what is popular and bought again, which
    /// serves; `too_little` to tell.
    verdict: &'static str,
    #[serde(flatten)]
    report: &'r Report,
    data: Data,
}

/// What it was tried on.
#[derive(Serialize)]
struct Data {
    interactions: usize,
    /// Of so many that there are.
    of: usize,
    purchases: usize,
    customers: usize,
    products: usize,
    /// The first and the last, milliseconds since 1970.
    from: Option<i64>,
    until: Option<i64>,
}

pub(super) fn learn(
    store: &Store,
    shop: &Workspace,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Learned>, EngineError> {
    // Whoever refused profiling is no part of what is read.
    let (shelf, mut done) = Shelf::gather(store, shop.workspace, now, None)?;
    if done.is_empty() || !going(0.1) {
        return Ok(None);
    }
    let of = done.len();
    done.sort_by_key(|one| (std::cmp::Reverse(one.at), one.customer, one.item, one.kind));
    done.truncate(INTERACTIONS_MAX);
    done.reverse();
    let items = shelf.items();
    let data = Data::of(&done, of, items.iter().filter(|item| !item.title.is_empty()).count());
    let hold_out = HoldOut::suited(&done);
    let tried =
        choose_while(&done, &items, options(), hold_out, threads(), &mut |share| going(0.1 + 0.9 * share));
    // Called off.
    let Ok((choice, report)) = tried else { return Ok(None) };
    let is_naive = [Rail::New, Rail::Again].iter().all(|rail| NAIVE.contains(&report.chosen.of(*rail)));
    let verdict = match (report.too_little, is_naive) {
        (true, _) => "too_little",
        (false, true) => "naive",
        (false, false) => "learned",
    };
    Ok(Some(Learned {
        document: super::written(&choice)?,
        report: super::written(&Told { verdict, report: &report, data })?,
        serves: !report.too_little,
        retires: false,
    }))
}

/// Half of what the machine has: the rest goes on serving.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().div_ceil(2))
}

impl Data {
    fn of(done: &[Interaction], of: usize, products: usize) -> Data {
        let customers: FxHashSet<u32> = done.iter().map(|one| one.customer).collect();
        Data {
            interactions: done.len(),
            of,
            purchases: done.iter().filter(|one| one.kind == Kind::Purchase).count(),
            customers: customers.len(),
            products,
            from: done.iter().filter_map(|one| one.at).min(),
            until: done.iter().filter_map(|one| one.at).max(),
        }
    }
}
