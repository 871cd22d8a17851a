//! Recency, frequency and spend in five classes each.

use super::answer::{Rfm, RfmGroup};
use super::purchases::Summary;
use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// The bounds between the classes, frozen at a fit so that nobody changes class because others bought.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RfmBounds {
    /// Days since the last order: up to the first bound is class 5, above the last is class 1.
    pub recency: [Day; 4],
    /// Days with an order: above the last bound is class 5, up to the first is class 1.
    pub frequency: [u32; 4],
    /// What was paid in minor units, likewise.
    pub monetary: [i64; 4],
}

impl RfmBounds {
    /// Quintiles of the shop's customers on a day.
    pub fn learn(customers: &[Summary], today: Day) -> RfmBounds {
        fn quintiles<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> [T; 4] {
            let mut values: Vec<T> = values.collect();
            values.sort_unstable();
            let at = |share: usize| values.get((values.len() * share).div_ceil(5).saturating_sub(1));
            std::array::from_fn(|n| at(n + 1).copied().unwrap_or_default())
        }
        RfmBounds {
            recency: quintiles(customers.iter().map(|held| (today - held.last).max(0))),
            frequency: quintiles(customers.iter().map(|held| held.days)),
            monetary: quintiles(customers.iter().map(|held| held.paid)),
        }
    }

    pub fn of(&self, customer: &Summary, today: Day) -> Rfm {
        let silence = today.saturating_sub(customer.last).max(0);
        let recency = 5 - above(&self.recency, silence);
        let frequency = 1 + above(&self.frequency, customer.days);
        let monetary = 1 + above(&self.monetary, customer.paid);
        Rfm { recency, frequency, monetary, group: group(recency, frequency, monetary, customer.days) }
    }

    /// The day on which a customer falls into the next class of recency without another order.
    pub fn turns(&self, customer: &Summary, today: Day) -> Option<Day> {
        let silence = today.saturating_sub(customer.last).max(0);
        let bound = self.recency.iter().find(|bound| **bound >= silence)?;
        customer.last.checked_add(*bound)?.checked_add(1)
    }
}

/// How many of the bounds a value is above. Equal bounds (half of the customers bought once) are passed together.
fn above<T: PartialOrd>(bounds: &[T; 4], value: T) -> u8 {
    bounds.iter().filter(|bound| value > **bound).count() as u8
}

/// The group by recency first, then by how often and how much.
fn group(recency: u8, frequency: u8, monetary: u8, days: u32) -> RfmGroup {
    // Once is no habit, whatever others do: a shop where four in five bought once would call the fifth a champion.
    let often = match days {
        1 => 1,
        _ => (frequency + monetary).div_ceil(2),
    };
    match (recency, often) {
        (5, 4..) => RfmGroup::Champions,
        (3..=4, 4..) => RfmGroup::Loyal,
        (5, 3) | (4, 3) => RfmGroup::PotentialLoyal,
        (5, 2) => RfmGroup::PotentialLoyal,
        (5, _) => RfmGroup::New,
        (4, _) => RfmGroup::Promising,
        (3, 3) => RfmGroup::NeedAttention,
        (3, _) => RfmGroup::AboutToSleep,
        (2, 4..) => RfmGroup::AtRisk,
        (1, 4..) => RfmGroup::CannotLose,
        (2, 3) => RfmGroup::AtRisk,
        (2, _) => RfmGroup::Hibernating,
        (_, 3) => RfmGroup::Hibernating,
        _ => RfmGroup::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::purchases::{Logarithms, Purchases};

    fn customers(all: &[&[(Day, i64)]]) -> Vec<Summary> {
        let mut held = Purchases::default();
        all.iter().for_each(|orders| held.push(&mut orders.to_vec(), Day::MIN..=Day::MAX));
        let ln = Logarithms::new();
        (0..held.customers()).filter_map(|at| held.summary(at, Day::MAX, &ln)).collect()
    }

    #[test]
    fn classes_are_fifths_of_the_customers() {
        let orders: Vec<Vec<(Day, i64)>> =
            (0..10).map(|n| (0..=n).map(|k| (100 - 10 * n - k * 3, 1_000)).collect()).collect();
        let held = customers(&orders.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let bounds = RfmBounds::learn(&held, 100);
        let cells: Vec<String> = held.iter().map(|one| bounds.of(one, 100).cell()).collect();
        assert_eq!(cells, ["511", "511", "422", "422", "333", "333", "244", "244", "155", "155"]);
        assert_eq!(bounds.of(&held[0], 100).group, RfmGroup::New);
        assert_eq!(bounds.of(&held[9], 100).group, RfmGroup::CannotLose);
    }

    #[test]
    fn recency_turns_on_its_day_and_not_before() {
        let held = customers(&[&[(0, 1)], &[(10, 1)], &[(20, 1)], &[(30, 1)], &[(40, 1)]]);
        let bounds = RfmBounds::learn(&held, 50);
        assert_eq!(bounds.recency, [10, 20, 30, 40]);
        let mut day = 40;
        let mut seen = vec![bounds.of(&held[4], day).recency];
        while let Some(next) = bounds.turns(&held[4], day) {
            assert_eq!(bounds.of(&held[4], next - 1).recency, *seen.last().expect("one"));
            day = next;
            seen.push(bounds.of(&held[4], day).recency);
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
    }

    #[test]
    fn one_customer_and_none_have_classes_too() {
        let held = customers(&[&[(0, -500)]]);
        let bounds = RfmBounds::learn(&held, 5);
        assert_eq!((bounds.of(&held[0], 5).cell().as_str(), held[0].paid), ("511", 0));
        assert_eq!(RfmBounds::learn(&[], 5), RfmBounds::default());
        // A clock that is years ahead.
        assert_eq!(bounds.of(&held[0], Day::MIN).recency, 5);
    }
}
