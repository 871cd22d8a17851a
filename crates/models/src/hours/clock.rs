//! When people read, by the hour of the day and the day of the week.

use super::STRENGTHS;
use domain::habits::{Blend, Clock, STRENGTH};
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reads on a channel below which nothing is said of it.
const READS_MIN: usize = 50;
/// Reads with earlier ones of the same person below which the strength is not learned.
const JUDGED_MIN: usize = 100;
/// People of a channel that are kept at most.
const PEOPLE_MAX: usize = 100_000;
/// Reads and purchases of one person that are kept at most, the newest.
const EACH_MAX: usize = 200;
/// What a purchase may weigh beside a read.
const PURCHASES: [f64; 4] = [0.0, 0.1, 0.3, 1.0];
/// How much better than the shop alone the blend has to be, as a share of the log-loss.
const GAIN_MIN: f64 = 0.001;

/// How well the hour (or the day) of a read is told, on people of whom nothing was learned: mean log-loss in nats, lower
/// is better.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SlotReport {
    /// By the shop's distribution alone.
    pub shop: Option<f64>,
    /// By the person's own earlier reads alone.
    pub own: Option<f64>,
    /// By the two blended.
    pub shrunk: Option<f64>,
    pub judged: usize,
    /// What serves: own reads count, or the shop's distribution stands for everybody.
    pub serves_own: bool,
    /// As many own reads weigh as much as the shop.
    pub strength: f64,
    /// Whether that was learned, or is the value that comes with Quaylai.
    pub learned: bool,
    /// What a purchase weighs beside a read.
    pub purchases: f64,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClockReport {
    pub channel: String,
    pub people: usize,
    pub reads: usize,
    pub hours: SlotReport,
    pub weekdays: SlotReport,
}

/// Something at an instant, with its hour and its day of the week.
type Marked = (Timestamp, (usize, usize));

struct Reader {
    number: u64,
    reads: Vec<Marked>,
    purchases: Vec<Marked>,
}

#[derive(Default)]
pub(super) struct Clocks(BTreeMap<String, Vec<Reader>>);

impl Clocks {
    /// `reads` and `purchases` ascending.
    pub(super) fn take(&mut self, channel: &str, number: u64, reads: &[Marked], purchases: &[Marked]) {
        let readers = self.0.entry(channel.to_owned()).or_default();
        if readers.len() < PEOPLE_MAX {
            let newest = |all: &[Marked]| all[all.len().saturating_sub(EACH_MAX)..].to_vec();
            readers.push(Reader { number, reads: newest(reads), purchases: newest(purchases) });
        }
    }

    pub(super) fn learn(self) -> (BTreeMap<String, Clock>, Vec<ClockReport>) {
        let (mut clocks, mut reports) = (BTreeMap::new(), Vec::new());
        for (channel, mut readers) in self.0 {
            readers.sort_by(|a, b| (a.number, &a.reads).cmp(&(b.number, &b.reads)));
            let reads = readers.iter().map(|reader| reader.reads.len()).sum::<usize>();
            if reads < READS_MIN {
                continue;
            }
            let (hours, of_hours) = blend(&readers, 24, |slots| slots.0);
            let (weekdays, of_weekdays) = blend(&readers, 7, |slots| slots.1);
            clocks.insert(channel.clone(), Clock { hours, weekdays });
            let people = readers.len();
            reports.push(ClockReport { channel, people, reads, hours: of_hours, weekdays: of_weekdays });
        }
        (clocks, reports)
    }
}

/// The distribution over slots of all that is read by some, eased by one read a slot.
fn shop_of<'a>(
    readers: impl Iterator<Item = &'a Reader>,
    size: usize,
    slot: fn((usize, usize)) -> usize,
) -> Vec<f64> {
    let mut counts = vec![1.0; size];
    for (_, slots) in readers.flat_map(|reader| &reader.reads) {
        counts[slot(*slots).min(size - 1)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    counts.into_iter().map(|count| count / total).collect()
}

/// One read that is forecast from what was before it.
struct Forecast {
    /// Own reads, those of the same slot, and the same of purchases.
    reads: f64,
    hits: f64,
    purchases: f64,
    bought_then: f64,
    shop: f64,
}

fn forecasts(
    readers: &[Reader],
    half: u64,
    shop: &[f64],
    slot: fn((usize, usize)) -> usize,
) -> Vec<Forecast> {
    let mut found = Vec::new();
    for reader in readers.iter().filter(|reader| reader.number % 2 == half) {
        let mut counts = vec![0.0; shop.len()];
        let mut bought = vec![0.0; shop.len()];
        let mut next = 0;
        for (place, (at, slots)) in reader.reads.iter().enumerate() {
            while let Some((_, slots)) = reader.purchases.get(next).filter(|(bought_at, _)| bought_at < at) {
                bought[slot(*slots).min(shop.len() - 1)] += 1.0;
                next += 1;
            }
            let here = slot(*slots).min(shop.len() - 1);
            if place > 0 {
                found.push(Forecast {
                    reads: place as f64,
                    hits: counts[here],
                    purchases: next as f64,
                    bought_then: bought[here],
                    shop: shop[here],
                });
            }
            counts[here] += 1.0;
        }
    }
    found
}

fn loss(forecasts: &[Forecast], of: impl Fn(&Forecast) -> f64) -> f64 {
    forecasts.iter().map(|one| -of(one).max(1e-12).ln()).sum::<f64>() / forecasts.len().max(1) as f64
}

fn shrunk(one: &Forecast, strength: f64, purchases: f64) -> f64 {
    (one.hits + purchases * one.bought_then + strength * one.shop)
        / (one.reads + purchases * one.purchases + strength)
}

fn blend(readers: &[Reader], size: usize, slot: fn((usize, usize)) -> usize) -> (Blend, SlotReport) {
    let mut report = SlotReport { strength: STRENGTH, serves_own: true, ..SlotReport::default() };
    // Each half is judged by what was learned of the other.
    let of_half = |half: u64| shop_of(readers.iter().filter(|reader| reader.number % 2 == half), size, slot);
    let halves = [forecasts(readers, 0, &of_half(1), slot), forecasts(readers, 1, &of_half(0), slot)];
    report.judged = halves.iter().map(Vec::len).sum();
    if report.judged >= JUDGED_MIN && halves.iter().all(|half| !half.is_empty()) {
        let best_of = |half: &[Forecast]| {
            let mut best = (STRENGTH, 0.0, f64::INFINITY);
            for strength in STRENGTHS {
                for purchases in PURCHASES {
                    let loss = loss(half, |one| shrunk(one, strength, purchases));
                    if loss < best.2 {
                        best = (strength, purchases, loss);
                    }
                }
            }
            best
        };
        let best = [best_of(&halves[0]), best_of(&halves[1])];
        let uniform = 1.0 / size as f64;
        let joined = |of: &dyn Fn(usize) -> f64| {
            (0..2).map(|half| of(half) * halves[half].len() as f64).sum::<f64>() / report.judged as f64
        };
        let shop = joined(&|half| loss(&halves[half], |one| one.shop));
        let own = joined(&|half| loss(&halves[half], |one| (one.hits + uniform) / (one.reads + 1.0)));
        let both = joined(&|half| {
            let (strength, purchases, _) = best[1 - half];
            loss(&halves[half], |one| shrunk(one, strength, purchases))
        });
        (report.shop, report.own, report.shrunk) = (Some(shop), Some(own), Some(both));
        report.serves_own = both < shop * (1.0 - GAIN_MIN);
        report.learned = true;
        let all: Vec<Forecast> = halves.into_iter().flatten().collect();
        (report.strength, report.purchases, _) = best_of(&all);
    }
    let blend = Blend {
        shop: shop_of(readers.iter(), size, slot),
        strength: report.strength,
        purchases: report.purchases,
        own: report.serves_own,
    };
    (blend, report)
}
