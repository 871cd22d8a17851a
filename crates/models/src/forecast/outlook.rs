//! The document that serves: from it and a customer's history follows everything that is forecast of them.

use super::answer::{Churn, Expected, Forecast, SPANS};
use super::features::{self, Told, known, weeks};
use super::naive::Rule;
use super::purchases::Summary;
use super::rfm::RfmBounds;
use super::winback::WinBack;
use crate::boosted::Forest;
use domain::btyd::spend::Spend;
use domain::btyd::{Customer, Kind, Model, WEEK_DAYS};
use domain::commerce::{Day, PurchaseHistory};
use serde::{Deserialize, Serialize};

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
    /// Where the geometric mean of what is forecast and of what a customer paid so far ranks customers by worth better
    /// than the forecast alone: by what the product is multiplied a week, so that the sum of all stays as it was.
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
struct Expectation {
    customer: Customer,
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
/// not pay for all.
pub struct Asked<'a> {
    outlook: &'a Outlook,
    customer: Summary,
    today: Day,
    held: Expectation,
}

impl Asked<'_> {
    /// See [`Forecast::alive`].
    pub fn alive(&self) -> Option<f64> {
        self.outlook.drop_out.then_some(self.held.alive)
    }

    /// See [`Forecast::buys_30d`].
    pub fn buys_30d(&self) -> f64 {
        self.outlook.buys(&self.held, 30.0 / WEEK_DAYS)
    }

    /// See [`Forecast::orders`]; `span` is a place in [`SPANS`].
    pub fn orders(&self, span: usize) -> Expected<f64> {
        let horizon = f64::from(SPANS[span]) / WEEK_DAYS;
        self.outlook.orders(&self.held, &self.customer, horizon, self.today)
    }

    fn value(&self) -> Option<f64> {
        Some(self.outlook.value.of(&self.customer)? * self.outlook.value.scale)
    }

    /// See [`Forecast::spend`]; `span` is a place in [`SPANS`].
    pub fn spend(&self, span: usize) -> Option<Expected<i64>> {
        Some(self.outlook.spent(&self.customer, &self.orders(span), self.value()?))
    }

    /// See [`Forecast::clv`].
    pub fn clv(&self) -> Option<i64> {
        Some(self.outlook.clv(&self.held, &self.customer, self.value()?, self.today))
    }

    /// See [`Forecast::next_order`].
    pub fn next_order(&self) -> Option<Expected<Day>> {
        self.outlook.next_order(&self.held, self.today)
    }

    /// See [`Forecast::rhythm_days`].
    pub fn rhythm_days(&self) -> Option<f64> {
        self.outlook.rhythm(&self.customer)
    }

    /// See [`Forecast::win_back_at`].
    pub fn win_back_at(&self) -> Option<Day> {
        self.outlook.win_back.day(&self.outlook.timing, &self.customer)
    }

    /// See [`Forecast::churn`].
    pub fn churn(&self) -> Churn {
        let due = self.win_back_at().is_some_and(|day| day <= self.today);
        self.outlook.churn(&self.customer, &self.held, due, self.today)
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
        self.win_back.day(&self.timing, &Summary::from(history))
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
        Asked { outlook: self, customer: *customer, today, held: self.expect(customer, today) }
    }

    /// The same as [`Outlook::forecast`] of a summary.
    pub fn of(&self, customer: &Summary, today: Day) -> Forecast {
        let asked = self.ask_of(customer, today);
        let (value, win_back_at) = (asked.value(), asked.win_back_at());
        let due = win_back_at.is_some_and(|day| day <= today);
        let orders = [0, 1, 2].map(|span| asked.orders(span));
        let spent = |orders: Expected<f64>| Some(self.spent(customer, &orders, value?));
        Forecast {
            alive: asked.alive(),
            buys_30d: Some(asked.buys_30d()),
            orders: orders.map(Some),
            spend: orders.map(spent),
            clv: asked.clv(),
            next_order: asked.next_order(),
            rhythm_days: asked.rhythm_days(),
            win_back_at,
            win_back_due: due,
            churn: self.churn(customer, &asked.held, due, today),
            rfm: Some(self.rfm.of(customer, today)),
        }
    }

    /// Expected days with an order within so many weeks.
    pub fn mean(&self, customer: &Summary, today: Day, horizon: f64) -> f64 {
        self.mean_within(&self.expect(customer, today), customer, horizon, today)
    }

    /// Expected payment within so many weeks, in minor units.
    pub fn revenue(&self, customer: &Summary, today: Day, horizon: f64) -> Option<f64> {
        Some(self.mean(customer, today, horizon) * self.value.of(customer)? * self.value.scale)
    }

    fn expect(&self, customer: &Summary, today: Day) -> Expectation {
        let person = known(customer, today);
        let told = Told::by(&self.timing, &person, self.horizon_weeks);
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
        Expectation {
            customer: person,
            alive: corrected,
            faster,
            factor: multiple,
            mean,
            shape: shape.max(1e-3),
        }
    }

    /// r, and k where the model has one.
    fn pace(&self) -> [f64; 2] {
        let held = self.timing.parameters();
        let k = if self.timing.kind() == Kind::MbgCnbdK { held.get(4).copied() } else { None };
        [held.first().copied().unwrap_or(1.0), k.unwrap_or(1.0)]
    }

    fn mean_within(&self, held: &Expectation, customer: &Summary, horizon: f64, today: Day) -> f64 {
        let mean = match self.serves {
            Serves::Rule(rule) => rule.mean(customer, today, horizon),
            _ => {
                let told = self.timing.expected(&held.customer, horizon);
                // So surely gone that the model's number is none: what others after such a silence do, by time alone.
                if told > 0.0 { told * held.factor } else { held.mean * horizon / self.horizon_weeks }
            }
        };
        if mean.is_finite() { mean.clamp(0.0, horizon * WEEK_DAYS) } else { 0.0 }
    }

    fn orders(&self, held: &Expectation, customer: &Summary, horizon: f64, today: Day) -> Expected<f64> {
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

    fn clv(&self, held: &Expectation, customer: &Summary, value: f64, today: Day) -> i64 {
        const PARTS: u32 = 4;
        let whole = f64::from(self.terms.clv_days) / WEEK_DAYS;
        let (mut worth, mut before) = (0.0, 0.0);
        for part in 1..=PARTS {
            let until = self.mean_within(held, customer, whole * f64::from(part) / f64::from(PARTS), today);
            let years = f64::from(self.terms.clv_days) / 365.25 * (f64::from(part) - 0.5) / f64::from(PARTS);
            worth += (until - before).max(0.0) * (1.0 + self.terms.discount_rate).powf(-years);
            before = until;
        }
        let mut worth = worth * value;
        if let Some(blend) = self.value.blend {
            worth = (worth * customer.paid as f64 * blend * whole).max(0.0).sqrt();
        }
        (worth * self.terms.margin).round().clamp(0.0, 9e15) as i64
    }

    /// Chance of an order within so many weeks.
    fn buys(&self, held: &Expectation, horizon: f64) -> f64 {
        let alive = self.timing.p_alive(&held.customer);
        if alive <= 0.0 || alive.is_nan() {
            return held.alive;
        }
        let of_alive = (self.timing.p_buy_within(&held.customer, horizon) / alive).clamp(0.0, 1.0);
        let none = (held.faster * (-of_alive).ln_1p()).exp();
        (held.alive * (1.0 - none)).clamp(0.0, 1.0)
    }

    fn rhythm(&self, customer: &Summary) -> Option<f64> {
        if customer.repeats() == 0 {
            return None;
        }
        let at_last = known(customer, customer.last);
        self.timing.next_purchase(&at_last, 0.5).map(|weeks| weeks * WEEK_DAYS)
    }

    fn next_order(&self, held: &Expectation, today: Day) -> Option<Expected<Day>> {
        let day = |share: f64| {
            let weeks = self.timing.next_purchase(&held.customer, share)?;
            // A forecast is of days to come: an order of today is known.
            today.checked_add((weeks * WEEK_DAYS).ceil().max(1.0) as Day)
        };
        Some(Expected { value: day(0.5)?, low: day(0.1)?, high: day(0.9)? })
    }

    fn churn(&self, customer: &Summary, held: &Expectation, due: bool, today: Day) -> Churn {
        let silence = weeks(customer.last, today);
        if due {
            let gone = self.win_back.chance(&self.timing, customer, silence)
                <= self.win_back.threshold.min(LOST_BELOW * 3.0) / 3.0;
            let long = silence >= 2.0 * f64::from(self.win_back.cap_weeks);
            return if gone || long { Churn::Lost } else { Churn::AtRisk };
        }
        let usual = self.timing.next_purchase(&held.customer.after_silence(0.0), 0.8);
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
