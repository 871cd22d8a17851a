//! When customers buy again, and for how much.

use super::{Going, Learned, written};
use crate::EngineError;
use domain::commerce::{Day, day_of};
use domain::settings::Settings as ShopSettings;
use kit::{ProfileNo, Timestamp};
use models::forecast::{self, DAYS_MAX, Outlook, Purchases, Report, Shop, Terms, Verdict};
use serde::Serialize;
use store::Store;
use store::access::Workspace;

/// The report of a fit with what it says about the shop as a whole, and how it stands beside what served.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    shop: Shop,
    /// `None` where nothing served before.
    verdict: Option<Verdict>,
}

/// What the shop decides about its forecasts, as the models take it.
pub(super) fn terms_of(settings: &ShopSettings) -> Terms {
    let told = &settings.forecast;
    Terms {
        margin: told.margin_percent / 100.0,
        discount_rate: told.discount_percent / 100.0,
        waste: told.win_back_waste_percent / 100.0,
        floor_weeks: told.win_back_days_min.div_ceil(7),
        cap_weeks: told.win_back_days_max / 7,
        ..Terms::default()
    }
}

/// All purchases of a shop by customer and day of its calendar. Orders that a wrong clock puts into the future or too
/// far back are left out.
fn purchases(store: &Store, shop: &Workspace, today: Day) -> Result<Purchases, EngineError> {
    let zone = shop.settings.zone();
    let mut orders: Vec<(ProfileNo, Day, i64)> = Vec::new();
    store.read(|tx| {
        tx.scan_purchases(shop.workspace, &shop.settings.currency, &mut |no, placed_at, net| {
            orders.push((no, day_of(placed_at, &zone), net));
        })
    })?;
    orders.sort_unstable();
    let mut purchases = Purchases::default();
    let mut own: Vec<(Day, i64)> = Vec::new();
    for of_one in orders.chunk_by(|a, b| a.0 == b.0) {
        own.clear();
        own.extend(of_one.iter().map(|(_, day, net)| (*day, *net)));
        purchases.push(&mut own, today - DAYS_MAX..=today);
    }
    Ok(purchases)
}

/// How many threads a fit of many customers may use; what it comes to does not depend on it. Half of the processors, so
/// that requests are answered meanwhile, but both of two (it takes seconds a night, and the system shares them out), and
/// no more than four, because the last parts do not split further.
fn threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (processors / 2).clamp(2.min(processors), 4)
}

pub(super) fn learn(
    store: &Store,
    shop: &Workspace,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Learned>, EngineError> {
    let today = day_of(now, &shop.settings.zone());
    let purchases = purchases(store, shop, today)?;
    if purchases.is_empty() || !going(0.1) {
        return Ok(None);
    }
    let serving = store.read(|tx| tx.serving_models_of(shop.workspace))?;
    let serving = serving.into_iter().find(|row| row.kind == "purchases");
    let serving = serving.and_then(|row| Outlook::read(&row.document).ok());
    let settings = forecast::Settings {
        terms: terms_of(&shop.settings),
        threads: threads(),
        ..forecast::Settings::default()
    };
    let fitted = forecast::learn(&purchases, today, &settings, &mut |share| going(0.1 + 0.8 * share));
    // Called off.
    let Ok(fitted) = fitted else { return Ok(None) };
    let verdict =
        serving.map(|serving| forecast::is_better(&serving, &fitted, &purchases, today, settings.threads));
    let serves = verdict.as_ref().is_none_or(|verdict| verdict.is_better);
    let bias = fitted.report.back_test.as_ref().and_then(|test| {
        test.candidates.iter().find(|one| one.name == test.serves).and_then(|one| one.scores.bias)
    });
    let told = Told {
        report: &fitted.report,
        shop: Shop::of(&fitted.outlook, &purchases, today, bias, settings.threads),
        verdict,
    };
    Ok(Some(Learned { document: fitted.outlook.write(), report: written(&told)?, serves, retires: false }))
}
