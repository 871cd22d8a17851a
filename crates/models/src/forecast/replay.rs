//! Win-back played over the shop's own past: what it would have cost and how early it would have come.
//!
//! Each order sets one win-back day. The half of the customers that is judged has its days from parameters and tables
//! of the other half. **Waste** is the share of offers to customers who buy within the next weeks anyway: an upper bound
//! of what is given away for nothing. **Delay** is the mean time from the last order to the offer for those who stayed
//! silent for as long as can be seen. Every rule writes at the cap at the latest, so that none is better for writing to
//! fewer.

use super::outlook::Terms;
use super::purchases::{Logarithms, Purchases, Summary};
use super::winback::{Tier, WinBack, due_silence, logit, told};
use crate::parts::{each, tasks};
use domain::btyd::{Model, Tables};
use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// Repeat orders from which on customers are looked at apart, if there are enough of them.
const TIERS: [u32; 6] = [0, 1, 2, 3, 5, 10];
/// Silences that a tier needs.
const TIER_LEAST: usize = 300;
/// Silences of which every week is asked of the model.
const ASKED_MAX: usize = 12_000;
/// Orders' worth of the week before in a week of the table.
const SHRINK: f64 = 5.0;

/// One silence after one order.
struct Silence {
    customer: Summary,
    /// Days until the next order.
    gap: Option<Day>,
    /// Days until the end of the data.
    known: Day,
    even: bool,
}

impl Silence {
    /// Whether it was broken within so many days after `from` days; `None` where the data end before one can tell, or
    /// it did not last until then.
    fn broken(&self, from: Day, within: Day) -> Option<bool> {
        if self.known < from + within || self.gap.is_some_and(|gap| gap <= from) {
            return None;
        }
        Some(self.gap.is_some_and(|gap| gap <= from + within))
    }
}

/// A rule and what it would have cost.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Point {
    /// The chance at or below which it writes; of a fixed rule the weeks after which it does.
    pub at: f64,
    /// Share of offers to who would have bought anyway.
    pub waste: f64,
    /// Weeks from the last order of those who stayed away.
    pub delay_weeks: f64,
    /// Offers that were judged.
    pub offers: usize,
}

/// What the shop can choose from.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct WinBackReport {
    /// Silences that were looked at.
    pub silences: usize,
    pub within_weeks: f64,
    pub cap_weeks: u32,
    /// By threshold, ascending.
    pub curve: Vec<Point>,
    /// The same for everybody, after so many weeks.
    pub fixed: Vec<Point>,
    /// The point that serves; absent where there is too little to judge by.
    pub serves: Option<Point>,
    /// Weeks earlier than the fixed rule that wastes as much.
    pub earlier_weeks: Option<f64>,
    /// Whether the waste that the shop accepts can be kept.
    pub waste_kept: bool,
}

/// The time frame that a history of so many weeks allows: within and cap in weeks.
pub fn frame(weeks: f64) -> (f64, u32) {
    // Half a week more, so that 78 weeks less a day are 78.
    let weeks = weeks + 0.5;
    let within = (weeks / 6.0).floor().clamp(4.0, 13.0);
    let cap = (weeks / 2.0).floor().clamp(13.0, 39.0);
    (within, cap as u32)
}

fn silences(purchases: &Purchases, today: Day, ln: &Logarithms) -> Vec<Silence> {
    let mut held = Vec::with_capacity(purchases.len());
    for customer in 0..purchases.customers() {
        let (days, _) = purchases.of(customer);
        let mut walk = purchases.walk(customer, ln);
        for at in 0..days.len() {
            let Some(summary) = walk.next() else { break };
            if days[at] > today {
                break;
            }
            let gap = days.get(at + 1).filter(|next| **next <= today).map(|next| next - days[at]);
            held.push(Silence { customer: summary, gap, known: today - days[at], even: customer % 2 == 0 });
        }
    }
    held
}

/// The tiers that have enough silences.
fn tiers(silences: &[Silence]) -> Vec<u32> {
    let mut held: Vec<u32> = Vec::new();
    let mut end = u32::MAX;
    for from in TIERS.into_iter().rev() {
        let members = silences.iter().filter(|one| (from..end).contains(&one.customer.repeats())).count();
        if from == 0 || members >= TIER_LEAST {
            held.push(from);
            end = from;
        }
    }
    held.reverse();
    held
}

/// Log-odds of a return by weeks of silence.
fn returns<'a>(silences: impl Iterator<Item = &'a Silence>, within: f64, cap: u32) -> Vec<f32> {
    let within_days = (within * 7.0) as Day;
    let weeks = cap as usize + 1;
    // Differences: each silence counts for a run of weeks, and as a return for the end of it.
    let (mut there, mut back) = (vec![0i64; weeks + 1], vec![0i64; weeks + 1]);
    for one in silences {
        let seen = (one.known - within_days).div_euclid(7) + 1;
        let lasted = one.gap.map_or(Day::MAX, |gap| (gap - 1).div_euclid(7) + 1);
        let end = seen.min(lasted).clamp(0, weeks as Day) as usize;
        there[0] += 1;
        there[end] -= 1;
        if let Some(gap) = one.gap {
            // The first week from which the next order is near enough.
            let from = ((gap - within_days).max(0) + 6).div_euclid(7).clamp(0, weeks as Day) as usize;
            if from < end {
                back[from] += 1;
                back[end] -= 1;
            }
        }
    }
    let (mut present, mut returned, mut before) = (0, 0, None);
    let mut odds = Vec::with_capacity(weeks);
    for week in 0..weeks {
        present += there[week];
        returned += back[week];
        let (n, hits) = (present as f64, returned as f64);
        let Some(prior) = before.or((present >= 30).then(|| (hits + 0.5) / (n + 1.0))) else {
            return Vec::new();
        };
        let share = (hits + SHRINK * prior) / (n + SHRINK);
        odds.push(logit(share) as f32);
        before = Some(share);
    }
    odds
}

/// Log-odds of what came by those of what was told: intercept and slope, drawn to (0, 1) where little is known.
fn calibrate(points: &[(f64, bool)]) -> (f64, f64) {
    const PULL: f64 = 4.0;
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..25 {
        let (mut da, mut db) = (PULL * a, PULL * (b - 1.0));
        let (mut aa, mut ab, mut bb) = (PULL, 0.0, PULL);
        for (x, came) in points {
            let p = 1.0 / (1.0 + (-(a + b * x)).exp());
            let (off, weight) = (p - f64::from(u8::from(*came)), p * (1.0 - p));
            da += off;
            db += off * x;
            aa += weight;
            ab += weight * x;
            bb += weight * x * x;
        }
        let det = aa * bb - ab * ab;
        let (step_a, step_b) = ((da * bb - db * ab) / det, (db * aa - da * ab) / det);
        a -= step_a;
        b -= step_b;
        if step_a.abs() + step_b.abs() < 1e-9 {
            break;
        }
    }
    // A model that ranks the wrong way round says nothing.
    if a.is_finite() && b.is_finite() { (a, b.max(0.0)) } else { (0.0, 1.0) }
}

/// What the model says of a silence in every week from the floor to the cap, in log-odds.
fn told_by_week(model: &Tables, one: &Silence, shape: &WinBack) -> Vec<f32> {
    let ask = |week: u32| logit(told(model, &one.customer, f64::from(week), shape.within_weeks)) as f32;
    (shape.floor_weeks..=shape.cap_weeks).map(ask).collect()
}

/// Tables and calibrations of the tiers from silences and what the model told of some of them.
fn learn_tiers(
    bounds: &[u32],
    all: &[&Silence],
    asked: &[(&Silence, Vec<f32>)],
    shape: &WinBack,
) -> Vec<Tier> {
    let within_days = (shape.within_weeks * 7.0) as Day;
    let ends = bounds.iter().skip(1).copied().chain([u32::MAX]);
    bounds
        .iter()
        .zip(ends)
        .map(|(from, end)| {
            let member = |one: &Silence| (*from..end).contains(&one.customer.repeats());
            let mut points = Vec::new();
            for (one, told) in asked.iter().filter(|(one, _)| member(one)) {
                for (at, odds) in told.iter().enumerate().step_by(3) {
                    let day = (shape.floor_weeks as Day + at as Day) * 7;
                    if let Some(came) = one.broken(day, within_days) {
                        points.push((f64::from(*odds), came));
                    }
                }
            }
            let members = all.iter().copied().filter(|one| member(one));
            Tier {
                repeats: *from,
                calibration: calibrate(&points),
                returns: returns(members, shape.within_weeks, shape.cap_weeks),
            }
        })
        .collect()
}

/// Waste and delay of a rule over silences: `due` gives the day of silence for each.
fn judge(silences: &[&Silence], due: &[Day], at: f64, within: f64, cap: u32) -> Option<Point> {
    let within_days = (within * 7.0) as Day;
    let (mut offers, mut wasted, mut silent, mut waited) = (0usize, 0usize, 0usize, 0.0);
    for (one, due) in silences.iter().zip(due) {
        if let Some(came) = one.broken(*due, within_days) {
            offers += 1;
            wasted += usize::from(came);
        }
        if one.gap.is_none() && one.known >= cap as Day * 7 {
            silent += 1;
            waited += f64::from(*due) / 7.0;
        }
    }
    (offers >= 20 && silent >= 20).then(|| Point {
        at,
        waste: wasted as f64 / offers as f64,
        delay_weeks: waited / silent as f64,
        offers,
    })
}

/// Learns what serves, with the threshold at which the back-test wastes no more than accepted.
///
/// `halves` are the model fitted to the customers of odd and of even number; `model` is that of all.
pub fn learn(
    purchases: &Purchases,
    today: Day,
    model: &Model,
    halves: Option<&[Model; 2]>,
    terms: &Terms,
    threads: usize,
) -> (WinBack, WinBackReport) {
    let ln = Logarithms::new();
    let span = purchases.span().map_or(0, |(from, _)| (today - from).max(0));
    let (within, cap) = frame(f64::from(span) / 7.0);
    let (floor, waste) = (terms.floor_weeks, terms.waste);
    let cap = cap.min(terms.cap_weeks).max(floor);
    let plain = WinBack::plain(within, floor, cap, waste);
    let mut serving = plain.clone();
    let all = silences(purchases, today, &ln);
    let mut report = WinBackReport {
        silences: all.len(),
        within_weeks: within,
        cap_weeks: cap,
        waste_kept: true,
        ..WinBackReport::default()
    };
    if all.len() < TIER_LEAST {
        return (serving, report);
    }
    let bounds = tiers(&all);
    let step = all.len().div_ceil(ASKED_MAX).max(1);
    let ask = |model: &Model, even: Option<bool>| -> Vec<(&Silence, Vec<f32>)> {
        let chosen = all.iter().step_by(step).filter(|one| even.is_none_or(|even| one.even == even));
        let (chosen, tables): (Vec<&Silence>, _) = (chosen.collect(), Tables::new(*model, []));
        each(chosen.len(), threads, |at| (chosen[at], told_by_week(&tables, chosen[at], &plain)))
    };
    if let Some(halves) = halves {
        let mut judged: Vec<&Silence> = Vec::new();
        let mut odds: Vec<Vec<f32>> = Vec::new();
        for (at, even) in [false, true].into_iter().enumerate() {
            // Learned from this half, judged on the other.
            let taught: Vec<&Silence> = all.iter().filter(|one| one.even == even).collect();
            let tiers = learn_tiers(&bounds, &taught, &ask(&halves[at], Some(even)), &plain);
            let rule = WinBack { tiers, ..plain.clone() };
            for (one, told) in ask(&halves[at], Some(!even)) {
                let tier = rule.tier(one.customer.repeats());
                let blended = told.iter().enumerate().map(|(week, odds)| {
                    let week = f64::from(floor) + week as f64;
                    let told = super::winback::sigmoid(f64::from(*odds));
                    tier.map_or(told, |tier| tier.blend(told, week)) as f32
                });
                odds.push(blended.collect());
                judged.push(one);
            }
        }
        let due = |threshold: f64| -> Vec<Day> {
            let of = |chances: &Vec<f32>| {
                due_silence(threshold, floor, cap, |week| {
                    chances.get((week - floor) as usize).copied().map_or(0.0, f64::from)
                })
            };
            odds.iter().map(of).collect()
        };
        // Close to each other where shops choose: half a week may lie between two.
        let low = (1..=120).map(|at| f64::from(at) / 400.0);
        let thresholds: Vec<f64> = low.chain((31..=70).map(|at| f64::from(at) / 100.0)).collect();
        let points = tasks(thresholds.len(), threads, |at| {
            let threshold = thresholds[at];
            judge(&judged, &due(threshold), threshold, within, cap)
        });
        report.curve.extend(points.into_iter().flatten());
        for week in floor..=cap {
            let due = vec![week as Day * 7; judged.len()];
            report.fixed.extend(judge(&judged, &due, f64::from(week), within, cap));
        }
        // Where all are written to at once already, a higher threshold changes nothing.
        report.curve.dedup_by(|next, held| next.waste == held.waste && next.delay_weeks == held.delay_weeks);
        let kept = report.curve.iter().rfind(|point| point.waste <= waste);
        let least = report.curve.iter().min_by(|one, other| one.waste.total_cmp(&other.waste));
        report.waste_kept = kept.is_some();
        report.serves = kept.or(least).copied();
        if let Some(point) = report.serves {
            serving.threshold = point.at;
            let as_wasteful = report.fixed.iter().find(|fixed| fixed.waste <= point.waste);
            report.earlier_weeks = as_wasteful.map(|fixed| fixed.delay_weeks - point.delay_weeks);
        }
    }
    let taught: Vec<&Silence> = all.iter().collect();
    serving.tiers = learn_tiers(&bounds, &taught, &ask(model, None), &plain);
    (serving, report)
}
