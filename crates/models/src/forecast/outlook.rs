//! The document that serves: from it and a customer's history follows everything that is forecast of them.

use super::answer::{Churn, Expected, Forecast, SPANS};
use super::features::{self, Told, known, weeks};
use super::naive::Rule;
use super::purchases::{Logarithms, Purchases, Summary};
use super::ready::{Prepared, Ready};
use super::rfm::RfmBounds;
use super::winback::WinBack;
use crate::boosted::Forest;
use crate::parts::{each, in_parts};
use domain::btyd::spend::Spend;
use domain::btyd::{Kind, Model, Seen, WEEK_DAYS};
use domain::commerce::{Day, PurchaseHistory};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;

/// The form of the document. One of another form is fitted anew.
pub const FORMAT: u32 = 1;

/// A chance to come back by themselves that is higher than this is not lost, however much waste a shop accepts.
const LOST_BELOW: f64 = 1.0 / 15.0;

/// 80 % of a normal distribution lie within so many standard deviations.
const EIGHTY: f64 = 1.281_551_565_545;

/// What the shop decides about its forecasts.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Share of what customers pay that the shop earns, 0 to 1.
    pub margin: f64,
    /// Interest a year by which later money is worth less, such as 0.1.
    pub discount_rate: f64,
    /// How far ahead a customer's worth is counted.
    pub clv_days: u32,
    /// Share of win-back offers that may go to customers who would have come back by themselves.
    pub waste: f64,
    /// Nobody is won back before so many weeks of silence.
    pub floor_weeks: u32,
    /// After so many weeks of silence everybody is due; sooner where the history is too short to tell.
    pub cap_weeks: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Terms { margin: 1.0, discount_rate: 0.1, clv_days: 365, waste: 0.2, floor_weeks: 4, cap_weeks: 52 }
    }
}

impl Terms {
    /// The same within what makes sense.
    pub fn settled(self) -> Terms {
        let within = |value: f64, low: f64, high: f64, usual: f64| match value.is_finite() {
            true => value.clamp(low, high),
            false => usual,
        };
        Terms {
            margin: within(self.margin, 0.0, 1.0, 1.0),
            discount_rate: within(self.discount_rate, 0.0, 10.0, 0.1),
            clv_days: self.clv_days.clamp(30, 3_650),
            waste: within(self.waste, 0.01, 0.9, 0.2),
            floor_weeks: self.floor_weeks.clamp(1, 520),
            cap_weeks: self.cap_weeks.clamp(self.floor_weeks.clamp(1, 520), 520),
        }
    }
}

/// Which number of orders serves.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serves {
    /// The model of buying.
    Model,
    /// The mean of it and the boosted trees.
    Average,
    /// A naive rule, because nothing was better than it on the shop's own past.
    Rule(Rule),
}

/// The boosted trees beside the model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Boosted {
    pub forest: Forest,
    /// Their share of the mean, 0 to 1.
    pub share: f64,
    /// Whether their score is added to the logarithm of the model's mean.
    pub on_model: bool,
}

/// What an order is worth.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Value {
    /// `None` where too few orders are known; then everybody's orders are worth the mean.
    pub spend: Option<Spend>,
    /// Mean order of the shop in minor units.
    pub mean: f64,
    /// What came over what was forecast, in the back-test.
    pub scale: f64,
    /// Where the geometric mean of what is forecast and of what a customer paid so far ranks customers by worth about as
    /// well as the forecast alone, or better: by what the product is multiplied a week, so that the sum of all stays as it was.
    pub blend: Option<f64>,
}

impl Value {
    /// `None` for somebody who paid nothing in the shop's currency.
    pub fn of(&self, customer: &Summary) -> Option<f64> {
        let own = customer.mean_paid()?;
        let told = self.spend.and_then(|spend| spend.expected_value(customer.paid_days, own));
        let value = told
            .unwrap_or((own * f64::from(customer.paid_days) + self.mean) / f64::from(customer.paid_days + 1));
        value.is_finite().then_some(value)
    }

    /// How far off the mean of `orders` orders may be, as a share of it.
    fn spread(&self, customer: &Summary, orders: f64) -> f64 {
        let (p, q) = self.spend.map_or((2.0, 3.0), |spend| (spend.p, spend.q));
        let known = p * f64::from(customer.paid_days) + q;
        (1.0 / (p * orders.max(1.0)) + 1.0 / known).sqrt().min(3.0)
    }
}

/// The serving document. As JSON it is stored; [`Outlook::read`] refuses what it cannot serve from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outlook {
    pub format: u32,
    /// The day until which orders were known.
    pub learned_on: Day,
    pub terms: Terms,
    pub serves: Serves,
    pub timing: Model,
    /// Whether the orders show that customers leave at all.
    pub drop_out: bool,
    /// The horizon, in weeks, for which trees and corrections were learned.
    pub horizon_weeks: f64,
    /// Each with its share of the mean; the rest is the model's. They serve only for the average.
    pub boosted: Vec<Boosted>,
    /// By the logarithm of the forecast for the horizon: the logarithm of what to multiply it by. Ascending; empty for
    /// nothing.
    pub correction: Vec<(f64, f64)>,
    /// How much wider than the model says counts are spread; at least 1.
    pub spread: f64,
    pub value: Value,
    pub win_back: WinBack,
    pub rfm: RfmBounds,
    /// Follows from all of these.
    #[serde(skip)]
    pub(super) ready: Ready,
}

/// Why a stored document cannot serve.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the document is of form {0}, and this version reads form {FORMAT}: it has to be fitted anew")]
    Format(u32),
    #[error("the document is damaged: {0}")]
    Damaged(String),
}

/// A customer's expected orders, what all else is made from.
#[derive(Clone, Copy, Debug)]
struct Expectation<'a> {
    seen: Seen<'a>,
    /// Chance to be a customer still, after corrections.
    alive: f64,
    /// By what the model's rate of those who stay is multiplied.
    faster: f64,
    /// By what the model's mean for any span is multiplied: both together.
    factor: f64,
    /// The mean for the horizon.
    mean: f64,
    /// The shape of the distribution of counts of those who stay.
    shape: f64,
}

/// A customer on a day, as an [`Outlook`] sees them: each part of a [`Forecast`] for itself, so that who wants one does
/// not pay for all, and nothing is computed twice.
pub struct Asked<'a> {
    outlook: &'a Outlook,
    customer: Summary,
    today: Day,
    held: OnceCell<Expectation<'a>>,
    orders: [OnceCell<Expected<f64>>; SPANS.len()],
    next_order: OnceCell<Option<Expected<Day>>>,
    win_back_at: OnceCell<Option<Day>>,
}

impl<'a> Asked<'a> {
    fn held(&self) -> &Expectation<'a> {
        self.held.get_or_init(|| self.outlook.expect(&self.customer, self.today))
    }

    /// See [`Forecast::alive`].
    pub fn alive(&self) -> Option<f64> {
        self.outlook.drop_out.then(|| self.held().alive)
    }

    /// See [`Forecast::buys_30d`].
    pub fn buys_30d(&self) -> f64 {
        self.outlook.buys(self.held(), 30.0 / WEEK_DAYS)
    }

    /// See [`Forecast::orders`]; `span` is a place in [`SPANS`].
    pub fn orders(&self, span: usize) -> Expected<f64> {
        let horizon = f64::from(SPANS[span]) / WEEK_DAYS;
        *self.orders[span]
            .get_or_init(|| self.outlook.orders(self.held(), &self.customer, horizon, self.today))
    }

    fn value(&self) -> Option<f64> {
        Some(self.outlook.value.of(&self.customer)? * self.outlook.value.scale)
    }

    /// See [`Forecast::spend`]; `span` is a place in [`SPANS`].
    pub fn spend(&self, span: usize) -> Option<Expected<i64>> {
        let value = self.value()?;
        Some(self.outlook.spent(&self.customer, &self.orders(span), value))
    }

    /// See [`Forecast::clv`].
    pub fn clv(&self) -> Option<i64> {
        let value = self.value()?;
        Some(self.outlook.clv(self.held(), &self.customer, value, self.today))
    }

    /// See [`Forecast::next_order`].
    pub fn next_order(&self) -> Option<Expected<Day>> {
        *self.next_order.get_or_init(|| self.outlook.next_order(self.held(), self.today))
    }

    /// See [`Forecast::rhythm_days`].
    pub fn rhythm_days(&self) -> Option<f64> {
        self.outlook.rhythm(&self.customer)
    }

    /// See [`Forecast::win_back_at`].
    pub fn win_back_at(&self) -> Option<Day> {
        *self.win_back_at.get_or_init(|| self.outlook.win_back_of(&self.customer))
    }

    /// See [`Forecast::win_back_due`].
    pub fn win_back_due(&self) -> bool {
        self.win_back_at().is_some_and(|day| day <= self.today)
    }

    /// See [`Forecast::churn`].
    pub fn churn(&self) -> Churn {
        self.outlook.churn(&self.customer, self.win_back_due(), self.today)
    }

    /// All of it.
    pub fn all(&self) -> Forecast {
        Forecast {
            alive: self.alive(),
            buys_30d: Some(self.buys_30d()),
            orders: [0, 1, 2].map(|span| Some(self.orders(span))),
            spend: [0, 1, 2].map(|span| self.spend(span)),
            clv: self.clv(),
            next_order: self.next_order(),
            rhythm_days: self.rhythm_days(),
            win_back_at: self.win_back_at(),
            win_back_due: self.win_back_due(),
            churn: self.churn(),
            rfm: Some(self.outlook.rfm.of(&self.customer, self.today)),
        }
    }
}

impl Outlook {
    /// From what [`Outlook::write`] wrote.
    pub fn read(text: &str) -> Result<Outlook, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.format != FORMAT {
            return Err(Unreadable::Format(head.format));
        }
        let outlook: Outlook = serde_json::from_str(text).map_err(damaged)?;
        let value = &outlook.value;
        let numbers =
            [outlook.horizon_weeks, outlook.spread, value.mean, value.scale, value.blend.unwrap_or(0.0)];
        let sound = numbers.iter().all(|number| number.is_finite())
            && outlook.horizon_weeks > 0.0
            && outlook.spread > 0.0
            && outlook.win_back.is_sound()
            && outlook.correction.iter().all(|(x, y)| x.is_finite() && y.is_finite())
            && outlook
                .boosted
                .iter()
                .all(|trees| trees.share.is_finite() && trees.forest.is_sound(features::COUNT));
        if sound { Ok(outlook) } else { Err(Unreadable::Damaged("a number is out of range".into())) }
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything about a customer, as of the beginning of a day. It stays as it is until the next day or their next
    /// order.
    pub fn forecast(&self, history: &PurchaseHistory, today: Day) -> Forecast {
        self.of(&Summary::from(history), today)
    }

    /// First day on which winning back pays; it stays as it is until their next order.
    pub fn win_back_day(&self, history: &PurchaseHistory) -> Option<Day> {
        self.win_back_of(&Summary::from(history))
    }

    fn prepared(&self) -> &Prepared {
        self.ready.get(self)
    }

    /// The same with another model of buying.
    pub fn with_timing(self, timing: Model) -> Outlook {
        Outlook { timing, ready: Ready::default(), ..self }
    }

    /// `None` where the calendar ends before it.
    fn win_back_of(&self, customer: &Summary) -> Option<Day> {
        let prepared = self.prepared();
        let silence = || self.win_back.silence_days(&prepared.tables, customer);
        let days = match customer.repeats() {
            0 => *prepared.once_silence.get_or_init(silence),
            _ => silence(),
        };
        customer.last.checked_add(days)
    }

    /// The scores of recency, frequency and spend, and the day from which they are others without an order.
    pub fn rfm(&self, history: &PurchaseHistory, today: Day) -> (super::answer::Rfm, Option<Day>) {
        let customer = Summary::from(history);
        (self.rfm.of(&customer, today), self.rfm.turns(&customer, today))
    }

    /// A customer as of the beginning of a day, to be asked part by part.
    pub fn ask(&self, history: &PurchaseHistory, today: Day) -> Asked<'_> {
        self.ask_of(&Summary::from(history), today)
    }

    fn ask_of(&self, customer: &Summary, today: Day) -> Asked<'_> {
        Asked {
            outlook: self,
            customer: *customer,
            today,
            held: OnceCell::new(),
            orders: Default::default(),
            next_order: OnceCell::new(),
            win_back_at: OnceCell::new(),
        }
    }

    /// The same as [`Outlook::forecast`] of a summary.
    pub fn of(&self, customer: &Summary, today: Day) -> Forecast {
        self.ask_of(customer, today).all()
    }

    /// Everything about all customers of whom orders were known by the end of a day, part by part: `add` takes in one
    /// after the other, and each part begins from `empty`. The parts are the same for any number of threads.
    pub fn fold_all<T: Send>(
        &self,
        purchases: &Purchases,
        today: Day,
        threads: usize,
        empty: impl Fn() -> T + Sync,
        add: impl Fn(&mut T, &Summary, &Forecast) + Sync,
    ) -> Vec<T> {
        let ln = Logarithms::new();
        in_parts(purchases.customers(), threads, |part| {
            let mut held = empty();
            for summary in part.filter_map(|customer| purchases.summary(customer, today, &ln)) {
                add(&mut held, &summary, &self.of(&summary, today));
            }
            held
        })
    }

    /// Expected days with an order within so many weeks.
    pub fn mean(&self, customer: &Summary, today: Day, horizon: f64) -> f64 {
        self.mean_within(&self.expect(customer, today), customer, horizon, today)
    }

    /// The same of many.
    pub fn means(&self, customers: &[Summary], today: Day, horizon: f64, threads: usize) -> Vec<f64> {
        each(customers.len(), threads, |at| self.mean(&customers[at], today, horizon))
    }

    /// Expected payment within so many weeks, in minor units.
    pub fn revenue(&self, customer: &Summary, today: Day, horizon: f64) -> Option<f64> {
        Some(self.mean(customer, today, horizon) * self.value.of(customer)? * self.value.scale)
    }

    fn expect(&self, customer: &Summary, today: Day) -> Expectation<'_> {
        let seen = self.prepared().tables.see(&known(customer, today));
        let told = Told::by(&seen, self.horizon_weeks);
        let mut mean = told.mean;
        if self.serves == Serves::Average && !self.boosted.is_empty() {
            let row = features::of(customer, today, &told, self.value.mean);
            mean *= 1.0 - self.boosted.iter().map(|trees| trees.share).sum::<f64>();
            for trees in &self.boosted {
                let start = if trees.on_model { told.mean.max(1e-4) } else { 1.0 };
                // The most that anybody can do is to buy every day.
                let most = self.horizon_weeks * WEEK_DAYS;
                mean += trees.share * (start * trees.forest.score(&row).exp()).min(most);
            }
        }
        mean *= factor(&self.correction, mean);
        let multiple = if told.mean > 1e-300 { mean / told.mean } else { 1.0 };
        // More than the model says: first they are likelier to be customers still, then faster. Less: both by the root.
        let alive = told.alive;
        let corrected = match multiple > 1.0 {
            true => (alive * multiple).min(alive + (1.0 - alive) * (1.0 - 1.0 / multiple)),
            false => alive * multiple.sqrt(),
        };
        let corrected = corrected.clamp(0.0, 1.0);
        let faster = if corrected > 0.0 { multiple * alive / corrected } else { 1.0 };
        let [r, k] = self.pace();
        let shape = (r + k * f64::from(customer.repeats())) / self.spread;
        Expectation { seen, alive: corrected, faster, factor: multiple, mean, shape: shape.max(1e-3) }
    }

    /// r, and k where the model has one.
    fn pace(&self) -> [f64; 2] {
        let held = self.timing.parameters();
        let k = if self.timing.kind() == Kind::MbgCnbdK { held.get(4).copied() } else { None };
        [held.first().copied().unwrap_or(1.0), k.unwrap_or(1.0)]
    }

    fn mean_within(&self, held: &Expectation<'_>, customer: &Summary, horizon: f64, today: Day) -> f64 {
        let mean = match self.serves {
            Serves::Rule(rule) => rule.mean(customer, today, horizon),
            _ => {
                let told = held.seen.expected(horizon);
                // So surely gone that the model's number is none: what others after such a silence do, by time alone.
                if told > 0.0 { told * held.factor } else { held.mean * horizon / self.horizon_weeks }
            }
        };
        if mean.is_finite() { mean.clamp(0.0, horizon * WEEK_DAYS) } else { 0.0 }
    }

    fn orders(&self, held: &Expectation<'_>, customer: &Summary, horizon: f64, today: Day) -> Expected<f64> {
        let mean = self.mean_within(held, customer, horizon, today);
        let (low, high) = bounds(mean, held.alive, held.shape);
        Expected { value: mean, low, high }
    }

    fn spent(&self, customer: &Summary, orders: &Expected<f64>, value: f64) -> Expected<i64> {
        let off = |count: f64| EIGHTY * self.value.spread(customer, count);
        let low = orders.low * value * (-off(orders.low)).exp();
        // The two do not go wrong at once: the largest count at a usual value, or a usual count at a large value.
        let high = (orders.high * value)
            .max(orders.value.max(orders.high.min(1.0)) * value * off(orders.value).exp());
        let money = |amount: f64| amount.round().clamp(0.0, 9e15) as i64;
        Expected { value: money(orders.value * value), low: money(low), high: money(high) }
    }

    fn clv(&self, held: &Expectation<'_>, customer: &Summary, value: f64, today: Day) -> i64 {
        let whole = f64::from(self.terms.clv_days) / WEEK_DAYS;
        let (mut worth, mut before) = (0.0, 0.0);
        for (end, discount) in self.prepared().worth {
            let until = self.mean_within(held, customer, end, today);
            worth += (until - before).max(0.0) * discount;
            before = until;
        }
        let mut worth = worth * value;
        if let Some(blend) = self.value.blend {
            worth = (worth * customer.paid as f64 * blend * whole).max(0.0).sqrt();
        }
        (worth * self.terms.margin).round().clamp(0.0, 9e15) as i64
    }

    /// Chance of an order within so many weeks.
    fn buys(&self, held: &Expectation<'_>, horizon: f64) -> f64 {
        let alive = held.seen.alive();
        if alive <= 0.0 || alive.is_nan() {
            return held.alive;
        }
        let of_alive = (held.seen.p_buy_within(horizon) / alive).clamp(0.0, 1.0);
        let none = (held.faster * (-of_alive).ln_1p()).exp();
        (held.alive * (1.0 - none)).clamp(0.0, 1.0)
    }

    fn rhythm(&self, customer: &Summary) -> Option<f64> {
        if customer.repeats() == 0 {
            return None;
        }
        let at_last = known(customer, customer.last);
        let [rhythm] = self.prepared().tables.see(&at_last).next_purchase([0.5]);
        rhythm.map(|weeks| weeks * WEEK_DAYS)
    }

    fn next_order(&self, held: &Expectation<'_>, today: Day) -> Option<Expected<Day>> {
        // A forecast is of days to come: an order of today is known.
        let day = |weeks: Option<f64>| today.checked_add((weeks? * WEEK_DAYS).ceil().max(1.0) as Day);
        let [low, value, high] = held.seen.next_purchase([0.1, 0.5, 0.9]).map(day);
        Some(Expected { value: value?, low: low?, high: high? })
    }

    fn churn(&self, customer: &Summary, due: bool, today: Day) -> Churn {
        let silence = weeks(customer.last, today);
        if due {
            let gone = self.win_back.chance(&self.prepared().tables, customer, silence)
                <= self.win_back.threshold.min(LOST_BELOW * 3.0) / 3.0;
            let long = silence >= 2.0 * f64::from(self.win_back.cap_weeks);
            return if gone || long { Churn::Lost } else { Churn::AtRisk };
        }
        let at_last = known(customer, today).after_silence(0.0);
        let [usual] = self.prepared().tables.see(&at_last).next_purchase([0.8]);
        if usual.is_some_and(|usual| silence > usual) { Churn::Cooling } else { Churn::Active }
    }
}

/// By what a forecast for the horizon is multiplied: between the points straight, outside of them as at the last.
pub(super) fn factor(correction: &[(f64, f64)], mean: f64) -> f64 {
    let x = mean.max(1e-6).ln();
    let after = correction.partition_point(|point| point.0 < x);
    let ln = match (after.checked_sub(1).and_then(|at| correction.get(at)), correction.get(after)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (None, Some((_, y))) | (Some((_, y)), None) => *y,
        (None, None) => 0.0,
    };
    ln.exp()
}

/// The smallest counts that 10 % and 90 % do not exceed: of nobody with chance `1 - alive`, else of a negative binomial
/// of that shape, so that the mean of all is `mean`.
pub(super) fn bounds(mean: f64, alive: f64, shape: f64) -> (f64, f64) {
    let alive = alive.clamp(1e-9, 1.0);
    // Who is here is not expected to do more than 20 orders a day.
    let of_alive = (mean / alive).min(1e5);
    if of_alive > 500.0 {
        let deviation = (of_alive + of_alive * of_alive / shape).sqrt();
        let at = |sigma: f64| (of_alive + sigma * deviation).round().max(0.0);
        let low = if 1.0 - alive >= 0.1 { 0.0 } else { at(-EIGHTY) };
        return (low, if 1.0 - alive >= 0.9 { 0.0 } else { at(EIGHTY) });
    }
    let z = of_alive / (shape + of_alive);
    let mut term = alive * (-shape * (of_alive / shape).ln_1p()).exp();
    let mut up_to = 1.0 - alive + term;
    let (mut count, mut low) = (0.0, None);
    loop {
        if low.is_none() && up_to >= 0.1 {
            low = Some(count);
        }
        if up_to >= 0.9 || count > 20_000.0 {
            return (low.unwrap_or(count), count);
        }
        term *= z * (shape + count) / (count + 1.0);
        count += 1.0;
        up_to += term;
    }
}
