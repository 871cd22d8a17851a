//! All customers' purchases of a shop, as they are learned from.

use domain::commerce::{Day, LATEST_MAX, PurchaseHistory};

/// What the forecast of one customer is made from; of the size of a few words, so that nothing is allocated.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Summary {
    pub first: Day,
    pub last: Day,
    /// Days with a purchase, at least 1.
    pub days: u32,
    /// Sum of the logarithms of the gaps in days.
    pub ln_gaps: f64,
    /// Days on which something was paid.
    pub paid_days: u32,
    /// In minor units.
    pub paid: i64,
    latest: [Day; LATEST_MAX],
    held: u8,
}

impl Summary {
    fn empty(first: Day) -> Summary {
        Summary {
            first,
            last: first,
            days: 0,
            ln_gaps: 0.0,
            paid_days: 0,
            paid: 0,
            latest: [first; LATEST_MAX],
            held: 0,
        }
    }

    /// Takes in the purchase of a later day.
    fn add(&mut self, day: Day, paid: i64, ln: impl Fn(Day) -> f64) {
        if self.days > 0 {
            self.ln_gaps += ln(day - self.last);
        }
        self.last = day;
        self.days += 1;
        if paid > 0 {
            self.paid_days += 1;
            self.paid = self.paid.saturating_add(paid);
        }
        if usize::from(self.held) == LATEST_MAX {
            self.latest.copy_within(1.., 0);
            self.held -= 1;
        }
        self.latest[usize::from(self.held)] = day;
        self.held += 1;
    }

    /// The last days, ascending, at most [`LATEST_MAX`].
    pub fn latest(&self) -> &[Day] {
        &self.latest[..usize::from(self.held)]
    }

    /// Purchases after the first.
    pub fn repeats(&self) -> u32 {
        self.days.saturating_sub(1)
    }

    /// Mean of what was paid a day, in minor units.
    pub fn mean_paid(&self) -> Option<f64> {
        (self.paid_days > 0).then(|| self.paid as f64 / f64::from(self.paid_days))
    }
}

impl From<&PurchaseHistory> for Summary {
    fn from(history: &PurchaseHistory) -> Summary {
        let mut latest = [history.last(); LATEST_MAX];
        let held = history.latest.len().min(LATEST_MAX);
        latest[..held].copy_from_slice(&history.latest[history.latest.len() - held..]);
        Summary {
            first: history.first.min(history.last()),
            last: history.last(),
            days: history.days.max(1),
            ln_gaps: if history.ln_gaps.is_finite() { history.ln_gaps } else { 0.0 },
            paid_days: history.paid_days,
            paid: history.paid.max(0),
            latest,
            held: held as u8,
        }
    }
}

/// The purchases of all customers, one after the other, each customer's by day, ascending, a day once.
#[derive(Clone, Debug)]
pub struct Purchases {
    /// Where each customer begins, and the end.
    starts: Vec<u32>,
    days: Vec<Day>,
    paid: Vec<i64>,
    /// Orders that were left out because they are of a day that has not come or is too long ago to be true.
    pub left_out: u64,
}

impl Default for Purchases {
    fn default() -> Self {
        Purchases { starts: vec![0], days: Vec::new(), paid: Vec::new(), left_out: 0 }
    }
}

/// The natural logarithms of small numbers of days.
pub struct Logarithms(Vec<f64>);

impl Logarithms {
    const TABLE: Day = 1_024;

    pub fn new() -> Self {
        Logarithms((0..Self::TABLE).map(|days| f64::from(days.max(1)).ln()).collect())
    }

    pub fn of(&self, days: Day) -> f64 {
        match usize::try_from(days) {
            Ok(at) if at < self.0.len() => self.0[at],
            _ => f64::from(days.max(1)).ln(),
        }
    }
}

impl Default for Logarithms {
    fn default() -> Self {
        Logarithms::new()
    }
}

impl Purchases {
    /// Takes in a customer's orders, in any order; those of one day become one purchase with what was paid for all.
    /// Those outside of `days` are left out and counted. A customer of whom nothing is left is not there.
    pub fn push(&mut self, orders: &mut [(Day, i64)], days: std::ops::RangeInclusive<Day>) {
        orders.sort_unstable_by_key(|order| order.0);
        let start = self.days.len();
        for (day, paid) in orders.iter() {
            if !days.contains(day) {
                self.left_out += 1;
            } else if self.days.len() > start && self.days.last() == Some(day) {
                if let Some(held) = self.paid.last_mut() {
                    *held = held.saturating_add(*paid);
                }
            } else {
                self.days.push(*day);
                self.paid.push(*paid);
            }
        }
        if self.days.len() > start {
            self.starts.push(self.days.len() as u32);
        }
    }

    pub fn customers(&self) -> usize {
        self.starts.len() - 1
    }

    /// Days with a purchase, over all customers.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// First and last day of all.
    pub fn span(&self) -> Option<(Day, Day)> {
        Some((*self.days.iter().min()?, *self.days.iter().max()?))
    }

    /// One customer's days with what was paid on them.
    pub fn of(&self, customer: usize) -> (&[Day], &[i64]) {
        let range = self.starts[customer] as usize..self.starts[customer + 1] as usize;
        (&self.days[range.clone()], &self.paid[range])
    }

    /// What was known of a customer at the end of the day `cut`; `None` who had not bought by then.
    pub fn summary(&self, customer: usize, cut: Day, ln: &Logarithms) -> Option<Summary> {
        let (days, paid) = self.of(customer);
        let first = *days.first().filter(|first| **first <= cut)?;
        let mut summary = Summary::empty(first);
        for (day, paid) in days.iter().zip(paid).take_while(|(day, _)| **day <= cut) {
            summary.add(*day, *paid, |gap| ln.of(gap));
        }
        Some(summary)
    }

    /// What was known of a customer after each of their purchases.
    pub fn walk<'a>(&'a self, customer: usize, ln: &'a Logarithms) -> impl Iterator<Item = Summary> + 'a {
        let (days, paid) = self.of(customer);
        let mut summary = Summary::empty(days.first().copied().unwrap_or_default());
        days.iter().zip(paid).map(move |(day, paid)| {
            summary.add(*day, *paid, |gap| ln.of(gap));
            summary
        })
    }

    /// What a customer did after the day `from` until the end of the day `until`: days with a purchase, and what was
    /// paid together.
    pub fn came(&self, customer: usize, from: Day, until: Day) -> (u32, i64) {
        let (days, paid) = self.of(customer);
        let (start, end) =
            (days.partition_point(|day| *day <= from), days.partition_point(|day| *day <= until));
        let sum = paid[start..end.max(start)].iter().fold(0i64, |sum, paid| sum.saturating_add(*paid));
        ((end.saturating_sub(start)) as u32, sum)
    }

    /// Every `step`-th customer, beginning with the first.
    pub fn thinned(&self, step: usize) -> Purchases {
        let mut held = Purchases::default();
        for customer in (0..self.customers()).step_by(step.max(1)) {
            let (days, paid) = self.of(customer);
            held.days.extend_from_slice(days);
            held.paid.extend_from_slice(paid);
            held.starts.push(held.days.len() as u32);
        }
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_history_of_the_days_until_a_cut() {
        let ln = Logarithms::new();
        let orders: Vec<(Day, i64)> = (0..30).flat_map(|n| [(n * n * 3, 100), (n * n * 3, -40)]).collect();
        let mut all = Purchases::default();
        all.push(&mut orders.clone(), 0..=Day::MAX);
        for cut in [0, 5, 400, 5_000] {
            let known = orders.iter().copied().filter(|order| order.0 <= cut);
            let history = PurchaseHistory::of_days(known).expect("bought");
            let summary = all.summary(0, cut, &ln).expect("bought");
            let other = Summary::from(&history);
            assert_eq!(
                (summary.latest(), summary.days, summary.paid),
                (other.latest(), other.days, other.paid)
            );
            assert_eq!(
                (summary.first, summary.last, summary.paid_days),
                (other.first, other.last, other.paid_days)
            );
            assert!((summary.ln_gaps - other.ln_gaps).abs() < 1e-9);
        }
        assert_eq!(all.summary(0, -1, &ln), None);
        assert_eq!(all.came(0, 0, 27), (3, 180));
        assert_eq!(all.came(0, 27, 0), (0, 0));
    }

    #[test]
    fn days_that_cannot_be_are_left_out() {
        let mut all = Purchases::default();
        all.push(&mut [(5, 1), (-40_000, 1), (90_000, 1)], 0..=100);
        all.push(&mut [(101, 1)], 0..=100);
        assert_eq!((all.customers(), all.len(), all.left_out, all.span()), (1, 1, 3, Some((5, 5))));
    }
}
