//! `quaylai predict`: a shop judges the forecasts on its own file before it installs anything.

use super::orders::{Orders, Told};
use crate::forecast::backtest::{self, View};
use crate::forecast::features::known;
use crate::forecast::naive::Rule;
use crate::forecast::purchases::Logarithms;
use crate::forecast::{
    DAYS_MAX, Expected, Forecast, Outlook, Purchases, Reason, Report, Serves, Settings, Summary,
    WinBackReport, learn,
};
use crate::measure::{DECILES, Group, Scores, calibration, gini, spearman};
use domain::btyd::spend::{self, Independence, SpendFit};
use domain::btyd::{Fit, Kind, Prior, WEEK_DAYS, fit_on};
use domain::commerce::Day;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Asked {
    /// The last day that is known to the models; the last of the file where it is left out.
    pub until: Option<Day>,
    /// Weeks after that day that are judged and forecast; all that the file has where it is left out.
    pub horizon_weeks: Option<f64>,
    /// One model, as its authors fit it; `None` chooses and corrects by itself.
    pub model: Option<Kind>,
    pub settings: Settings,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Impossible {
    #[error("no orders on or before {0}: choose a later --until")]
    NothingBefore(On),
    #[error("everything that was bought on or before {0} was given back: nothing is left to forecast from")]
    AllGivenBack(On),
    #[error("the newest order is more than thirty years before {0}: choose an earlier --until")]
    LongAgo(On),
    #[error("the horizon must be more than 0 weeks and at most 520")]
    Horizon,
}

/// A day as people write it: `2026-11-22`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct On(pub Date);

impl std::fmt::Display for On {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for On {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `None` outside of the calendar.
pub fn written(day: Day) -> Option<On> {
    let span = jiff::Span::new().try_days(day).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok().map(On)
}

/// Parameters by name, with how sure they are.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Parameters {
    pub name: String,
    pub parameters: BTreeMap<String, f64>,
    pub standard_errors: BTreeMap<String, Option<f64>>,
    pub log_likelihood: f64,
    /// `none` is maximum likelihood.
    pub prior: String,
    pub converged: bool,
    pub drop_out_identified: bool,
    pub customers: f64,
}

impl Parameters {
    fn of(fit: &Fit, prior: &str) -> Parameters {
        let names = fit.model.kind().parameters().iter().map(|name| (*name).to_owned());
        Parameters {
            name: fit.model.kind().name().into(),
            parameters: fit.model.named().map(|(name, value)| (name.to_owned(), value)).collect(),
            standard_errors: names.zip(fit.errors.iter().copied()).collect(),
            log_likelihood: fit.log_likelihood,
            prior: prior.into(),
            converged: fit.converged,
            drop_out_identified: fit.drop_out_identified,
            customers: fit.customers,
        }
    }
}

/// The model of what an order is worth, in the file's unit of money.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SpendParameters {
    pub name: &'static str,
    /// `none` is maximum likelihood.
    pub prior: &'static str,
    pub parameters: BTreeMap<&'static str, f64>,
    pub standard_errors: BTreeMap<&'static str, Option<f64>>,
    pub log_likelihood: f64,
    pub customers: u64,
    pub mean_order: Option<f64>,
    pub independence: Option<Independence>,
}

/// One way to forecast, judged on the orders after `until`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Judged {
    pub name: String,
    /// `served`, `model` or `naive`.
    pub kind: &'static str,
    #[serde(flatten)]
    pub scores: Scores,
}

/// What came of payments beside what was forecast.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Worth {
    /// Normalised Gini of ranking customers by forecast payment.
    pub gini: Option<f64>,
    pub gini_clv: Option<f64>,
    pub gini_past_spend: Option<f64>,
    pub spearman: Option<f64>,
    /// All that was forecast over all that came.
    pub bias: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Holdout {
    pub from: Option<On>,
    pub until: Option<On>,
    pub weeks: f64,
    pub customers: usize,
    /// Days with an order.
    pub orders: f64,
    pub judged: Vec<Judged>,
    /// Tenths of the customers by what is served.
    pub calibration: Vec<Group>,
    pub worth: Option<Worth>,
    /// Share of the customers whose orders are within the 80 % interval; `None` where no span of the answers ends here.
    pub rules_that_are_better: Vec<String>,
}

/// Everything but the customers.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub file: Told,
    pub customers: usize,
    pub repeaters: usize,
    /// Days with an order, over all customers, until `until`.
    pub purchases: usize,
    pub from: Option<On>,
    pub until: Option<On>,
    pub weeks: f64,
    pub horizon_weeks: f64,
    /// The model that was asked for, or the one below what is served.
    pub model: Option<Parameters>,
    /// All that were fitted.
    pub models: Vec<Parameters>,
    pub spend: Option<SpendParameters>,
    /// The same as it is published: of repeat orders alone, without a prior.
    pub spend_of_repeats: Option<SpendParameters>,
    /// `model`, `model_corrected`, `average`, or a naive rule.
    pub serves: String,
    pub reasons: Vec<Reason>,
    pub holdout: Option<Holdout>,
    pub win_back: WinBackReport,
}

/// One customer, in the file's unit of money.
#[derive(Clone, Debug, Serialize)]
struct Row<'a> {
    customer: &'a str,
    orders: u32,
    first: Option<On>,
    last: Option<On>,
    paid: Option<f64>,
    /// Expected days with an order within the horizon.
    expected: f64,
    /// What they did, where the file tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<u32>,
    alive: Option<f64>,
    buys_30d: Option<f64>,
    orders_30d: Option<Expected<f64>>,
    orders_90d: Option<Expected<f64>>,
    orders_365d: Option<Expected<f64>>,
    spend_30d: Option<Expected<f64>>,
    spend_90d: Option<Expected<f64>>,
    spend_365d: Option<Expected<f64>>,
    clv: Option<f64>,
    next_order_at: Option<Expected<Option<On>>>,
    rhythm_days: Option<f64>,
    win_back_at: Option<On>,
    win_back_due: bool,
    churn: &'static str,
    rfm: Option<String>,
    rfm_group: Option<&'static str>,
}

/// The answer.
pub struct Predicted {
    pub head: Head,
    pub outlook: Outlook,
    pub report: Report,
    names: Vec<String>,
    who: Vec<u32>,
    train: Purchases,
    until: Day,
    /// Orders after `until` by customer in the file, where there is a holdout.
    came: Option<Vec<u32>>,
}

/// Fits what is known until a day, and judges it on what came after.
///
/// # Errors
/// [`Impossible`] where there is nothing before that day.
pub fn predict(orders: Orders, asked: &Asked) -> Result<Predicted, Impossible> {
    if asked.horizon_weeks.is_some_and(|weeks| !(weeks > 0.0 && weeks <= 520.0)) {
        return Err(Impossible::Horizon);
    }
    let (start, end) = orders.span().unwrap_or_default();
    let until = asked.until.unwrap_or(end);
    let day = written(until).unwrap_or(On(Date::MAX));
    let (train, who, (beyond, given_back)) = orders.purchases(until);
    let Some((_, _)) = train.span() else {
        let is_before = !orders.customers.is_empty() && start <= until;
        return Err(if is_before { Impossible::AllGivenBack(day) } else { Impossible::NothingBefore(day) });
    };
    let mut told = orders.told.clone();
    told.refunds_without_purchase = beyond;
    told.purchases_given_back = given_back;

    let settings = Settings {
        kind: asked.model.unwrap_or(asked.settings.kind),
        may_average: asked.model.is_none(),
        may_correct: asked.model.is_none(),
        all_models: asked.model.is_none(),
        ..asked.settings
    };
    // Mistakes of clocks would stretch the history by decades.
    let sane = train.span().map_or(until, |(from, _)| from).max(until.saturating_sub(DAYS_MAX));
    let (train, who) = since(train, who, sane);
    if train.is_empty() {
        return Err(Impossible::LongAgo(day));
    }
    let learned =
        learn(&train, until, &settings, &mut |_| true).unwrap_or_else(|_| unreachable!("nobody says stop"));
    let mut outlook = learned.outlook;
    let mut report = learned.report;
    let ln = Logarithms::new();
    let now = View::of(&train, until, until, &ln);

    // As their authors fit them: without a prior, unless the orders do not determine the parameters.
    let sample = backtest::sample(&now.customers, until);
    let plain = |kind: Kind| -> Option<(Fit, &'static str)> {
        let fit = fit_on(kind, &sample, &Prior::none(), settings.threads)?;
        if fit.converged && fit.errors.iter().all(Option::is_some) {
            return Some((fit, "none"));
        }
        Some((fit_on(kind, &sample, &Prior::weak(kind), settings.threads)?, "weak"))
    };
    let models: Vec<(Fit, String)> = match asked.model {
        Some(kind) => plain(kind).map(|(fit, prior)| (fit, prior.to_owned())).into_iter().collect(),
        None => report.models.iter().map(|fitted| (fitted.fit.clone(), fitted.prior.clone())).collect(),
    };
    if let (Some(_), Some((fit, _))) = (asked.model, models.first()) {
        outlook = outlook.with_timing(fit.model);
        outlook.drop_out = fit.drop_out_identified;
        outlook.serves = Serves::Model;
        report.serves = "model".into();
        report.reasons.retain(|reason| !matches!(reason, Reason::TooLittleForTrees | Reason::RuleIsBetter));
    }

    let last = match asked.horizon_weeks {
        Some(weeks) => until.saturating_add((weeks * WEEK_DAYS).round() as Day).min(end),
        None => end,
    };
    let horizon_weeks = match asked.horizon_weeks {
        Some(weeks) => weeks,
        None if last > until => f64::from(last - until) / WEEK_DAYS,
        None => 13.0,
    };
    let (mut holdout, mut came) = (None, None);
    if last > until {
        let (all, everyone, _) = orders.purchases(last);
        let mut of_file = vec![(0u32, 0i64); orders.customers.len()];
        for (at, customer) in everyone.iter().enumerate() {
            of_file[*customer as usize] = all.came(at, until, last);
        }
        let mut view = now.clone();
        view.until = last;
        for (at, customer) in who.iter().enumerate() {
            let (days, paid) = of_file[*customer as usize];
            view.orders[at] = f64::from(days);
            view.paid[at] = paid as f64;
        }
        holdout = Some(judge(&view, &outlook, &report, &models, orders.has_amounts));
        came = Some(of_file.iter().map(|(days, _)| *days).collect());
    }
    let models: Vec<Parameters> = models.iter().map(|(fit, prior)| Parameters::of(fit, prior)).collect();
    let head = Head {
        file: told,
        customers: now.customers.len(),
        repeaters: report.data.repeaters,
        purchases: train.len(),
        from: report.data.from.and_then(written),
        until: written(until),
        weeks: report.data.weeks,
        horizon_weeks,
        model: models.first().cloned(),
        models,
        spend: report
            .spend
            .as_ref()
            .filter(|_| orders.has_amounts)
            .map(|fit| spend_of(fit, "weak", report.independence.clone())),
        spend_of_repeats: spend::fit(&repeats(&train), false).map(|fit| spend_of(&fit, "none", None)),
        serves: report.serves.clone(),
        reasons: report.reasons.clone(),
        holdout,
        win_back: report.win_back.clone(),
    };
    Ok(Predicted { head, outlook, report, names: orders.customers, who, train, until, came })
}

/// The purchases from a day on, and whose they are.
fn since(train: Purchases, who: Vec<u32>, from: Day) -> (Purchases, Vec<u32>) {
    if train.span().is_none_or(|(first, _)| first >= from) {
        return (train, who);
    }
    let (mut kept, mut names) = (Purchases::default(), Vec::new());
    for (at, name) in who.iter().enumerate() {
        let (days, paid) = train.of(at);
        let mut rows: Vec<(Day, i64)> = days.iter().copied().zip(paid.iter().copied()).collect();
        let before = kept.customers();
        kept.push(&mut rows, from..=Day::MAX);
        if kept.customers() > before {
            names.push(*name);
        }
    }
    (kept, names)
}

/// What customers paid on the days after their first.
fn repeats(train: &Purchases) -> spend::Orders {
    spend::Orders::of((0..train.customers()).filter_map(|customer| {
        let paid = train.of(customer).1.get(1..).filter(|paid| !paid.is_empty())?;
        let sum: f64 = paid.iter().map(|paid| *paid as f64).sum();
        Some((paid.len() as u32, sum / paid.len() as f64))
    }))
}

fn spend_of(fit: &SpendFit, prior: &'static str, independence: Option<Independence>) -> SpendParameters {
    let names = ["p", "q", "v"];
    // Hundredths to units: v is an amount, and a density of amounts a hundred times as large.
    let parameters = [fit.model.p, fit.model.q, fit.model.v / 100.0];
    let errors = [fit.errors[0], fit.errors[1], fit.errors[2].map(|error| error / 100.0)];
    SpendParameters {
        name: "gamma-gamma",
        prior,
        parameters: names.into_iter().zip(parameters).collect(),
        standard_errors: names.into_iter().zip(errors).collect(),
        log_likelihood: fit.log_likelihood + fit.customers as f64 * 100f64.ln(),
        customers: fit.customers,
        mean_order: fit.model.mean().map(|mean| mean / 100.0),
        independence,
    }
}

fn judge(
    view: &View,
    outlook: &Outlook,
    report: &Report,
    models: &[(Fit, String)],
    has_amounts: bool,
) -> Holdout {
    let horizon = view.horizon();
    let served: Vec<f64> =
        view.customers.iter().map(|customer| outlook.mean(customer, view.cut, horizon)).collect();
    let scores = Scores::of(&served, &view.orders);
    let mut judged = vec![Judged { name: report.serves.clone(), kind: "served", scores: scores.clone() }];
    for (fit, _) in models {
        let of = |customer: &Summary| fit.model.expected(&known(customer, view.cut), horizon);
        let forecast: Vec<f64> = view.customers.iter().map(of).collect();
        let scores = Scores::of(&forecast, &view.orders);
        judged.push(Judged { name: fit.model.kind().name().into(), kind: "model", scores });
    }
    let mut better = Vec::new();
    for (name, rule, _, rule_scores) in backtest::naive(view) {
        let (lead, _, lost) = backtest::compare(&rule_scores, &scores);
        if rule.is_some() && lead > 0 && !lost.contains(&"deviance") {
            better.push(name.to_owned());
        }
        judged.push(Judged { name: name.into(), kind: "naive", scores: rule_scores });
    }
    let worth = has_amounts.then(|| {
        let of = |customer: &Summary| outlook.revenue(customer, view.cut, horizon).unwrap_or(0.0);
        let forecast: Vec<f64> = view.customers.iter().map(of).collect();
        let clv = |customer: &Summary| outlook.of(customer, view.cut).clv.unwrap_or(0) as f64;
        let clv: Vec<f64> = view.customers.iter().map(clv).collect();
        let past: Vec<f64> = view.customers.iter().map(|customer| customer.paid as f64).collect();
        let came: f64 = view.paid.iter().map(|paid| paid.max(0.0)).sum();
        Worth {
            gini: gini(&forecast, &view.paid),
            gini_clv: gini(&clv, &view.paid),
            gini_past_spend: gini(&past, &view.paid),
            spearman: spearman(&forecast, &view.paid),
            bias: (came > 0.0).then(|| forecast.iter().sum::<f64>() / came),
        }
    });
    Holdout {
        from: written(view.cut + 1),
        until: written(view.until),
        weeks: horizon,
        customers: view.customers.len(),
        orders: view.orders.iter().sum(),
        judged,
        calibration: calibration(&served, &view.orders, DECILES),
        worth,
        rules_that_are_better: better,
    }
}

impl Predicted {
    /// Everything as one JSON document, customer by customer, so that a million of them need no memory.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, out: &mut impl Write) -> std::io::Result<()> {
        let head = serde_json::to_string(&self.head)?;
        // The customers are the last field of the object.
        out.write_all(&head.as_bytes()[..head.len() - 1])?;
        out.write_all(b",\"predictions\":[")?;
        let ln = Logarithms::new();
        for at in 0..self.train.customers() {
            let Some(summary) = self.train.summary(at, self.until, &ln) else { continue };
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, &self.row(at, &summary))?;
        }
        out.write_all(b"]}\n")
    }

    /// The forecast of each customer, by name, in the order of the file.
    pub fn forecasts(&self) -> impl Iterator<Item = (&str, Forecast)> + '_ {
        let ln = Logarithms::new();
        (0..self.train.customers()).filter_map(move |at| {
            let summary = self.train.summary(at, self.until, &ln)?;
            Some((self.names[self.who[at] as usize].as_str(), self.outlook.of(&summary, self.until)))
        })
    }

    fn row(&self, at: usize, summary: &Summary) -> Row<'_> {
        let forecast = self.outlook.of(summary, self.until);
        let customer = self.who[at] as usize;
        let round = |value: f64| (value * 1e6).round() / 1e6;
        let units = |money: Expected<i64>| Expected {
            value: money.value as f64 / 100.0,
            low: money.low as f64 / 100.0,
            high: money.high as f64 / 100.0,
        };
        let orders = |span: usize| {
            forecast.orders[span].map(|of| Expected { value: round(of.value), low: of.low, high: of.high })
        };
        Row {
            customer: &self.names[customer],
            orders: summary.days,
            first: written(summary.first),
            last: written(summary.last),
            paid: (summary.paid_days > 0).then_some(summary.paid as f64 / 100.0),
            expected: round(self.outlook.mean(summary, self.until, self.head.horizon_weeks)),
            came: self.came.as_ref().map(|came| came[customer]),
            alive: forecast.alive.map(round),
            buys_30d: forecast.buys_30d.map(round),
            orders_30d: orders(0),
            orders_90d: orders(1),
            orders_365d: orders(2),
            spend_30d: forecast.spend[0].map(units),
            spend_90d: forecast.spend[1].map(units),
            spend_365d: forecast.spend[2].map(units),
            clv: forecast.clv.map(|clv| clv as f64 / 100.0),
            next_order_at: forecast.next_order.map(|day| Expected {
                value: written(day.value),
                low: written(day.low),
                high: written(day.high),
            }),
            rhythm_days: forecast.rhythm_days.map(|days| (days * 10.0).round() / 10.0),
            win_back_at: forecast.win_back_at.and_then(written),
            win_back_due: forecast.win_back_due,
            churn: forecast.churn.name(),
            rfm: forecast.rfm.map(|rfm| rfm.cell()),
            rfm_group: forecast.rfm.map(|rfm| rfm.group.name()),
        }
    }

    /// Whether a naive rule serves.
    pub fn rule(&self) -> Option<Rule> {
        match self.outlook.serves {
            Serves::Rule(rule) => Some(rule),
            _ => None,
        }
    }
}
