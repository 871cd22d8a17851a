//! What the rules come to for one person, at any instant.
//!
//! What an event brought is halved every half-life: `points * 2^(-(t - at) / half_life)`. The parts of all rules are
//! added in millionths of a point, so that neither the order of the events nor that of the rules matters, and the sum
//! is rounded to a whole score, halves upwards. The score is another at exact instants: the next one is found by
//! halving the time in which it may lie, with bounds that hold because each rule's part only ever shrinks between two
//! events.

use super::{Rule, Rules, What};
use crate::condition::{Condition, Context, EventView, filters_match};
use kit::{DAY_MS, Timestamp};
use std::collections::VecDeque;

/// Half-lives after which an event need not be read any more: of 1,000 points less than a millionth of a thousandth
/// is left then.
pub const HALVINGS: i64 = 40;
/// Millionths in a point.
const MICRO: i64 = 1_000_000;
/// Steps that a search for the next turn takes at most; then it answers an instant that may be too early.
const STEPS_MAX: u32 = 20_000;
/// Instants at which nothing turned that are passed in a search for one at which something does.
const PASSES_MAX: u32 = 64;

/// One person read by the rules.
pub struct Reading<'a> {
    rules: &'a Rules,
    context: Context<'a>,
    sources: Vec<Source<'a>>,
    is_for: bool,
}

enum Source<'a> {
    When(&'a Condition),
    On(Series),
}

/// The events of one rule, oldest first.
struct Series {
    marks: Vec<Mark>,
    half_life_ms: Option<i64>,
}

/// An event that counts.
struct Mark {
    at: Timestamp,
    /// Points that it brought, after the limit of its stretch of time, without a sign.
    granted: i64,
    /// What this and all before come to at its own instant, without the cap.
    held: f64,
}

/// What one rule gives or takes at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The place of the rule.
    pub rule: usize,
    /// In millionths of a point; 0 for one that does not hold.
    pub micro: i64,
    /// Events that count up to then.
    pub events: usize,
    /// The last of them.
    pub last_at: Option<Timestamp>,
}

impl Part {
    /// In points.
    pub fn points(&self) -> f64 {
        self.micro as f64 / MICRO as f64
    }
}

/// Why a score rose or fell.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub at: Timestamp,
    /// The place of the rule.
    pub rule: usize,
    /// What the event brought, before any cap of the rule.
    pub points: i64,
    /// The score with it.
    pub score: i64,
}

impl Series {
    fn of(rule: &Rule, events: impl Iterator<Item = Timestamp>) -> Series {
        let half_life_ms = rule.half_life_ms();
        let mut marks: Vec<Mark> = Vec::new();
        // Of the events of the last stretch: when, and how much was granted.
        let mut recent: VecDeque<(Timestamp, i64)> = VecDeque::new();
        let mut recently = 0;
        for at in events {
            let mut granted = rule.points.abs();
            if let Some(per) = rule.per {
                let begins = at.plus_ms(-i64::from(per.days) * DAY_MS);
                while recent.front().is_some_and(|(at, _)| *at <= begins) {
                    recently -= recent.pop_front().map_or(0, |(_, granted)| granted);
                }
                granted = granted.min(per.points - recently).max(0);
                if granted == 0 {
                    continue;
                }
                recent.push_back((at, granted));
                recently += granted;
            }
            let before =
                marks.last().map_or(0.0, |last| decayed(last.held, at.since_ms(last.at), half_life_ms));
            marks.push(Mark { at, granted, held: before + granted as f64 });
        }
        Series { marks, half_life_ms }
    }

    fn at(&self, at: Timestamp) -> Option<(usize, &Mark)> {
        let there = self.marks.partition_point(|mark| mark.at <= at);
        Some((there, &self.marks[there.checked_sub(1)?]))
    }

    /// Without a sign, in millionths.
    fn micro(&self, at: Timestamp, cap: Option<i64>) -> i64 {
        let Some((_, mark)) = self.at(at) else { return 0 };
        let held = decayed(mark.held, at.since_ms(mark.at), self.half_life_ms);
        let held = cap.map_or(held, |cap| held.min(cap as f64));
        (held * MICRO as f64).round() as i64
    }

    fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.marks.get(self.marks.partition_point(|mark| mark.at <= at)).map(|mark| mark.at)
    }
}

fn decayed(held: f64, elapsed_ms: i64, half_life_ms: Option<i64>) -> f64 {
    match half_life_ms {
        None => held,
        Some(half_life) => held * (-(elapsed_ms as f64) / half_life as f64).exp2(),
    }
}

impl Rules {
    /// Reads a person. `context` brings the past as far as [`Rules::wants`] says, and the instant from which on the
    /// reading can be asked about conditions.
    pub fn read<'a>(&'a self, context: &Context<'a>, is_for: bool) -> Reading<'a> {
        let past = context.facts.past();
        let source = |rule: &'a Rule| match &rule.what {
            What::When(condition) => Source::When(condition),
            What::On(pattern) => {
                let events = past.events.get(&pattern.event).map(Vec::as_slice).unwrap_or_default();
                let mut counting: Vec<(Timestamp, i64)> = events
                    .iter()
                    .filter(|event| {
                        let (name, properties) = (pattern.event.as_str(), &event.properties);
                        let view = EventView { id: "", name, at: event.at, properties };
                        let then = Context { now: event.at, ..*context };
                        pattern.filters.is_empty() || filters_match(&pattern.filters, &view, &then)
                    })
                    .map(|event| (event.at, event.no))
                    .collect();
                counting.sort_unstable();
                Source::On(Series::of(rule, counting.into_iter().map(|(at, _)| at)))
            }
        };
        let sources = if is_for { self.rules.iter().map(source).collect() } else { Vec::new() };
        Reading { rules: self, context: *context, sources, is_for }
    }
}

/// The parts of all rules at an instant: what is given, and what is taken away.
#[derive(Clone, Copy)]
struct Sum {
    given: i64,
    taken: i64,
}

impl<'a> Reading<'a> {
    pub fn rules(&self) -> &'a Rules {
        self.rules
    }

    fn at(&self, at: Timestamp) -> Context<'a> {
        Context { now: at, ..self.context }
    }

    /// What conditions give at an instant, and when one of them turns next.
    fn standing(&self, at: Timestamp) -> (Sum, Option<Timestamp>) {
        let mut sum = Sum { given: 0, taken: 0 };
        let mut until: Option<Timestamp> = None;
        for (rule, source) in self.rules.rules.iter().zip(&self.sources) {
            let Source::When(condition) = source else { continue };
            let told = condition.evaluate(&self.at(at));
            if told.holds {
                sum.add(rule, points_of(rule));
            }
            until = match (until, told.changes_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        (sum, until)
    }

    /// What events give at an instant.
    fn moving(&self, at: Timestamp) -> Sum {
        let mut sum = Sum { given: 0, taken: 0 };
        for (rule, source) in self.rules.rules.iter().zip(&self.sources) {
            if let Source::On(series) = source {
                sum.add(rule, series.micro(at, rule.cap));
            }
        }
        sum
    }

    fn whole(&self, micro: i64) -> i64 {
        (micro + MICRO / 2).div_euclid(MICRO).clamp(self.rules.floor, self.rules.ceiling)
    }

    fn score_with(&self, standing: Sum, moving: Sum) -> i64 {
        self.whole(standing.given + moving.given - standing.taken - moving.taken)
    }

    /// The score at an instant; `None` for who is no lead.
    pub fn score(&self, at: Timestamp) -> Option<i64> {
        self.is_for.then(|| self.score_with(self.standing(at).0, self.moving(at)))
    }

    /// The score at an instant from the reading's own on, and the first instant at which it is another if nothing else
    /// happens. Where that takes too long to find it may be an earlier one, never a later.
    pub fn value_at(&self, at: Timestamp) -> (Option<i64>, Option<Timestamp>) {
        if !self.is_for {
            return (None, None);
        }
        let (mut standing, mut turns_at) = self.standing(at);
        let score = self.score_with(standing, self.moving(at));
        let mut now = at;
        for _ in 0..PASSES_MAX {
            let arrives_at = self.series().filter_map(|series| series.next_after(now)).min();
            let next = match (turns_at, arrives_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            // Up to then parts only shrink. Nothing is left of them after so many half-lives.
            let fades_at = now.plus_ms(self.longest_ms().saturating_mul(HALVINGS + 10));
            let end = next.map_or(fades_at, |next| next.plus_ms(-1).min(fades_at));
            let mut steps = 0;
            if end > now
                && let Some(found) = self.first_other((now, end), standing, score, &mut steps)
            {
                return (Some(score), Some(found));
            }
            let Some(next) = next else { return (Some(score), None) };
            now = next;
            if turns_at.is_some_and(|turn| turn <= now) {
                (standing, turns_at) = self.standing(now);
            }
            if self.score_with(standing, self.moving(now)) != score {
                return (Some(score), Some(now));
            }
        }
        (Some(score), Some(now))
    }

    fn series(&self) -> impl Iterator<Item = &Series> {
        self.sources.iter().filter_map(|source| match source {
            Source::On(series) => Some(series),
            Source::When(_) => None,
        })
    }

    fn longest_ms(&self) -> i64 {
        self.series().filter_map(|series| series.half_life_ms).max().unwrap_or(0)
    }

    /// The first instant after the first and up to the second with another score. At the first it is `score`, and no
    /// event and no turn of a condition lies behind it.
    fn first_other(
        &self,
        (from, to): (Timestamp, Timestamp),
        standing: Sum,
        score: i64,
        steps: &mut u32,
    ) -> Option<Timestamp> {
        let mut open = vec![(from, to)];
        while let Some((from, to)) = open.pop() {
            *steps += 1;
            let (early, late) = (self.moving(from), self.moving(to));
            let lowest = self.score_with(standing, Sum { given: late.given, taken: early.taken });
            let highest = self.score_with(standing, Sum { given: early.given, taken: late.taken });
            if lowest == score && highest == score {
                continue;
            }
            if to.since_ms(from) <= 1 || *steps >= STEPS_MAX {
                if *steps >= STEPS_MAX || self.score_with(standing, late) != score {
                    return Some(to);
                }
                continue;
            }
            let middle = from.plus_ms(to.since_ms(from) / 2);
            open.push((middle, to));
            open.push((from, middle));
        }
        None
    }

    /// What each rule gives or takes at an instant, those that give nothing included.
    pub fn parts(&self, at: Timestamp) -> Vec<Part> {
        let part = |(place, (rule, source)): (usize, (&Rule, &Source<'_>))| match source {
            Source::When(condition) => {
                let holds = condition.holds(&self.at(at));
                let micro = if holds { points_of(rule) * rule.points.signum() } else { 0 };
                Part { rule: place, micro, events: 0, last_at: None }
            }
            Source::On(series) => {
                let (events, last_at) =
                    series.at(at).map_or((0, None), |(there, mark)| (there, Some(mark.at)));
                let micro = series.micro(at, rule.cap) * rule.points.signum();
                Part { rule: place, micro, events, last_at }
            }
        };
        self.rules.rules.iter().zip(&self.sources).enumerate().map(part).collect()
    }

    /// What events gave and took after the first instant and up to the second, newest first, at most so many.
    /// Conditions count as they stand at each of these instants as far as the past tells; what a person's attributes
    /// were then is not known, and they count as they are.
    pub fn reasons(&self, (after, to): (Timestamp, Timestamp), most: usize) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        for (place, (rule, source)) in self.rules.rules.iter().zip(&self.sources).enumerate() {
            let Source::On(series) = source else { continue };
            let within =
                series.marks.iter().rev().skip_while(|mark| mark.at > to).take_while(|mark| mark.at > after);
            reasons.extend(within.take(most).map(|mark| Reason {
                at: mark.at,
                rule: place,
                points: mark.granted * rule.points.signum(),
                score: 0,
            }));
        }
        reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.at), reason.rule));
        reasons.truncate(most);
        for reason in &mut reasons {
            reason.score = self.score(reason.at).unwrap_or_default();
        }
        reasons
    }
}

impl Sum {
    fn add(&mut self, rule: &Rule, micro: i64) {
        match rule.points < 0 {
            true => self.taken += micro,
            false => self.given += micro,
        }
    }
}

/// What a condition is worth while it holds, without a sign, in millionths.
fn points_of(rule: &Rule) -> i64 {
    let points = rule.points.abs();
    rule.cap.map_or(points, |cap| points.min(cap)) * MICRO
}
