//! Which method suits a shop: each is tried on what the shop's own customers bought after a date, or on an item of each
//! that was held out.

use super::rank::{Candidates, Rail, Weights, highest};
use super::taste::{Method, Recipe, Taste};
use super::trial::{Case, HoldOut, Measures};
use super::{Ask, Interaction, Item, Kind, Nearness, Options, Past, Recommender};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

/// What answers: small enough for a row of a database; what it says to learn is learned where it serves.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Choice {
    pub recipe: Recipe,
    /// Weights of the hints for items not bought before; without them the recipe's own order.
    pub new: Option<Weights>,
    /// Weights of the hints for all items; without them what is bought again comes first.
    pub all: Option<Weights>,
}

impl Default for Choice {
    /// For a shop that has too little to try anything: items beside each other, the popular where there are none.
    fn default() -> Choice {
        let method = Method::ItemItem { nearness: Nearness::Jaccard };
        Choice { recipe: Recipe { method, looks: true, half_life: None }, new: None, all: None }
    }
}

/// A method that was tried on one rail.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tried {
    pub rail: Rail,
    /// `popular`, `buy_again`, `again_then_new`, `mix`, or a recipe's name such as `ease(300)`.
    pub method: String,
    #[serde(flatten)]
    pub measures: Measures,
}

/// What serves each rail, and how good it was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    pub new: String,
    pub all: String,
}

/// What was tried and how it went.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    pub hold_out: HoldOut,
    /// Customers whose held-out purchases were asked for, of those that had any.
    pub asked: usize,
    pub of: usize,
    /// Share of what was held out that its customer had bought before, 0 to 1.
    pub repeats: f64,
    pub tried: Vec<Tried>,
    pub chosen: Chosen,
    /// Fewer than [`ENOUGH`] customers: nothing can be told, and the default serves.
    pub too_little: bool,
}

/// Customers with held-out purchases below which nothing is chosen.
pub const ENOUGH: usize = 50;
/// Customers that are asked at most; more make no difference to the figures' first two digits.
const ASKED: usize = 4_000;
/// Part of the cases by which the weights of hints are learned at most.
const TAUGHT: usize = 3_000;

/// Tries the methods on what `hold_out` holds out. Costs as much as learning each of them once or twice.
pub fn choose(
    done: &[Interaction],
    items: &[Item],
    options: Options,
    hold_out: HoldOut,
    threads: usize,
) -> (Choice, Report) {
    let split = hold_out.split(done);
    let shop = Recommender::build(&split.known, items, options, split.now);
    let of = split.cases.len();
    let step = of.div_ceil(ASKED).max(1);
    let cases: Vec<Case> = split.cases.into_iter().step_by(step).collect();
    let trial = Trial::new(&shop, &cases, split.now);
    let mut report = Report {
        hold_out,
        asked: cases.len(),
        of,
        repeats: trial.repeats,
        tried: Vec::new(),
        chosen: Chosen { new: "item_item(jaccard)".into(), all: "again_then_new".into() },
        too_little: cases.len() < ENOUGH,
    };
    let popular: Vec<u32> = shop.popular(split.now, Ask::any(500)).iter().map(|scored| scored.item).collect();
    for rail in [Rail::New, Rail::All] {
        let measures = trial.measure(rail, |_, seen| {
            popular
                .iter()
                .copied()
                .filter(|item| rail == Rail::All || !seen.contains(item))
                .take(20)
                .collect()
        });
        report.tried.push(Tried { rail, method: "popular".into(), measures });
    }
    let again: Vec<Vec<u32>> = trial.lists(|case, _| {
        let found = shop.buy_again(shop.history(case.customer), split.now, Ask::any(20));
        found.into_iter().map(|scored| scored.item).collect()
    });
    report.tried.push(Tried {
        rail: Rail::All,
        method: "buy_again".into(),
        measures: trial.judge(Rail::All, &again),
    });
    if report.too_little {
        return (Choice::default(), report);
    }

    let histories = shop.histories();
    let looks = done.iter().any(|done| done.kind != Kind::Purchase);
    let timed = matches!(hold_out, HoldOut::Since { .. });
    let mut best: Option<(f64, Taste)> = None;
    let attempt = |recipe: Recipe, margin: f64, best: &mut Option<(f64, Taste)>, report: &mut Report| {
        let Some(taste) = recipe.learn(&histories, shop.items(), threads) else { return };
        let measures = trial.measure(Rail::New, |case, seen| {
            let mut scores = vec![0.0; shop.items()];
            taste.score(shop.history(case.customer), split.now, &mut scores);
            highest(&scores, 20, &|item| !seen.contains(&item))
        });
        report.tried.push(Tried { rail: Rail::New, method: recipe.name(), measures });
        // What is turned must be better by more than chance tells.
        if best.as_ref().is_none_or(|(worth, _)| measures.worth() > *worth * margin) {
            *best = Some((measures.worth(), taste));
        }
    };
    let plain = |method: Method| Recipe { method, looks, half_life: None };
    for method in [
        Method::ItemItem { nearness: Nearness::TfIdf },
        Method::ItemItem { nearness: Nearness::Bm25 },
        Method::ItemItem { nearness: Nearness::Jaccard },
        Method::Als { alpha: 1.0 },
        Method::Ease { lambda: 300.0 },
    ] {
        attempt(plain(method), 1.0, &mut best, &mut report);
    }
    // What the best of them can be turned to.
    for turn in [Turn::Penalty(1000.0), Turn::Penalty(100.0), Turn::PurchasesOnly, Turn::Fading(60.0)] {
        let Some((_, taste)) = &best else { break };
        let recipe = taste.recipe;
        let turned = match (turn, recipe.method) {
            (Turn::Penalty(lambda), Method::Ease { .. }) => {
                Recipe { method: Method::Ease { lambda }, ..recipe }
            }
            (Turn::PurchasesOnly, _) if recipe.looks => Recipe { looks: false, ..recipe },
            (Turn::Fading(days), _) if timed => Recipe { half_life: Some(days), ..recipe },
            _ => continue,
        };
        attempt(turned, 1.02, &mut best, &mut report);
    }
    let Some((worth, taste)) = best else { return (Choice::default(), report) };
    let name = taste.recipe.name();

    let popular_worth = report.tried[0].measures.worth();
    let (new, measures) = trial.mix(Rail::New, &taste);
    report.tried.push(Tried { rail: Rail::New, method: format!("mix({name})"), measures });
    let mixes = new.is_some() && measures.worth() >= worth.max(popular_worth);
    report.chosen.new = if mixes { format!("mix({name})") } else { name.clone() };
    let new = new.filter(|_| mixes);

    let then = trial.lists(|case, seen| {
        let history = shop.history(case.customer);
        let mut list: Vec<u32> =
            shop.buy_again(history, split.now, Ask::any(20)).iter().map(|scored| scored.item).collect();
        let more: Vec<u32> = match &new {
            Some(weights) => Candidates::of(&shop, Some(&taste), history, split.now, Rail::New, &|_| true)
                .ranked(weights)
                .into_iter()
                .map(|(item, _)| item)
                .take(20)
                .collect(),
            None => {
                let mut scores = vec![0.0; shop.items()];
                taste.score(history, split.now, &mut scores);
                highest(&scores, 20, &|item| !seen.contains(&item))
            }
        };
        list.extend(more);
        list
    });
    let then = trial.judge(Rail::All, &then);
    report.tried.push(Tried { rail: Rail::All, method: "again_then_new".into(), measures: then });
    let (all, measures) = trial.mix(Rail::All, &taste);
    report.tried.push(Tried { rail: Rail::All, method: format!("mix({name})"), measures });
    let mixes = all.is_some() && measures.worth() >= then.worth();
    report.chosen.all = if mixes { format!("mix({name})") } else { "again_then_new".into() };
    (Choice { recipe: taste.recipe, new, all: all.filter(|_| mixes) }, report)
}

#[derive(Clone, Copy)]
enum Turn {
    Penalty(f32),
    PurchasesOnly,
    Fading(f32),
}

impl Report {
    /// The figures of what was chosen for a rail.
    pub fn of_chosen(&self, rail: Rail) -> Option<Measures> {
        let name = if rail == Rail::New { &self.chosen.new } else { &self.chosen.all };
        self.tried
            .iter()
            .find(|tried| tried.rail == rail && tried.method == *name)
            .map(|tried| tried.measures)
    }
}

/// The cases, and what was bought of each rail.
struct Trial<'a> {
    shop: &'a Recommender,
    cases: &'a [Case],
    now: i64,
    /// Bought before, by case.
    seen: Vec<FxHashSet<u32>>,
    /// Held out and not bought before, by case.
    new: Vec<FxHashSet<u32>>,
    repeats: f64,
}

impl<'a> Trial<'a> {
    fn new(shop: &'a Recommender, cases: &'a [Case], now: i64) -> Trial<'a> {
        let bought = |past: &&Past| past.purchases > 0;
        let seen: Vec<FxHashSet<u32>> = cases
            .iter()
            .map(|case| shop.history(case.customer).iter().filter(bought).map(|past| past.item).collect())
            .collect();
        let new: Vec<FxHashSet<u32>> = cases
            .iter()
            .zip(&seen)
            .map(|(case, seen)| case.bought.difference(seen).copied().collect())
            .collect();
        let all: usize = cases.iter().map(|case| case.bought.len()).sum();
        let fresh: usize = new.iter().map(FxHashSet::len).sum();
        Trial { shop, cases, now, seen, new, repeats: (all - fresh) as f64 / all.max(1) as f64 }
    }

    fn bought(&self, rail: Rail, place: usize) -> &FxHashSet<u32> {
        if rail == Rail::New { &self.new[place] } else { &self.cases[place].bought }
    }

    fn lists(&self, list: impl Fn(&Case, &FxHashSet<u32>) -> Vec<u32>) -> Vec<Vec<u32>> {
        self.cases.iter().zip(&self.seen).map(|(case, seen)| list(case, seen)).collect()
    }

    fn judge(&self, rail: Rail, lists: &[Vec<u32>]) -> Measures {
        let pairs = lists.iter().enumerate().map(|(place, list)| (list.as_slice(), self.bought(rail, place)));
        Measures::of(pairs)
    }

    fn measure(&self, rail: Rail, list: impl Fn(&Case, &FxHashSet<u32>) -> Vec<u32>) -> Measures {
        self.judge(rail, &self.lists(list))
    }

    /// The weights of the hints, learned of all cases, and how good those were that had been learned of one half and
    /// were tried on the other.
    fn mix(&self, rail: Rail, taste: &Taste) -> (Option<Weights>, Measures) {
        let mut cases: Vec<(Candidates, &FxHashSet<u32>)> = Vec::with_capacity(self.cases.len());
        for (place, case) in self.cases.iter().enumerate() {
            let history = self.shop.history(case.customer);
            let candidates = Candidates::of(self.shop, Some(taste), history, self.now, rail, &|_| true);
            cases.push((candidates, self.bought(rail, place)));
        }
        let lists = |cases: &[(Candidates, &FxHashSet<u32>)], weights: &Option<Weights>| -> Vec<Vec<u32>> {
            let list = |candidates: &Candidates| match weights {
                Some(weights) => {
                    candidates.ranked(weights).into_iter().take(20).map(|(item, _)| item).collect()
                }
                None => Vec::new(),
            };
            cases.iter().map(|(candidates, _)| list(candidates)).collect()
        };
        // By turns, not by halves: customers come in the order in which they came to the shop.
        let mut turns: [Vec<(Candidates, &FxHashSet<u32>)>; 2] = [Vec::new(), Vec::new()];
        for (place, case) in cases.into_iter().enumerate() {
            turns[place % 2].push(case);
        }
        let [even, odd] = turns;
        let taught =
            |cases: &[(Candidates, &FxHashSet<u32>)]| Weights::learn(&cases[..cases.len().min(TAUGHT / 2)]);
        let of_even = taught(&even);
        let of_odd = taught(&odd);
        let judged = lists(&odd, &of_even).into_iter().chain(lists(&even, &of_odd)).collect::<Vec<_>>();
        let bought = odd.iter().chain(&even).map(|(_, bought)| *bought);
        let measures = Measures::of(judged.iter().map(Vec::as_slice).zip(bought));
        let mut both: Vec<(Candidates, &FxHashSet<u32>)> = even.into_iter().take(TAUGHT / 2).collect();
        both.extend(odd.into_iter().take(TAUGHT / 2));
        (Weights::learn(&both), measures)
    }
}
