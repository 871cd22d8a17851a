//! How soon people buy a category again.

use domain::btyd::{Kind, Model, Prior, Sample, fit};
use domain::commerce::Day;
use domain::habits::Gaps;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Gaps of a category below which nothing is learned of it.
const GAPS_MIN: usize = 50;
/// Of a category that most people buy once, some still come back: with one purchase nobody is expected.
const DROP_OUT_MAX: f64 = 0.5;

/// How well the next purchase of a category is told, on people of whom nothing was learned. Errors are mean absolute
/// ones, in days.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CategoryReport {
    pub category: String,
    pub people: usize,
    pub gaps: usize,
    /// The usual gap in days: the median of somebody of whom nothing is known.
    pub usual_days: Option<f64>,
    /// The shop's median gap for everybody.
    pub shop: Option<f64>,
    /// The mean of the person's own earlier gaps.
    pub own: Option<f64>,
    /// The median of the law of gaps, moved by the person's own.
    pub shrunk: Option<f64>,
    /// Share of the last gaps that lie within the interval of 80 %.
    pub covered: Option<f64>,
    pub judged: usize,
}

/// All categories together, and the most bought ones.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GapReport {
    /// Categories of which a law of gaps was learned.
    pub categories: usize,
    /// Means over the categories, each gap counting once.
    pub shop: Option<f64>,
    pub own: Option<f64>,
    pub shrunk: Option<f64>,
    pub covered: Option<f64>,
    pub judged: usize,
    /// The most bought first.
    pub largest: Vec<CategoryReport>,
}

const TOLD_MAX: usize = 30;

/// What one person bought of a category: purchase days, ascending, each once.
struct Buyer {
    number: u64,
    days: Vec<Day>,
}

impl Buyer {
    fn gaps(&self) -> impl Iterator<Item = Day> + '_ {
        self.days.windows(2).map(|pair| pair[1] - pair[0])
    }
}

fn model_of<'a>(buyers: impl Iterator<Item = &'a Buyer>, today: Day) -> Option<Model> {
    let days = |from: Day, to: Day| u32::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
    let rows = buyers.filter_map(|buyer| {
        let (first, last) = (*buyer.days.first()?, *buyer.days.last()?);
        let repeats = u32::try_from(buyer.days.len() - 1).ok()?;
        let ln_gaps = buyer.gaps().map(|gap| f64::from(gap).ln()).sum();
        Some((repeats, days(first, last), days(first, today), ln_gaps))
    });
    let sample = Sample::of_days(rows);
    fit(Kind::MbgCnbdK, &sample, &Prior::weak(Kind::MbgCnbdK)).map(|fit| fit.model)
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[derive(Default)]
struct Errors {
    shop: f64,
    own: f64,
    shrunk: f64,
    covered: f64,
    judged: usize,
}

impl Errors {
    fn mean(&self, sum: f64) -> Option<f64> {
        (self.judged > 0).then(|| sum / self.judged as f64)
    }

    fn add(&mut self, other: &Errors) {
        self.shop += other.shop;
        self.own += other.own;
        self.shrunk += other.shrunk;
        self.covered += other.covered;
        self.judged += other.judged;
    }
}

/// The last gap of each buyer of one half, told from the other half and the buyer's own earlier gaps.
fn judge(buyers: &[Buyer], today: Day) -> Errors {
    let mut errors = Errors::default();
    for half in 0..2 {
        let others = || buyers.iter().filter(|buyer| buyer.number % 2 != half);
        let Some(model) = model_of(others(), today) else { continue };
        let Some(usual) = middle(others().flat_map(Buyer::gaps).map(f64::from).collect()) else { continue };
        let law = Gaps { name: String::new(), model, returns: true, own: true };
        for buyer in buyers.iter().filter(|buyer| buyer.number % 2 == half && buyer.days.len() > 2) {
            let gaps: Vec<f64> = buyer.gaps().map(f64::from).collect();
            let Some((last, before)) = gaps.split_last() else { continue };
            let (count, days) = (before.len() as u32, before.iter().sum::<f64>());
            let at = |share: f64| law.quantile(count, days, share);
            let (Some(half), Some(low), Some(high)) = (at(0.5), at(0.1), at(0.9)) else { continue };
            errors.judged += 1;
            errors.shop += (usual - last).abs();
            errors.own += (days / f64::from(count) - last).abs();
            errors.shrunk += (half - last).abs();
            errors.covered += f64::from(u8::from((low..=high).contains(last)));
        }
    }
    errors
}

/// What is learned of categories, given by key and name with their buyers, the most bought first.
pub(super) fn learn(
    categories: impl Iterator<Item = (String, String, Vec<(u64, Vec<Day>)>)>,
    today: Day,
) -> (BTreeMap<String, Gaps>, GapReport) {
    let mut found = BTreeMap::new();
    let mut report = GapReport::default();
    let mut all = Errors::default();
    for (key, name, people) in categories {
        let mut buyers: Vec<Buyer> = people
            .into_iter()
            .filter(|(_, days)| !days.is_empty())
            .map(|(number, days)| Buyer { number, days })
            .collect();
        buyers.sort_by(|a, b| (a.number, &a.days).cmp(&(b.number, &b.days)));
        let gaps = buyers.iter().map(|buyer| buyer.days.len() - 1).sum::<usize>();
        if gaps < GAPS_MIN {
            continue;
        }
        let Some(model) = model_of(buyers.iter(), today) else { continue };
        let errors = judge(&buyers, today);
        let returns = model.mean_drop_out() < DROP_OUT_MAX;
        let own = errors.shrunk <= errors.shop;
        let law = Gaps { name: name.clone(), model, returns, own };
        report.categories += 1;
        all.add(&errors);
        if report.largest.len() < TOLD_MAX {
            report.largest.push(CategoryReport {
                category: name,
                people: buyers.len(),
                gaps,
                usual_days: law.quantile(0, 0.0, 0.5),
                shop: errors.mean(errors.shop),
                own: errors.mean(errors.own),
                shrunk: errors.mean(errors.shrunk),
                covered: errors.mean(errors.covered),
                judged: errors.judged,
            });
        }
        found.insert(key, law);
    }
    (report.shop, report.own) = (all.mean(all.shop), all.mean(all.own));
    (report.shrunk, report.covered) = (all.mean(all.shrunk), all.mean(all.covered));
    report.judged = all.judged;
    (found, report)
}
