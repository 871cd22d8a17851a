//! How alike two items are by what the catalogue says of them: words of the title, category, brand and price.

use super::Item;
use super::matrix::{Sparse, in_pieces};
use rustc_hash::FxHashMap;

/// Words of a title that more items than this carry tell nothing and would cost the most.
const COMMON: usize = 2_000;
/// Items with as many buyers or fewer: what others bought tells nothing of them yet.
pub(crate) const COLD: usize = 5;
/// Alike items that are kept of each item, and cold ones beside them.
const KIN: usize = 100;
const COLD_KIN: usize = 50;
/// Items whose alike ones are worked out beforehand, those with the most buyers.
const WITH_KIN: usize = 20_000;

#[derive(Clone, Debug, Default)]
struct Features {
    words: Vec<u32>,
    ln_price: Option<f32>,
    /// Of the words as they were weighed last.
    length: f32,
}

/// The catalogue, by its words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    vocabulary: FxHashMap<String, u32>,
    postings: Vec<Vec<u32>>,
    features: Vec<Features>,
    items: usize,
}

/// Words of a title, lower case; with category and brand as words of their own.
fn words(item: &Item) -> Vec<String> {
    let mut words: Vec<String> = item
        .title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.extend(item.category.iter().filter(|name| !name.is_empty()).map(|name| format!("category:{name}")));
    words.extend(item.brand.iter().filter(|name| !name.is_empty()).map(|name| format!("brand:{name}")));
    words.sort_unstable();
    words.dedup();
    words
}

impl Content {
    pub fn set(&mut self, place: u32, item: &Item) {
        let at = place as usize;
        if self.features.len() <= at {
            self.features.resize_with(at + 1, Features::default);
        }
        if !self.features[at].words.is_empty() {
            self.items -= 1;
        }
        for word in std::mem::take(&mut self.features[at].words) {
            self.postings[word as usize].retain(|held| *held != place);
        }
        let mut numbers = Vec::new();
        for word in words(item) {
            let next = self.postings.len() as u32;
            let number = *self.vocabulary.entry(word).or_insert(next);
            if number == next {
                self.postings.push(Vec::new());
            }
            self.postings[number as usize].push(place);
            numbers.push(number);
        }
        if !numbers.is_empty() {
            self.items += 1;
        }
        let ln_price = item.price.filter(|price| *price > 0).map(|price| (price as f32).ln());
        let length = self.length(&numbers);
        self.features[at] = Features { words: numbers, ln_price, length };
    }

    /// Weighs all words by how rare they are now; from time to time.
    pub fn settle(&mut self) {
        for at in 0..self.features.len() {
            self.features[at].length = self.length(&self.features[at].words);
        }
    }

    /// Whether anything is told of any item.
    pub fn tells(&self) -> bool {
        self.items > 0
    }

    /// For each item those most like it: the [`KIN`] best by alikeness times the root of `1 +` their buyers, and the
    /// [`COLD_KIN`] most alike that have few buyers; each with its alikeness. At most 1.2 KB an item.
    pub fn kin(&self, buyers: &[u32], threads: usize) -> Sparse {
        let of = |item: u32| buyers.get(item as usize).map_or(0, |buyers| *buyers);
        let mut wanted: Vec<u32> = (0..buyers.len() as u32).filter(|item| of(*item) > 0).collect();
        if wanted.len() > WITH_KIN {
            wanted.sort_by_key(|item| (std::cmp::Reverse(of(*item)), *item));
            wanted.truncate(WITH_KIN);
            wanted.sort_unstable();
        }
        let rows = in_pieces(wanted.len(), threads, |range| {
            range
                .map(|place| {
                    let mut like = self.like(wanted[place]);
                    let worth = |(item, alike): &(u32, f32)| alike * (1.0 + of(*item) as f32).sqrt();
                    like.sort_unstable_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.0.cmp(&b.0)));
                    let beyond = like.split_off(like.len().min(KIN));
                    let mut cold: Vec<(u32, f32)> =
                        beyond.into_iter().filter(|(item, _)| of(*item) as usize <= COLD).collect();
                    cold.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    like.extend(cold.into_iter().take(COLD_KIN));
                    like
                })
                .collect()
        });
        let mut all: Vec<Vec<(u32, f32)>> = vec![Vec::new(); buyers.len()];
        for (item, row) in wanted.into_iter().zip(rows) {
            all[item as usize] = row;
        }
        Sparse::new(all, buyers.len())
    }

    fn rarity(&self, word: u32) -> f32 {
        (1.0 + self.items as f32 / self.postings[word as usize].len().max(1) as f32).ln()
    }

    fn length(&self, words: &[u32]) -> f32 {
        words.iter().map(|word| self.rarity(*word).powi(2)).sum::<f32>().sqrt()
    }

    /// Items with words in common and how alike they are, `(0, 1]`: the cosine of their words weighed by rarity,
    /// times exp(-|difference of the logarithms of their prices|).
    pub fn like(&self, item: u32) -> Vec<(u32, f32)> {
        let Some(own) = self.features.get(item as usize) else { return Vec::new() };
        let mut sums: FxHashMap<u32, f32> = FxHashMap::default();
        let mut rare_first: Vec<u32> = own.words.clone();
        rare_first.sort_by_key(|word| (self.postings[*word as usize].len(), *word));
        for (place, word) in rare_first.iter().enumerate() {
            let others = &self.postings[*word as usize];
            // A common word adds to those that have a rarer one in common; alone it finds nobody, unless it is all
            // that there is.
            if place > 0 && others.len() > COMMON && !sums.is_empty() {
                break;
            }
            let weight = self.rarity(*word).powi(2);
            for other in others.iter().rev().take(COMMON * 2).filter(|other| **other != item) {
                *sums.entry(*other).or_insert(0.0) += weight;
            }
        }
        let own_length = self.length(&own.words);
        let mut like: Vec<(u32, f32)> = sums
            .into_iter()
            .map(|(other, sum)| {
                let features = &self.features[other as usize];
                let cosine = sum / (own_length * features.length).max(f32::MIN_POSITIVE);
                let price = match (own.ln_price, features.ln_price) {
                    (Some(a), Some(b)) => (-(a - b).abs()).exp(),
                    // Half as expensive or twice: neither near nor far.
                    _ => 0.5,
                };
                (other, cosine * price)
            })
            .collect();
        like.sort_unstable_by_key(|(other, _)| *other);
        like
    }

    pub fn bytes(&self) -> usize {
        let words = self.vocabulary.keys().map(|word| word.len() + 40).sum::<usize>();
        let postings = self.postings.iter().map(|held| held.capacity() * 4 + 24).sum::<usize>();
        words + postings + self.features.iter().map(|held| held.words.capacity() * 4 + 40).sum::<usize>()
    }
}
