//! What a shop may expect of all its customers together, and how they divide.

use super::answer::{Churn, Expected, RfmGroup, SPANS};
use super::outlook::Outlook;
use super::purchases::Purchases;
use domain::commerce::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Customers that are asked at most; of more, every so many-th speaks for the others.
const ASKED_MAX: usize = 120_000;
/// 80 % of a normal distribution lie within so many standard deviations.
const EIGHTY: f64 = 1.281_551_565_545;
/// How far off the sum may be as a share of itself, where no back-test says it: season and trend are no customer's own.
const OFF_LEAST: f64 = 0.1;

/// Orders and payments of all customers in the next days.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ahead {
    pub days: u32,
    /// Days with an order, over all customers.
    pub orders: Expected<f64>,
    /// In minor units; `None` where nobody's payments can be told.
    pub spend: Option<Expected<f64>>,
}

/// All customers of a day.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Shop {
    /// Customers by [`Churn::name`] and [`RfmGroup::name`]; each name is there, also with none.
    pub churn: BTreeMap<String, u64>,
    pub rfm: BTreeMap<String, u64>,
    /// By [`SPANS`].
    pub ahead: Vec<Ahead>,
}

/// A sum of independent amounts that are uncertain.
#[derive(Clone, Copy, Default)]
struct Sum {
    mean: f64,
    variance: f64,
}

impl Sum {
    /// `least` is the variance of somebody whose orders come by chance alone: an interval of whole numbers is empty
    /// where the mean is small.
    fn add(&mut self, mean: f64, low: f64, high: f64, least: f64) {
        let spread = (high - low) / (2.0 * EIGHTY);
        let variance = (spread * spread).max(least);
        if mean.is_finite() && variance.is_finite() {
            self.mean += mean;
            self.variance += variance;
        }
    }

    /// With `off`, the share by which all of them may be off together; each of those asked stands for `step`.
    fn expected(self, step: f64, off: f64) -> Expected<f64> {
        let mean = self.mean * step;
        let half = EIGHTY * (self.variance * step + (off * mean).powi(2)).sqrt();
        Expected { value: mean, low: (mean - half).max(0.0), high: mean + half }
    }
}

impl Shop {
    /// As a document forecasts them on a day. `bias` is what was forecast over what came in its back-test.
    pub fn of(
        outlook: &Outlook,
        purchases: &Purchases,
        today: Day,
        bias: Option<f64>,
        threads: usize,
    ) -> Shop {
        let step = purchases.customers().div_ceil(ASKED_MAX).max(1);
        let names = [Churn::Active, Churn::Cooling, Churn::AtRisk, Churn::Lost];
        let mut shop = Shop {
            churn: names.iter().map(|churn| (churn.name().to_owned(), 0)).collect(),
            rfm: RfmGroup::ALL.iter().map(|group| (group.name().to_owned(), 0)).collect(),
            ahead: Vec::new(),
        };
        let (mut orders, mut spend) = ([Sum::default(); SPANS.len()], [Sum::default(); SPANS.len()]);
        let mut is_paid = false;
        let thinned;
        let few = if step > 1 {
            thinned = purchases.thinned(step);
            &thinned
        } else {
            purchases
        };
        let told = outlook.fold_all(few, today, threads, Vec::new, |told: &mut Vec<_>, summary, one| {
            told.push((summary.mean_paid().unwrap_or_default(), one.churn, one.rfm, one.orders, one.spend));
        });
        for (value, churn, rfm, expected, spent) in told.into_iter().flatten() {
            *shop.churn.entry(churn.name().to_owned()).or_default() += step as u64;
            if let Some(rfm) = rfm {
                *shop.rfm.entry(rfm.group.name().to_owned()).or_default() += step as u64;
            }
            for at in 0..SPANS.len() {
                if let Some(told) = expected[at] {
                    orders[at].add(told.value, told.low, told.high, told.value.max(0.0));
                }
                if let Some(told) = spent[at] {
                    let mean = told.value as f64;
                    spend[at].add(mean, told.low as f64, told.high as f64, (mean * value).max(0.0));
                    is_paid = true;
                }
            }
        }
        let off = bias.filter(|bias| *bias > 0.0).map_or(0.0, |bias| (1.0 - 1.0 / bias).abs()).max(OFF_LEAST);
        shop.ahead = SPANS
            .iter()
            .enumerate()
            .map(|(at, days)| Ahead {
                days: *days,
                orders: orders[at].expected(step as f64, off),
                spend: is_paid.then(|| spend[at].expected(step as f64, off)),
            })
            .collect();
        shop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::purchases::Logarithms;
    use crate::forecast::{Settings, learn};

    #[test]
    fn all_customers_have_one_class_each_and_the_sums_are_theirs() {
        let mut rng = kit::Rng::seeded(7);
        let mut purchases = Purchases::default();
        for _ in 0..400 {
            let mut day = (rng.next_u64() % 200) as Day;
            let mut orders = vec![(day, 200_000)];
            while !rng.next_u64().is_multiple_of(3) {
                day += 10 + (rng.next_u64() % 60) as Day;
                orders.push((day, 150_000 + (rng.next_u64() % 100_000) as i64));
            }
            purchases.push(&mut orders, 0..=400);
        }
        let learned = learn(&purchases, 400, &Settings::default(), &mut |_| true).expect("not stopped");
        let shop = Shop::of(&learned.outlook, &purchases, 400, None, 1);
        let all = purchases.customers() as u64;
        assert_eq!((shop.churn.values().sum::<u64>(), shop.rfm.values().sum::<u64>()), (all, all));
        assert_eq!((shop.churn.len(), shop.rfm.len(), shop.ahead.len()), (4, 11, 3));
        let ln = Logarithms::new();
        let told = |customer| {
            let summary = purchases.summary(customer, 400, &ln).expect("bought");
            learned.outlook.of(&summary, 400).orders[1].expect("told").value
        };
        let sum: f64 = (0..purchases.customers()).map(told).sum();
        let ahead = &shop.ahead[1];
        assert!((ahead.orders.value - sum).abs() < 1e-6 * sum && ahead.days == 90);
        assert!(
            ahead.orders.low < 0.95 * sum && ahead.orders.high > 1.05 * sum && ahead.orders.low > 0.5 * sum
        );
        let spend = ahead.spend.expect("paid");
        assert!(spend.low < spend.value && spend.value < spend.high);
    }

    #[test]
    fn nobody_is_expected_of_a_shop_without_customers() {
        let none = Purchases::default();
        let learned = learn(&none, 400, &Settings::default(), &mut |_| true).expect("not stopped");
        let shop = Shop::of(&learned.outlook, &none, 400, None, 1);
        assert_eq!(
            (shop.churn.values().sum::<u64>(), shop.ahead[0].orders.value, shop.ahead[0].spend),
            (0, 0.0, None)
        );
    }
}
