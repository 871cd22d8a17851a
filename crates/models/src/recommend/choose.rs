//! Which method suits a shop: each is tried on what the shop's own customers bought after a date, or on an item of each
//! that was held out.

use super::content::COLD;
use super::rank::{Candidates, Rail, Weights, highest};
use super::taste::{Kin, Method, Recipe, Taste};
use super::trial::{Case, HoldOut, Measures};
use super::{Ask, Interaction, Item, Kind, Nearness, Options, Past, Recommender};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What answers: small enough for a row of a database; what it says to learn is learned where it serves.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Choice {
    pub recipe: Recipe,
    /// Weights of the hints for items not bought before; without them the recipe's own order.
    pub new: Option<Weights>,
    /// Weights of the hints for what is bought again; without them own purchases, older ones counting less.
    #[serde(default)]
    pub again: Option<Weights>,
    /// Weights of the hints for all items; without them what is bought again comes first.
    pub all: Option<Weights>,
    /// What is popular serves where something new is asked for: nothing that was learned is better.
    #[serde(default)]
    pub popular: bool,
}

impl Default for Choice {
    /// For a shop that has too little to try anything: items beside each other, the popular where there are none.
    fn default() -> Choice {
        let method = Method::ItemItem { nearness: Nearness::Jaccard };
        let recipe = Recipe { method, looks: true, half_life: None };
        Choice { recipe, new: None, again: None, all: None, popular: false }
    }
}

/// A method that was tried on one rail.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tried {
    pub rail: Rail,
    /// `popular`, `buy_again`, `again_then_new`, `content` (alike by the catalogue), `mix(..)`, or a recipe's name
    /// such as `ease(300)`.
    pub method: String,
    #[serde(flatten)]
    pub measures: Measures,
}

/// What serves each rail, and how good it was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    pub new: String,
    pub again: String,
    pub all: String,
}

/// The rules of a rail that need nothing learned.
pub const NAIVE: [&str; 2] = ["popular", "buy_again"];

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

/// What is learned must be better than a naive rule, and what is turned better than what is not, by more than chance
/// tells.
const MARGIN: f64 = 1.02;

/// Tries the methods on what `hold_out` holds out. Costs as much as learning each of them once or twice.
pub fn choose(
    done: &[Interaction],
    items: &[Item],
    options: Options,
    hold_out: HoldOut,
    threads: usize,
) -> (Choice, Report) {
    let whole = choose_while(done, items, options, hold_out, threads, &mut |_| true);
    whole.unwrap_or_else(|report| (Choice::default(), *report))
}

/// As [`choose`]; `going` is told how far it is, from 0 to 1, and says whether to go on.
///
/// # Errors
/// What was tried until it was told to stop.
pub fn choose_while(
    done: &[Interaction],
    items: &[Item],
    options: Options,
    hold_out: HoldOut,
    threads: usize,
    going: &mut dyn FnMut(f64) -> bool,
) -> Result<(Choice, Report), Box<Report>> {
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
        chosen: Chosen {
            new: "item_item(jaccard)".into(),
            again: "buy_again".into(),
            all: "again_then_new".into(),
        },
        too_little: cases.len() < ENOUGH,
    };
    let popular: Vec<u32> =
        shop.popular(split.now, Ask::any(usize::MAX)).iter().map(|one| one.item).collect();
    let is_cold = |item: u32| shop.buyers(item) <= COLD;
    for rail in [Rail::New, Rail::Again, Rail::All, Rail::Cold] {
        let measures = trial.measure(rail, |_, seen| {
            let fits = |item: &&u32| match rail {
                Rail::New => !seen.contains(item),
                Rail::Again => seen.contains(item),
                Rail::All => true,
                Rail::Cold => !seen.contains(item) && is_cold(**item),
            };
            popular.iter().filter(fits).take(20).copied().collect()
        });
        report.add(rail, "popular", measures);
    }
    let again: Vec<Vec<u32>> = trial.lists(|case, _| {
        let found = shop.buy_again(shop.history(case.customer), split.now, Ask::any(20));
        found.into_iter().map(|scored| scored.item).collect()
    });
    for rail in [Rail::Again, Rail::All] {
        report.add(rail, "buy_again", trial.judge(rail, &again));
    }
    if report.too_little {
        return Ok((Choice::default(), report));
    }

    let histories = shop.histories();
    let looks = done.iter().any(|done| done.kind != Kind::Purchase);
    let timed = matches!(hold_out, HoldOut::Since { .. });
    let mut best: Option<(f64, Taste)> = None;
    let attempt = |recipe: Recipe, margin: f64, best: &mut Option<(f64, Taste)>, report: &mut Report| {
        let Some(taste) = recipe.learn(&histories, shop.items(), options.ease_items, threads) else { return };
        let measures = trial.measure(Rail::New, |case, seen| {
            let scores = shop.scores(&taste, shop.history(case.customer), split.now);
            highest(&scores, 20, &|item| !seen.contains(&item))
        });
        report.add(Rail::New, &recipe.name(), measures);
        if best.as_ref().is_none_or(|(worth, _)| measures.worth() > *worth * margin) {
            *best = Some((measures.worth(), taste));
        }
    };
    let plain = |method: Method| Recipe { method, looks, half_life: None };
    let methods = [
        Method::ItemItem { nearness: Nearness::TfIdf },
        Method::ItemItem { nearness: Nearness::Bm25 },
        Method::ItemItem { nearness: Nearness::Jaccard },
        Method::Als { alpha: 1.0 },
        Method::Ease { lambda: 300.0 },
    ];
    // What the best of them can be turned to.
    let turns = [Turn::Penalty(1000.0), Turn::Penalty(100.0), Turn::PurchasesOnly, Turn::Fading(60.0)];
    let mut steps = 0;
    let mut next = |report: &Report| {
        steps += 1;
        // The mixes after them take about as long as three methods.
        match going(f64::from(steps) / (methods.len() + turns.len() + 4) as f64) {
            true => Ok(()),
            false => Err(Box::new(report.clone())),
        }
    };
    for method in methods {
        next(&report)?;
        attempt(plain(method), 1.0, &mut best, &mut report);
    }
    for turn in turns {
        next(&report)?;
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
        attempt(turned, MARGIN, &mut best, &mut report);
    }
    let Some((worth, taste)) = best else { return Ok((Choice::default(), report)) };
    let name = taste.recipe.name();
    let taste = if shop.content().tells() {
        taste.with(Kin(Arc::new(shop.content().kin(&shop.buyers_by_item(), threads))))
    } else {
        taste
    };
    if shop.content().tells() {
        for rail in [Rail::New, Rail::Cold] {
            let measures = trial.measure(rail, |case, seen| {
                let mut alike = taste.alike(shop.history(case.customer), shop.items());
                // Of what few bought, how many did says little.
                if rail == Rail::New {
                    shop.weigh_by_buyers(&mut alike);
                }
                highest(&alike, 20, &|item| !seen.contains(&item) && (rail == Rail::New || is_cold(item)))
            });
            report.add(rail, "content", measures);
        }
    }
    let cold = trial.measure(Rail::Cold, |case, seen| {
        let scores = shop.scores(&taste, shop.history(case.customer), split.now);
        highest(&scores, 20, &|item| !seen.contains(&item) && is_cold(item))
    });
    report.add(Rail::Cold, &name, cold);

    next(&report)?;
    let mixed = format!("mix({name})");
    let popular_worth = report.worth_of(Rail::New, "popular");
    let (new, measures) = trial.mix(Rail::New, &taste);
    report.add(Rail::New, &mixed, measures);
    let mixes = new.is_some() && measures.worth() >= worth;
    report.chosen.new = if mixes { mixed.clone() } else { name.clone() };
    let mut new = new.filter(|_| mixes);
    let reached = if mixes { measures.worth() } else { worth };
    let is_naive = reached <= popular_worth * MARGIN;
    if is_naive {
        report.chosen.new = "popular".into();
        new = None;
    }
    if let Some(weights) = &new {
        let measures = trial.measure(Rail::Cold, |case, _| {
            let history = shop.history(case.customer);
            let found = Candidates::of(&shop, Some(&taste), history, split.now, Rail::Cold, &is_cold);
            found.ranked(weights).into_iter().take(20).map(|(item, _)| item).collect()
        });
        report.add(Rail::Cold, &mixed, measures);
    }

    next(&report)?;
    let (again, measures) = trial.mix(Rail::Again, &taste);
    report.add(Rail::Again, &mixed, measures);
    let naive = report.worth_of(Rail::Again, "buy_again");
    let again = again.filter(|_| measures.worth() > naive);
    if again.is_some() {
        report.chosen.again = mixed.clone();
    }

    let then = trial.lists(|case, seen| {
        let history = shop.history(case.customer);
        let mut list: Vec<u32> =
            shop.buy_again(history, split.now, Ask::any(20)).iter().map(|scored| scored.item).collect();
        let more: Vec<u32> = match &new {
            _ if is_naive => popular.iter().filter(|item| !seen.contains(item)).take(20).copied().collect(),
            Some(weights) => Candidates::of(&shop, Some(&taste), history, split.now, Rail::New, &|_| true)
                .ranked(weights)
                .into_iter()
                .map(|(item, _)| item)
                .take(20)
                .collect(),
            None => {
                let scores = shop.scores(&taste, history, split.now);
                highest(&scores, 20, &|item| !seen.contains(&item))
            }
        };
        list.extend(more);
        list
    });
    let then = trial.judge(Rail::All, &then);
    report.add(Rail::All, "again_then_new", then);
    next(&report)?;
    let (all, measures) = trial.mix(Rail::All, &taste);
    report.add(Rail::All, &mixed, measures);
    let mixes = all.is_some() && measures.worth() >= then.worth();
    report.chosen.all = if mixes { mixed } else { "again_then_new".into() };
    let all = all.filter(|_| mixes);
    let learned = new.is_some() || again.is_some() || all.is_some();
    let recipe = match is_naive && !learned {
        true => Recipe { method: Method::Popular, looks: false, half_life: None },
        false => taste.recipe,
    };
    Ok((Choice { recipe, new, again, all, popular: is_naive }, report))
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
        self.of(rail, self.chosen.of(rail))
    }

    /// The figures of a method on a rail.
    pub fn of(&self, rail: Rail, method: &str) -> Option<Measures> {
        let tried = self.tried.iter().find(|tried| tried.rail == rail && tried.method == method);
        tried.map(|tried| tried.measures)
    }

    fn worth_of(&self, rail: Rail, method: &str) -> f64 {
        self.of(rail, method).map_or(0.0, |measures| measures.worth())
    }

    fn add(&mut self, rail: Rail, method: &str, measures: Measures) {
        self.tried.push(Tried { rail, method: method.to_owned(), measures });
    }
}

impl Chosen {
    /// What serves a rail; items that few bought are part of what is new.
    pub fn of(&self, rail: Rail) -> &str {
        match rail {
            Rail::New | Rail::Cold => &self.new,
            Rail::Again => &self.again,
            Rail::All => &self.all,
        }
    }
}

/// The cases, and what was bought of each rail.
struct Trial<'a> {
    shop: &'a Recommender,
    cases: &'a [Case],
    now: i64,
    /// Bought before, by case.
    seen: Vec<FxHashSet<u32>>,
    /// Held out and not bought before, held out and bought before, and of the first those that few bought; by case.
    new: Vec<FxHashSet<u32>>,
    again: Vec<FxHashSet<u32>>,
    cold: Vec<FxHashSet<u32>>,
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
        let again = cases
            .iter()
            .zip(&seen)
            .map(|(case, seen)| case.bought.intersection(seen).copied().collect())
            .collect();
        let is_cold = |item: &u32| shop.buyers(*item) <= COLD;
        let cold = new.iter().map(|new| new.iter().copied().filter(is_cold).collect()).collect();
        let all: usize = cases.iter().map(|case| case.bought.len()).sum();
        let fresh: usize = new.iter().map(FxHashSet::len).sum();
        let repeats = (all - fresh) as f64 / all.max(1) as f64;
        Trial { shop, cases, now, seen, new, again, cold, repeats }
    }

    fn bought(&self, rail: Rail, place: usize) -> &FxHashSet<u32> {
        match rail {
            Rail::New => &self.new[place],
            Rail::Again => &self.again[place],
            Rail::All => &self.cases[place].bought,
            Rail::Cold => &self.cold[place],
        }
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
