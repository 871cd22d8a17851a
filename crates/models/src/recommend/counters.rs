//! What is bought much lately, kept as sums that fade.

use super::Kind;

/// Half-life of the short memory that tells what is rising, in days.
const SHORT: f64 = 7.0;
const DAY: f64 = 86_400_000.0;

/// One item's sums. They are held as they would be at one common instant, so that comparing items needs no powers.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    long: f64,
    short: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Counters {
    sums: Vec<Sums>,
    /// The common instant.
    origin: i64,
    half_life: f64,
}

impl Counters {
    pub fn new(origin: i64, half_life: f32) -> Counters {
        Counters { sums: Vec::new(), origin, half_life: f64::from(half_life.max(0.1)) }
    }

    pub fn grow(&mut self, items: usize) {
        if self.sums.len() < items {
            self.sums.resize(items, Sums::default());
        }
    }

    /// Adds (or takes away, where `amount` is negative) what was done at an instant.
    pub fn add(&mut self, item: u32, kind: Kind, at: Option<i64>, amount: f32) {
        let days = at.map_or(0.0, |at| (at - self.origin) as f64 / DAY);
        // Beyond these bounds a sum would leave what a number can hold; nothing so far away matters.
        let powers = |half_life: f64| (days / half_life).clamp(-900.0, 900.0).exp2();
        let (long, short) = (powers(self.half_life), powers(SHORT));
        if let Some(sums) = self.sums.get_mut(item as usize) {
            let amount = f64::from(amount * kind.strength());
            sums.long = (sums.long + amount * long).max(0.0);
            sums.short = (sums.short + amount * short).max(0.0);
        }
    }

    /// What sums are multiplied with to be as of an instant.
    pub fn faded(&self, now: i64) -> f64 {
        (-((now - self.origin) as f64) / DAY / self.half_life).clamp(-900.0, 900.0).exp2()
    }

    /// What was done with it lately, for comparing items; times [`Counters::faded`] it is in purchases.
    pub fn popularity(&self, item: u32) -> f64 {
        self.sums.get(item as usize).map_or(0.0, |sums| sums.long)
    }

    /// Purchases a day over the long and the short memory, as of an instant.
    fn rates(&self, item: u32, now: i64) -> (f64, f64) {
        let days = (now - self.origin) as f64 / DAY;
        let Some(sums) = self.sums.get(item as usize) else { return (0.0, 0.0) };
        let rate =
            |sum: f64, half_life: f64| sum * (-days / half_life).exp2() * std::f64::consts::LN_2 / half_life;
        (rate(sums.long, self.half_life), rate(sums.short, SHORT))
    }

    /// How much more is bought lately than usually, in standard deviations; 0 where too little is bought to tell.
    pub fn rise(&self, item: u32, now: i64) -> f64 {
        let (usual, lately) = self.rates(item, now);
        // Fewer than three purchases in the short memory tell nothing.
        if lately * SHORT / std::f64::consts::LN_2 < 3.0 {
            return 0.0;
        }
        let variance = (usual + 0.1) * std::f64::consts::LN_2 / SHORT / 2.0;
        ((lately - usual) / variance.sqrt()).max(0.0)
    }

    /// ln of the share of all that was done lately, and ln of how much faster than usual it goes; for ranking.
    pub fn hints(&self, item: u32, now: i64, all: f64) -> (f32, f32) {
        let (usual, lately) = self.rates(item, now);
        let popularity = (self.popularity(item) / all.max(f64::MIN_POSITIVE) + 1e-6).ln();
        (popularity as f32, ((lately + 0.1) / (usual + 0.1)).ln() as f32)
    }

    /// The sum over all items.
    pub fn all(&self) -> f64 {
        self.sums.iter().map(|sums| sums.long).sum()
    }

    pub fn len(&self) -> usize {
        self.sums.len()
    }

    pub fn bytes(&self) -> usize {
        self.sums.capacity() * std::mem::size_of::<Sums>()
    }
}
