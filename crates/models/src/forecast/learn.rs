//! Fitting a shop: every candidate, judged on the shop's own past, and what then serves.

use super::backtest::{
    self, Candidate, TREE_ROWS_MAX, View, ask_trees, boosted, compare, corrected, correction, learn_trees,
    naive,
};
use super::features::Told;
use super::outlook::{Boosted, FORMAT, Outlook, Serves, Terms, Value, bounds};
use super::purchases::{Logarithms, Purchases, Summary};
use super::ready::Ready;
use super::replay;
use super::report::{BackTest, Data, Drift, Fitted, Judged, Reason, Report, ValueScores, Verdict};
use super::rfm::RfmBounds;
use super::winback::WinBack;
use crate::boosted::Settings as TreeSettings;
use crate::measure::{DECILES, Scores, calibration, gini, spearman};
use crate::parts::tasks;
use domain::btyd::spend::{self, Independence, Orders, SpendFit};
use domain::btyd::{Kind, Model, Prior, WEEK_DAYS};
use domain::commerce::Day;

/// Orders of more days ago than this are taken for mistakes of a clock: thirty years.
pub const DAYS_MAX: Day = 30 * 366;

/// How a fit is made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    pub terms: Terms,
    pub kind: Kind,
    /// Whether boosted trees may be taught.
    pub may_average: bool,
    /// Whether forecasts may be multiplied by what the back-test tells, and a naive rule may serve.
    pub may_correct: bool,
    /// Whether the other models are fitted too, for the report.
    pub all_models: bool,
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            terms: Terms::default(),
            kind: Kind::MbgCnbdK,
            may_average: true,
            may_correct: true,
            all_models: true,
            threads: 1,
        }
    }
}

/// A fit.
#[derive(Clone, PartialEq, Debug)]
pub struct Learned {
    pub outlook: Outlook,
    pub report: Report,
}

/// It was told to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("stopped before the end")]
pub struct Stopped;

/// Told how far it is, from 0 to 1; answers whether to go on.
pub type Going<'a> = &'a mut dyn FnMut(f64) -> bool;

/// Customers that trees, back-test and win-back are learned from at most; of more, every so many-th.
pub const SAMPLE_MAX: usize = 60_000;
/// Customers from which on trees are taught.
pub const TREES_FROM: usize = 1_000;
/// Shares of the mean that the trees on their own and those on top of the model may have; the rest is the model's. The
/// first is the usual one, and gives way to another only if that is better on the shop's own past.
const TREE_SHARES: [[f64; 2]; 4] = [[0.25, 0.35], [0.0, 0.5], [0.5, 0.0], [0.4, 0.4]];

/// By how much less well, in normalised Gini, the geometric mean of forecast and past payments may have ranked customers
/// in the back-test and still serve: one window says little, and over many windows of many shops the mean ranks better.
const BLEND_LOSES: f64 = 0.01;

fn tree_settings() -> TreeSettings {
    TreeSettings { pull: 20.0, ..TreeSettings::default() }
}

/// The horizon in days that a history of so many days can be judged by: two sevenths of it, from four weeks to half a
/// year, so that two of them and the four weeks before can be learned from.
fn horizon_days(history: Day) -> Option<Day> {
    let horizon = (history * 2 / 7).min(182) / 7 * 7;
    (horizon >= 28).then_some(horizon)
}

/// Learns from all purchases until the end of the day `today`. Those of other days must have been left out by
/// [`Purchases::push`].
///
/// # Errors
/// [`Stopped`] when `going` says so.
pub fn learn(
    purchases: &Purchases,
    today: Day,
    settings: &Settings,
    going: Going<'_>,
) -> Result<Learned, Stopped> {
    let mut at = |share: f64| if going(share) { Ok(()) } else { Err(Stopped) };
    at(0.0)?;
    let terms = settings.terms.settled();
    let ln = Logarithms::new();
    let now = View::of(purchases, today, today, &ln);
    let repeaters = now.customers.iter().filter(|customer| customer.repeats() > 0).count();
    let span = purchases.span();
    let history = span.map_or(0, |(from, _)| (today - from).max(0));
    let mut reasons = Vec::new();

    let sample;
    let few = if purchases.customers() > SAMPLE_MAX {
        sample = purchases.thinned(purchases.customers().div_ceil(SAMPLE_MAX));
        reasons.push(Reason::Sampled);
        &sample
    } else {
        purchases
    };

    // The models of all customers.
    let mut models = Vec::new();
    for kind in [settings.kind].into_iter().chain(Kind::ALL.into_iter().filter(|kind| *kind != settings.kind))
    {
        if kind != settings.kind && !settings.all_models {
            continue;
        }
        let (prior, name) = backtest::prior(&now.customers, kind);
        let fit =
            domain::btyd::fit_on(kind, &backtest::sample(&now.customers, today), &prior, settings.threads);
        if let Some(fit) = fit {
            models.push(Fitted { name: kind.name().into(), prior: name.into(), fit });
        }
        at(0.05 * models.len() as f64)?;
    }
    let first = models.first().filter(|fitted| fitted.name == settings.kind.name());
    let timing = first.map_or_else(|| usual(settings.kind), |fitted| fitted.fit.model);
    let drop_out = first.is_some_and(|fitted| fitted.fit.drop_out_identified);
    let (spend_fit, independence) = fit_value(&now.customers);
    at(0.3)?;

    // Trained before a day, judged after it.
    let horizon = horizon_days(history);
    let mut held = Outlook {
        format: FORMAT,
        learned_on: today,
        terms,
        serves: Serves::Model,
        timing,
        drop_out,
        horizon_weeks: f64::from(horizon.unwrap_or(91)) / WEEK_DAYS,
        boosted: Vec::new(),
        correction: Vec::new(),
        spread: 1.0
            + 60.0 / (repeaters as f64 + 20.0) * f64::from(u8::from(repeaters < backtest::REPEATERS_LEAST)),
        value: Value {
            spend: spend_fit.as_ref().map(|fit| fit.model),
            mean: backtest::mean_order(&now.customers),
            scale: 1.0,
            blend: None,
        },
        win_back: WinBack::plain(13.0, 4, 39, terms.waste),
        rfm: RfmBounds::learn(&now.customers, today),
        ready: Ready::default(),
    };
    let past = horizon.map(|horizon| Past::of(few, today, horizon, settings, &ln));
    let tested = match &past {
        Some(past) => back_test(past, settings, &mut held, &mut reasons),
        None => None,
    };
    at(0.6)?;
    if tested.is_none() {
        reasons.push(Reason::NotBackTested);
    }
    if let (Serves::Average, Some(past)) = (held.serves, &past) {
        // The back-test left the shares here.
        let shares = [0, 1].map(|at| held.boosted.get(at).map_or(0.0, |trees| trees.share));
        held.boosted = teach(&past.windows(today), settings.threads);
        share_out(&mut held.boosted, shares);
        held.boosted.retain(|trees| trees.share > 0.0);
        if held.boosted.is_empty() {
            held.serves = Serves::Model;
        }
    }
    drop(past);
    at(0.8)?;

    // Win-back days, with the parameters of either half for the other.
    let fitted = tasks(2, settings.threads, |half| {
        let chosen: Vec<Summary> = halves(few, today, half == 1, &ln);
        backtest::fit(&chosen, today, settings.kind, 1).map(|fit| fit.model)
    });
    let halves = match fitted[..] {
        [Some(odd), Some(even)] => Some([odd, even]),
        _ => None,
    };
    let (win_back, win_back_report) =
        replay::learn(few, today, &timing, halves.as_ref(), &terms, settings.threads);
    held.win_back = win_back;
    at(0.95)?;

    let flags = [
        (now.customers.is_empty(), Reason::NoData),
        (repeaters < backtest::REPEATERS_LEAST, Reason::PooledPrior),
        (!drop_out, Reason::DropOutNotIdentified),
        (
            independence.as_ref().is_some_and(|held| held.verdict == spend::Verdict::Fails),
            Reason::ValueDependsOnFrequency,
        ),
        (!now.customers.is_empty() && held.value.mean <= 0.0, Reason::NoAmounts),
        (held.value.blend.is_some(), Reason::WorthBlended),
        (!win_back_report.waste_kept, Reason::WasteNotKept),
        (win_back_report.serves.is_none(), Reason::WinBackNotBackTested),
        (first.is_some_and(|fitted| !fitted.fit.converged), Reason::NotConverged),
        (purchases.left_out > 0, Reason::OrdersLeftOut),
    ];
    reasons.extend(flags.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason));
    let report = Report {
        learned_on: today,
        data: Data {
            customers: now.customers.len(),
            repeaters,
            purchases: purchases.len(),
            from: span.map(|(from, _)| from),
            to: span.map(|(_, to)| to),
            weeks: f64::from(history) / WEEK_DAYS,
            left_out: purchases.left_out,
            sampled: (few.customers() < purchases.customers()).then(|| few.customers()),
        },
        models,
        spend: spend_fit,
        independence,
        serves: tested.as_ref().map_or_else(|| "model".to_owned(), |test| test.serves.clone()),
        rule: match held.serves {
            Serves::Rule(rule) => Some(rule),
            _ => None,
        },
        back_test: tested,
        win_back: win_back_report,
        reasons,
    };
    at(1.0)?;
    Ok(Learned { outlook: held, report })
}

/// What shops are like, for one without a customer.
fn usual(kind: Kind) -> Model {
    let logs = Prior::pooled(kind).logs;
    let values: Vec<f64> = logs.iter().map(|(ln, _)| ln.exp()).collect();
    // The usual values are in range.
    Model::new(kind, &values).unwrap_or_else(|| unreachable!("usual parameters of {}", kind.name()))
}

fn halves(purchases: &Purchases, today: Day, even: bool, ln: &Logarithms) -> Vec<Summary> {
    let members = (0..purchases.customers()).filter(|at| (at % 2 == 0) == even);
    members.filter_map(|at| purchases.summary(at, today, ln)).collect()
}

fn amounts(customers: &[Summary]) -> impl Iterator<Item = (u32, f64)> + '_ {
    customers.iter().filter_map(|customer| Some((customer.paid_days, customer.mean_paid()?)))
}

/// What an order is worth, fitted on all orders.
fn fit_value(customers: &[Summary]) -> (Option<SpendFit>, Option<Independence>) {
    let fit = spend::fit(&Orders::of(amounts(customers)), true);
    // Without a mean of the means there is nothing to expect.
    let fit = fit.filter(|fit| fit.model.mean().is_some_and(|mean| mean.is_finite() && mean > 0.0));
    let independence = (!customers.is_empty()).then(|| spend::independence(amounts(customers)));
    (fit, independence)
}

/// The time before a day: customers as they stood at a cut, what came after it, and what a model fitted at the cut told.
struct Window {
    view: View,
    told: Option<(Model, Vec<Told>)>,
}

/// The windows of a shop's history, each `horizon` long, by the day of their ends, the last first; of each the model is
/// fitted once, whoever asks.
struct Past {
    start: Day,
    today: Day,
    horizon: Day,
    windows: Vec<Window>,
}

impl Past {
    fn of(purchases: &Purchases, today: Day, horizon: Day, settings: &Settings, ln: &Logarithms) -> Past {
        let start = purchases.span().map_or(today, |(start, _)| start);
        let mut held = Past { start, today, horizon, windows: Vec::new() };
        let mut ends: Vec<Day> = vec![today];
        ends.extend(held.ends(today));
        ends.extend(held.ends(today - horizon));
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.dedup();
        held.windows = tasks(ends.len(), settings.threads, |at| {
            let view = View::of(purchases, ends[at] - horizon, ends[at], ln);
            let fit = view.fit(settings.kind, 1);
            let told = fit.map(|fit| (fit.model, view.told(&fit.model, view.horizon(), 1)));
            Window { view, told }
        });
        held
    }

    /// Ends of windows half a horizon apart, as many as the history has of those with at least four weeks before them.
    fn ends(&self, until: Day) -> impl Iterator<Item = Day> + '_ {
        let ends = (0..4).map(move |n| until - n * (self.horizon / 2));
        ends.take_while(|end| end - self.horizon >= self.start + 28)
    }

    fn until(&self, end: Day) -> Option<&Window> {
        self.windows.iter().find(|window| window.view.until == end)
    }

    /// Windows that trees are taught on, the last ending at `until`.
    fn windows(&self, until: Day) -> Vec<&Window> {
        let held = self.ends(until).map_while(|end| self.until(end));
        held.take_while(|window| window.view.customers.len() >= 200).collect()
    }
}

/// Trees of both kinds from windows; none where there is too little.
fn teach(windows: &[&Window], threads: usize) -> Vec<Boosted> {
    let rows: Vec<(&View, &[Told])> = windows
        .iter()
        .filter_map(|window| Some((&window.view, window.told.as_ref()?.1.as_slice())))
        .collect();
    if rows.iter().map(|(view, _)| view.customers.len()).sum::<usize>() < TREES_FROM {
        return Vec::new();
    }
    let mut trees = tasks(2, threads, |kind| {
        let on_model = kind == 1;
        boosted(learn_trees(&rows, on_model, &tree_settings()), on_model, 0.0)
    });
    share_out(&mut trees, TREE_SHARES[0]);
    trees
}

fn share_out(trees: &mut [Boosted], shares: [f64; 2]) {
    trees.iter_mut().zip(shares).for_each(|(trees, share)| trees.share = share);
}

/// Judges all candidates after a cut, chooses, and sets what follows from the choice.
fn back_test(
    past: &Past,
    settings: &Settings,
    held: &mut Outlook,
    reasons: &mut Vec<Reason>,
) -> Option<BackTest> {
    let Window { view, told } = past.until(past.today)?;
    let orders: f64 = view.orders.iter().sum();
    if view.customers.len() < 30 || orders < 10.0 {
        return None;
    }
    let (model, told) = told.as_ref()?;
    let plain: Vec<f64> = told.iter().map(|told| told.mean).collect();
    let candidate = |name, serves, is_corrected, forecast: Vec<f64>| Candidate {
        name,
        serves,
        is_corrected,
        scores: Scores::of(&forecast, &view.orders),
        forecast,
    };
    let mut all = vec![candidate("model", Serves::Model, false, plain.clone())];
    // The window before, of which corrections and trees know.
    let before = past.windows(view.cut);
    if let Some(Window { view: before, told: Some((_, told)) }) = before.first()
        && settings.may_correct
    {
        let then: Vec<f64> = told.iter().map(|told| told.mean).collect();
        let put_right = corrected(&correction(&then, &before.orders), &plain);
        all.push(candidate("model_corrected", Serves::Model, true, put_right));
    }
    let mut trees_taught = false;
    if settings.may_average && view.customers.len() >= TREES_FROM {
        let mut trees = teach(&before, settings.threads);
        if !trees.is_empty() {
            trees_taught = true;
            let averages = TREE_SHARES.map(|shares| {
                share_out(&mut trees, shares);
                (
                    shares,
                    candidate(
                        "average",
                        Serves::Average,
                        false,
                        blend_all(view, told, &trees, settings.threads),
                    ),
                )
            });
            // By error and deviance together, as shares of the model's.
            let off = |scores: &Scores| {
                let share = |one: Option<f64>, other: Option<f64>| one.zip(other).map_or(1.0, |(a, b)| a / b);
                share(scores.rmse, all[0].scores.rmse) + share(scores.deviance, all[0].scores.deviance)
            };
            let usual = off(&averages[0].1.scores) - 0.01;
            let better = averages.iter().skip(1).filter(|(_, one)| off(&one.scores) < usual);
            let best = better.min_by(|(_, a), (_, b)| off(&a.scores).total_cmp(&off(&b.scores)));
            let (shares, best) = best.unwrap_or(&averages[0]).clone();
            share_out(&mut trees, shares);
            held.boosted = trees;
            all.push(best);
        }
    }
    let rules = naive(view);
    let chosen = choose(&all, if settings.may_correct { &rules } else { &[] });
    let (name, serves, forecast) = match chosen {
        Chosen::Candidate(at) => (all[at].name, all[at].serves, &all[at].forecast),
        Chosen::Rule(at) => (rules[at].0, Serves::Rule(rules[at].1?), &rules[at].2),
    };
    held.serves = serves;
    reasons.push(match serves {
        Serves::Average => Reason::AverageIsBest,
        Serves::Model => Reason::ModelIsBest,
        Serves::Rule(_) => Reason::RuleIsBetter,
    });
    if !trees_taught && settings.may_average {
        reasons.push(Reason::TooLittleForTrees);
    }
    if let Chosen::Candidate(at) = chosen
        && all[at].is_corrected
    {
        held.correction = correction(&plain, &view.orders);
        reasons.push(Reason::Corrected);
    }
    // Intervals: as wide as one in ten above them needs.
    let shape = |customer: &Summary| {
        let held = model.parameters();
        let k = if model.kind() == Kind::MbgCnbdK { held.get(4).copied().unwrap_or(1.0) } else { 1.0 };
        held.first().copied().unwrap_or(1.0) + k * f64::from(customer.repeats())
    };
    let mut coverage = None;
    for spread in [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0] {
        let (mut inside, mut above) = (0usize, 0usize);
        for (at, customer) in view.customers.iter().enumerate() {
            let mean = forecast[at];
            let alive = alive_for(told[at], mean);
            let (low, high) = bounds(mean, alive, shape(customer) / spread);
            inside += usize::from((low..=high).contains(&view.orders[at]));
            above += usize::from(view.orders[at] > high);
        }
        let count = view.customers.len() as f64;
        coverage = Some(inside as f64 / count);
        held.spread = held.spread.max(spread);
        if above as f64 / count <= 0.1 {
            break;
        }
    }
    let value = judge_value(view, forecast, held);
    let mut candidates: Vec<Judged> = all
        .iter()
        .map(|one| Judged { name: one.name.into(), is_naive: false, scores: one.scores.clone() })
        .collect();
    candidates.extend(rules.iter().map(|(name, _, _, scores)| Judged {
        name: (*name).into(),
        is_naive: true,
        scores: scores.clone(),
    }));
    Some(BackTest {
        cut: view.cut,
        until: view.until,
        weeks: view.horizon(),
        customers: view.customers.len(),
        orders,
        candidates,
        serves: name.into(),
        calibration: calibration(forecast, &view.orders, DECILES),
        coverage,
        value,
    })
}

/// See `Outlook::expect`.
fn alive_for(told: Told, mean: f64) -> f64 {
    let multiple = if told.mean > 1e-300 { mean / told.mean } else { 1.0 };
    let alive = told.alive;
    let alive = match multiple > 1.0 {
        true => (alive * multiple).min(alive + (1.0 - alive) * (1.0 - 1.0 / multiple)),
        false => alive * multiple.sqrt(),
    };
    alive.clamp(0.0, 1.0)
}

fn blend_all(view: &View, told: &[Told], trees: &[Boosted], threads: usize) -> Vec<f64> {
    let rest = 1.0 - trees.iter().map(|trees| trees.share).sum::<f64>();
    let mut mean: Vec<f64> = told.iter().map(|told| told.mean * rest).collect();
    for trees in trees {
        let asked = ask_trees(view, told, &trees.forest, trees.on_model, threads);
        mean.iter_mut().zip(asked).for_each(|(mean, asked)| *mean += trees.share * asked);
    }
    mean
}

/// The name of a rule, the rule where it can serve, what it forecast of each customer, and how good that was.
type NaiveForecast = (&'static str, Option<super::naive::Rule>, Vec<f64>, Scores);

enum Chosen {
    Candidate(usize),
    Rule(usize),
}

/// The candidate that wins most measures against the plain model, in that order of trust; a rule only if it is clearly
/// better than that, and not worse in deviance.
fn choose(all: &[Candidate], rules: &[NaiveForecast]) -> Chosen {
    let mut best = 0;
    for at in 1..all.len() {
        let (lead, _, lost) = compare(&all[at].scores, &all[best].scores);
        if lead > 0 && !lost.contains(&"deviance") {
            best = at;
        }
    }
    let better = |(_, rule, _, scores): &NaiveForecast| {
        let (lead, _, lost) = compare(scores, &all[best].scores);
        rule.is_some() && lead > 0 && !lost.contains(&"deviance")
    };
    match rules.iter().position(better) {
        Some(at) => Chosen::Rule(at),
        None => Chosen::Candidate(best),
    }
}

/// What payments were forecast, and by how much all of them are to be scaled.
fn judge_value(view: &View, forecast: &[f64], held: &mut Outlook) -> ValueScores {
    let (fit, _) = fit_value(&view.customers);
    let value = Value { spend: fit.map(|fit| fit.model), mean: view.value_mean, scale: 1.0, blend: None };
    let worth: Vec<f64> = view
        .customers
        .iter()
        .zip(forecast)
        .map(|(customer, orders)| value.of(customer).unwrap_or(0.0) * orders)
        .collect();
    let past: Vec<f64> = view.customers.iter().map(|customer| customer.paid as f64).collect();
    let (came, told): (f64, f64) = (view.paid.iter().map(|paid| paid.max(0.0)).sum(), worth.iter().sum());
    if came > 0.0 && told > 0.0 {
        // Drawn to 1 as by a hundred orders that were forecast rightly.
        let pull = 100.0 * view.value_mean;
        held.value.scale = ((came + pull) / (told + pull)).clamp(0.5, 2.0);
    }
    let both: Vec<f64> = worth.iter().zip(&past).map(|(worth, past)| (worth * past).sqrt()).collect();
    let (found, blended) = (gini(&worth, &view.paid), gini(&both, &view.paid));
    let sum: f64 = both.iter().sum();
    if sum > 0.0 && found.zip(blended).is_some_and(|(found, blended)| blended > found - BLEND_LOSES) {
        held.value.blend = Some((told * held.value.scale.sqrt() / sum).powi(2) / view.horizon());
    }
    let mut order: Vec<usize> = (0..worth.len()).collect();
    order.sort_by(|a, b| worth[*b].total_cmp(&worth[*a]));
    let top: f64 = order.iter().take(worth.len().div_ceil(5)).map(|at| view.paid[*at].max(0.0)).sum();
    ValueScores {
        bias: (came > 0.0).then(|| told / came),
        gini: found,
        gini_blended: blended,
        spearman: spearman(&worth, &view.paid),
        gini_past_spend: gini(&past, &view.paid),
        top_fifth: (came > 0.0).then(|| top / came),
    }
}

/// What came since a document was learned, beside what it forecast; `None` before a week has passed.
pub fn drift(serving: &Outlook, purchases: &Purchases, today: Day, threads: usize) -> Option<Drift> {
    if today - serving.learned_on < 7 {
        return None;
    }
    let step = purchases.customers().div_ceil(SAMPLE_MAX).max(1);
    let thinned;
    let few = if step > 1 {
        thinned = purchases.thinned(step);
        &thinned
    } else {
        purchases
    };
    let view = View::of(few, serving.learned_on, today, &Logarithms::new());
    let forecast = serving.means(&view.customers, view.cut, view.horizon(), threads);
    let (expected, came): (f64, f64) = (forecast.iter().sum(), view.orders.iter().sum());
    let ratio = (expected > 0.0).then(|| came / expected);
    Some(Drift {
        from: view.cut,
        until: view.until,
        expected: expected * step as f64,
        came: came * step as f64,
        ratio,
        has_drifted: expected >= 100.0 && ratio.is_some_and(|ratio| !(0.8..=1.25).contains(&ratio)),
        scores: Scores::of(&forecast, &view.orders),
    })
}

/// Whether a new fit takes the place of the document that serves: judged on the window of the new fit's back-test, in
/// RMSE, Poisson deviance, calibration by tenths and AUC, never in the mean absolute error.
///
/// The old one may know a part of that window already, so that it is not beaten by chance; one that is older than a
/// month gives way to a fit that is as good.
pub fn is_better(
    serving: &Outlook,
    new: &Learned,
    purchases: &Purchases,
    today: Day,
    threads: usize,
) -> Verdict {
    let drift = drift(serving, purchases, today, threads);
    let mut verdict = Verdict { is_better: true, reasons: Vec::new(), old: None, new: None, drift };
    if serving.format != FORMAT || serving.terms != new.outlook.terms {
        verdict.reasons.push("new_terms".into());
    }
    let Some(test) = &new.report.back_test else {
        verdict.reasons.push("no_back_test".into());
        return verdict;
    };
    let serves = test.candidates.iter().find(|one| one.name == test.serves);
    let step = purchases.customers().div_ceil(SAMPLE_MAX).max(1);
    let few = purchases.thinned(step);
    let view = View::of(&few, test.cut, test.until, &Logarithms::new());
    let forecast = serving.means(&view.customers, view.cut, view.horizon(), threads);
    let old = Scores::of(&forecast, &view.orders);
    let Some(serves) = serves else { return verdict };
    let (lead, won, lost) = compare(&serves.scores, &old);
    verdict.reasons.extend(won.iter().map(|name| format!("better_{name}")));
    verdict.reasons.extend(lost.iter().map(|name| format!("worse_{name}")));
    let is_old = today - serving.learned_on >= 30;
    if is_old {
        verdict.reasons.push("older_than_a_month".into());
    }
    let has_drifted = verdict.drift.as_ref().is_some_and(|drift| drift.has_drifted);
    if has_drifted {
        verdict.reasons.push("drifted".into());
    }
    let as_good = lead >= 0 && !lost.contains(&"deviance");
    let needed = verdict.reasons.iter().any(|reason| reason == "new_terms") || is_old || has_drifted;
    verdict.is_better = if needed { as_good || lost.len() < 2 } else { as_good && lead > 0 };
    verdict.old = Some(old);
    verdict.new = Some(serves.scores.clone());
    verdict
}

/// Rows of trees are thinned on their own.
const _: () = assert!(SAMPLE_MAX >= TREE_ROWS_MAX);
