//! How alike two items are by what the catalogue says of them: words of the title, category, brand and price.

use super::Item;
use rustc_hash::FxHashMap;

/// Words of a title that more items than this carry tell nothing and would cost the most.
const COMMON: usize = 2_000;

#[derive(Clone, Debug, Default)]
struct Features {
    words: Vec<u32>,
    ln_price: Option<f32>,
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
        self.features[at] = Features { words: numbers, ln_price };
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
                let cosine = sum / (own_length * self.length(&features.words)).max(f32::MIN_POSITIVE);
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
        words + postings + self.features.iter().map(|held| held.words.capacity() * 4 + 32).sum::<usize>()
    }
}
