//! What is learned of what customers like, and asked with one customer's present history.

use super::Kind;
use super::als::Factors;
use super::beside::{Nearness, nearest};
use super::content::Content;
use super::ease;
use super::matrix::Sparse;
use super::people::Past;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A way to learn.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Method {
    /// What everybody buys.
    Popular,
    /// Items beside each other.
    ItemItem { nearness: Nearness },
    /// EASE^R; dear beyond some thousand items.
    Ease { lambda: f32 },
    /// Alternating least squares with 64 factors.
    Als { alpha: f32 },
}

/// A way to learn, and how it reads histories.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Recipe {
    #[serde(flatten)]
    pub method: Method,
    /// Carts and views count too, less than purchases.
    pub looks: bool,
    /// Days after which something of the asker's history counts half.
    pub half_life: Option<f32>,
}

/// Neighbours that are kept of item-item lists, and weights of an EASE row.
const NEIGHBOURS: usize = 50;
const WEIGHTS: usize = 300;
const ROUNDS: usize = 15;
/// Items of a history, the latest, of which it is asked what is like them.
const LATEST: usize = 100;

/// Columns with two rows or more, the `most` with the most rows, ascending.
fn widest(taken: &Sparse, most: usize) -> Vec<u32> {
    let by_item = taken.transposed();
    let mut columns: Vec<u32> =
        (0..taken.width as u32).filter(|item| by_item.row(*item as usize).len() >= 2).collect();
    columns.sort_by_key(|item| (std::cmp::Reverse(by_item.row(*item as usize).len()), *item));
    columns.truncate(most);
    columns.sort_unstable();
    columns
}

#[derive(Clone, Debug)]
enum Learned {
    Nothing,
    Lists(Sparse),
    Factors(Box<Factors>),
}

/// Something learned, ready to be asked.
#[derive(Clone, Debug)]
pub struct Taste {
    pub recipe: Recipe,
    learned: Arc<Learned>,
    /// What is like each item by the catalogue; the same for every recipe.
    pub(crate) kin: Arc<Sparse>,
}

/// What is like each item by the catalogue.
#[derive(Clone, Debug)]
pub struct Kin(pub(crate) Arc<Sparse>);

/// What is learned from, taken out of a recommender that goes on meanwhile.
#[derive(Debug)]
pub struct Ground {
    pub(crate) histories: Vec<Vec<Past>>,
    pub(crate) content: Content,
    /// By item.
    pub(crate) buyers: Vec<u32>,
    pub(crate) ease_items: usize,
}

impl Ground {
    /// Learns by a recipe, which [`super::choose`] found; without what the catalogue tells ([`Ground::kin`]).
    pub fn learn(&self, recipe: &Recipe, threads: usize) -> Option<Taste> {
        let histories: Vec<&[Past]> = self.histories.iter().map(Vec::as_slice).collect();
        let taste = recipe.learn(&histories, self.buyers.len(), self.ease_items, threads)?;
        Some(taste)
    }

    /// What the catalogue alone tells, for items that came since something was learned.
    pub fn kin(&self, threads: usize) -> Kin {
        Kin(Arc::new(self.content.kin(&self.buyers, threads)))
    }
}

impl Recipe {
    /// Such as `ease(300), with looks, fading over 60 days`.
    pub fn name(&self) -> String {
        let mut name = match self.method {
            Method::Popular => "popular".to_owned(),
            Method::ItemItem { nearness: Nearness::TfIdf } => "item_item(tf_idf)".to_owned(),
            Method::ItemItem { nearness: Nearness::Bm25 } => "item_item(bm25)".to_owned(),
            Method::ItemItem { nearness: Nearness::Jaccard } => "item_item(jaccard)".to_owned(),
            Method::Ease { lambda } => format!("ease({lambda})"),
            Method::Als { .. } => "als(64)".to_owned(),
        };
        if self.looks {
            name.push_str(", with looks");
        }
        if let Some(days) = self.half_life {
            name.push_str(&format!(", fading over {days} days"));
        }
        name
    }

    /// How much an item of a history counts; 0 where it is not to be read.
    fn value(&self, past: &Past) -> f32 {
        let purchases = f32::from(past.purchases);
        let looks = if self.looks {
            f32::from(past.carts.min(3)) * Kind::Cart.strength()
                + f32::from(past.views.min(5)) * Kind::View.strength()
        } else {
            0.0
        };
        match self.method {
            // Taken or not; a look is less than a purchase.
            Method::Ease { .. } | Method::ItemItem { nearness: Nearness::Jaccard } => {
                if purchases > 0.0 {
                    1.0
                } else {
                    looks.min(0.5)
                }
            }
            _ => purchases + looks,
        }
    }

    /// A history as the method reads it.
    fn read(&self, history: &[Past], now: i64) -> (Vec<u32>, Vec<f32>) {
        let mut items = Vec::with_capacity(history.len());
        let mut values = Vec::with_capacity(history.len());
        for past in history {
            let value = self.value(past);
            let age = self.half_life.zip(past.age_days(now)).map_or(0.0, |(half_life, age)| age / half_life);
            // What is very old still tells a little where there is nothing else.
            let value = value * (-age).exp2().max(0.02);
            if value > 0.0 {
                items.push(past.item);
                values.push(value);
            }
        }
        (items, values)
    }

    /// Learns from everybody's histories; `None` where it cannot.
    ///
    /// EASE looks at `ease_items` items at most, those with the most customers: its cost grows with their cube.
    pub(crate) fn learn(
        &self,
        histories: &[&[Past]],
        items: usize,
        ease_items: usize,
        threads: usize,
    ) -> Option<Taste> {
        let rows = histories.iter().map(|history| {
            let taken = history.iter().map(|past| (past.item, self.value(past)));
            taken.filter(|(item, value)| *value > 0.0 && (*item as usize) < items).collect::<Vec<_>>()
        });
        let taken = || Sparse::new(rows, items);
        let learned = match self.method {
            Method::Popular => Learned::Nothing,
            Method::ItemItem { nearness } => Learned::Lists(nearest(&taken(), nearness, NEIGHBOURS, threads)),
            Method::Ease { lambda } => {
                let taken = taken();
                let kept = widest(&taken, ease_items);
                let small = taken.columns(&kept);
                let lists = ease::fit(&small, lambda, WEIGHTS, threads)?;
                Learned::Lists(lists.spread(&kept, items))
            }
            Method::Als { alpha } => {
                Learned::Factors(Box::new(Factors::fit(&taken(), alpha, ROUNDS, threads)))
            }
        };
        let kin = Arc::new(Sparse::new(Vec::<Vec<(u32, f32)>>::new(), 0));
        Some(Taste { recipe: *self, learned: Arc::new(learned), kin })
    }
}

impl Taste {
    /// The same with what the catalogue tells.
    #[must_use]
    pub fn with(self, kin: Kin) -> Taste {
        Taste { kin: kin.0, ..self }
    }

    /// How much like what somebody did last each of `items` is by the catalogue: of the latest of `history` each
    /// one's strength times the alikeness, summed. Empty where the catalogue tells nothing.
    pub(crate) fn alike(&self, history: &[Past], items: usize) -> Vec<f32> {
        if self.kin.filled() == 0 {
            return Vec::new();
        }
        let mut sums = vec![0.0; items];
        let mut latest: Vec<&Past> = history.iter().collect();
        latest.sort_by_key(|past| (std::cmp::Reverse(past.last().unwrap_or(i64::MIN)), past.item));
        for past in latest.into_iter().take(LATEST).filter(|past| (past.item as usize) < self.kin.rows()) {
            for (other, alike) in self.kin.row(past.item as usize) {
                if let Some(sum) = sums.get_mut(other as usize) {
                    *sum += alike * past.strongest().strength();
                }
            }
        }
        sums
    }

    /// The item of a history that is most like another one.
    pub(crate) fn likest(&self, history: &[Past], item: u32) -> Option<u32> {
        let known = history.iter().filter(|past| (past.item as usize) < self.kin.rows());
        let told = known.filter_map(|past| {
            let (_, alike) = self.kin.row(past.item as usize).find(|(other, _)| *other == item)?;
            Some((alike * past.strongest().strength(), past.item))
        });
        told.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, own)| own)
    }

    /// Adds each item's score to `scores` (as long as there are items); tells which of the history told most for an
    /// item by [`Taste::reason`].
    pub fn score(&self, history: &[Past], now: i64, scores: &mut [f32]) {
        let (items, values) = self.recipe.read(history, now);
        match &*self.learned {
            Learned::Nothing => {}
            Learned::Lists(lists) => {
                for (item, value) in items.iter().zip(&values) {
                    if (*item as usize) >= lists.rows() {
                        continue;
                    }
                    for (other, weight) in lists.row(*item as usize) {
                        if let Some(score) = scores.get_mut(other as usize) {
                            *score += value * weight;
                        }
                    }
                }
            }
            Learned::Factors(factors) => {
                let known =
                    items.iter().zip(&values).filter(|(item, _)| (**item as usize) < factors.items.len());
                let (items, values): (Vec<u32>, Vec<f32>) =
                    known.map(|(item, value)| (*item, *value)).unzip();
                if items.is_empty() {
                    return;
                }
                let customer = factors.customer((&items, &values));
                for (item, score) in scores.iter_mut().enumerate() {
                    *score += factors.score(&customer, item as u32);
                }
            }
        }
    }

    /// The item of a history that tells most for another one; `None` where none does.
    pub fn reason(&self, history: &[Past], now: i64, item: u32) -> Option<u32> {
        let (items, values) = self.recipe.read(history, now);
        let tells = |own: u32| match &*self.learned {
            Learned::Nothing => 0.0,
            Learned::Lists(lists) if (own as usize) < lists.rows() => {
                lists.row(own as usize).find(|(other, _)| *other == item).map_or(0.0, |(_, weight)| weight)
            }
            Learned::Lists(_) => 0.0,
            Learned::Factors(factors) => {
                factors.items.get(own as usize).map_or(0.0, |own| factors.score(own, item))
            }
        };
        let told = items.iter().zip(&values).map(|(own, value)| (value * tells(*own), *own));
        told.filter(|(told, _)| *told > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
            .map(|(_, own)| own)
    }

    pub fn bytes(&self) -> usize {
        let learned = match &*self.learned {
            Learned::Nothing => 0,
            Learned::Lists(lists) => lists.bytes(),
            Learned::Factors(factors) => factors.bytes(),
        };
        learned + self.kin.bytes()
    }
}
