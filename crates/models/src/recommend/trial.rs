//! Tests on the shop's own past: a part of what was bought is held out, and each method says what it would have shown.

use super::choose::ENOUGH;
use super::{Interaction, Kind};
use kit::Rng;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// What is held out.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "split", rename_all = "snake_case")]
pub enum HoldOut {
    /// All purchases from an instant on (milliseconds since 1970), of customers who did something before.
    Since { at: i64 },
    /// One item that each customer bought, by chance, of customers who bought two or more.
    OneEach { seed: u64 },
}

/// A customer, and what they bought that nobody was told.
#[derive(Clone, Debug)]
pub struct Case {
    pub customer: u32,
    pub bought: FxHashSet<u32>,
}

/// What is known and what is asked.
#[derive(Clone, Debug, Default)]
pub struct Split {
    pub known: Vec<Interaction>,
    /// By customer.
    pub cases: Vec<Case>,
    /// When it is asked.
    pub now: i64,
}

impl HoldOut {
    /// The last third of the purchases where all but a few have a time and enough customers came before and after;
    /// otherwise one item each.
    pub fn suited(done: &[Interaction]) -> HoldOut {
        let mut times: Vec<i64> =
            done.iter().filter(|done| done.kind == Kind::Purchase).filter_map(|done| done.at).collect();
        let purchases = done.iter().filter(|done| done.kind == Kind::Purchase).count();
        times.sort_unstable();
        let spread = times.first() < times.last();
        if times.len() * 10 >= purchases * 9 && spread {
            let at = times[times.len() * 2 / 3].max(times[0] + 1);
            let before = |done: &&Interaction| done.at.is_none_or(|time| time < at);
            let seen: FxHashSet<u32> = done.iter().filter(before).map(|done| done.customer).collect();
            let later = done.iter().filter(|done| done.kind == Kind::Purchase && !before(done));
            let came_back: FxHashSet<u32> =
                later.map(|done| done.customer).filter(|customer| seen.contains(customer)).collect();
            if came_back.len() >= ENOUGH {
                return HoldOut::Since { at };
            }
        }
        HoldOut::OneEach { seed: 1 }
    }

    pub fn split(&self, done: &[Interaction]) -> Split {
        let bought =
            |done: &Interaction| done.kind == Kind::Purchase && (done.weight >= 0.0 || done.weight.is_nan());
        let mut held: FxHashMap<u32, FxHashSet<u32>> = FxHashMap::default();
        let (known, now): (Vec<Interaction>, i64) = match *self {
            HoldOut::Since { at } => {
                let known: Vec<Interaction> =
                    done.iter().filter(|done| done.at.is_none_or(|time| time < at)).copied().collect();
                let seen: FxHashSet<u32> = known.iter().map(|done| done.customer).collect();
                let later = done.iter().filter(|done| done.at.is_some_and(|time| time >= at));
                for done in later.filter(|done| bought(done) && seen.contains(&done.customer)) {
                    held.entry(done.customer).or_default().insert(done.item);
                }
                (known, at)
            }
            HoldOut::OneEach { seed } => {
                let mut items: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
                for done in done.iter().filter(|done| bought(done)) {
                    items.entry(done.customer).or_default().push(done.item);
                }
                let mut customers: Vec<(u32, Vec<u32>)> = items.into_iter().collect();
                customers.sort_unstable_by_key(|(customer, _)| *customer);
                let mut rng = Rng::seeded(seed);
                for (customer, mut items) in customers {
                    items.sort_unstable();
                    items.dedup();
                    if items.len() >= 2
                        && let Some(item) = rng.pick(&items)
                    {
                        held.entry(customer).or_default().insert(*item);
                    }
                }
                let hidden = |done: &&Interaction| {
                    done.kind == Kind::Purchase
                        && held.get(&done.customer).is_some_and(|items| items.contains(&done.item))
                };
                let known = done.iter().filter(|done| !hidden(done)).copied().collect();
                (known, done.iter().filter_map(|done| done.at).max().unwrap_or(0))
            }
        };
        let mut cases: Vec<Case> =
            held.into_iter().map(|(customer, bought)| Case { customer, bought }).collect();
        cases.sort_unstable_by_key(|case| case.customer);
        Split { known, cases, now }
    }
}

/// How good lists were, as means over customers.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Measures {
    /// Share of what was bought that is among the first 20.
    #[serde(rename = "recall_at_20")]
    pub recall_20: f64,
    /// Normalised discounted cumulative gain of the first 10, all purchases counting alike.
    #[serde(rename = "ndcg_at_10")]
    pub ndcg_10: f64,
    /// Customers.
    #[serde(rename = "customers")]
    pub cases: usize,
}

impl Measures {
    /// Of lists, best first, with what was bought.
    pub fn of<'a>(answers: impl IntoIterator<Item = (&'a [u32], &'a FxHashSet<u32>)>) -> Measures {
        let mut measures = Measures::default();
        for (list, bought) in answers {
            if bought.is_empty() {
                continue;
            }
            let found = list.iter().take(20).filter(|item| bought.contains(item)).count();
            measures.recall_20 += found as f64 / bought.len() as f64;
            let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
            let gained: f64 = list
                .iter()
                .take(10)
                .enumerate()
                .filter(|(_, item)| bought.contains(item))
                .map(|(place, _)| gain(place))
                .sum();
            measures.ndcg_10 += gained / (0..bought.len().min(10)).map(gain).sum::<f64>();
            measures.cases += 1;
        }
        let cases = measures.cases.max(1) as f64;
        measures.recall_20 /= cases;
        measures.ndcg_10 /= cases;
        measures
    }

    /// The figure by which methods are chosen.
    pub fn worth(&self) -> f64 {
        self.recall_20 + self.ndcg_10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(customer: u32, item: u32, at: i64) -> Interaction {
        Interaction { customer, item, kind: Kind::Purchase, at: Some(at), weight: 1.0 }
    }

    #[test]
    fn time_splits_where_enough_came_back() {
        let back: Vec<Interaction> = (0..60)
            .flat_map(|customer| (1..=3).map(move |n| purchase(customer, n, i64::from(n) * 1_000)))
            .collect();
        assert_eq!(HoldOut::suited(&back), HoldOut::Since { at: 3_000 });
        // Everybody came once and bought three products at once.
        let once: Vec<Interaction> = (0..60)
            .flat_map(|customer| (1..=3).map(move |n| purchase(customer, n, i64::from(customer) * 1_000)))
            .collect();
        assert_eq!(HoldOut::suited(&once), HoldOut::OneEach { seed: 1 });
        assert_eq!(HoldOut::suited(&once).split(&once).cases.len(), 60);
    }
}
