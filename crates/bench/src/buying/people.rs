//! The customers that are measured: made up with a fixed seed, told by their numbers, or by their orders day by
//! day.

use anyhow::{Context, Result};
use domain::commerce::Day;
use kit::Rng;
use models::forecast::Purchases;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Days that the made-up shop is old.
pub const AGE: u32 = 1_095;

/// One customer: repeat purchases, days from the first to the last and to now, the sum of ln gaps in days, and the mean
/// value of an order.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub x: u32,
    pub tx: u32,
    pub t: u32,
    pub ln_gaps: f32,
    pub mean: f32,
}

const PERSON_BYTES: usize = 20;

pub fn read(file: &Path) -> Result<Vec<Person>> {
    let mut bytes = Vec::new();
    let mut source = BufReader::new(File::open(file)?);
    let count = std::fs::metadata(file)?.len() as usize / PERSON_BYTES;
    let mut people = Vec::with_capacity(count);
    bytes.resize(PERSON_BYTES * 1_024, 0);
    loop {
        let mut held = 0;
        while held < bytes.len() {
            match source.read(&mut bytes[held..])? {
                0 => break,
                more => held += more,
            }
        }
        people.extend(bytes[..held].chunks_exact(PERSON_BYTES).map(|one| {
            let word = |at: usize| [one[at * 4], one[at * 4 + 1], one[at * 4 + 2], one[at * 4 + 3]];
            let number = |at| u32::from_le_bytes(word(at));
            Person {
                x: number(0),
                tx: number(1),
                t: number(2),
                ln_gaps: f32::from_le_bytes(word(3)),
                mean: f32::from_le_bytes(word(4)),
            }
        }));
        if held < bytes.len() {
            return Ok(people);
        }
    }
}

/// The days on which a customer bought, from 0 until at most as long as they have been there, which it answers: at a pace
/// of their own and by chance (or by the calendar, give or take a quarter), ending after a repeat purchase now and then,
/// as the customers of CDNOW do.
fn days(rng: &mut Rng, by_the_calendar: bool, held: &mut Vec<u32>) -> u32 {
    let pace = gamma(rng, 0.55) / (10.6 * 7.0);
    let (one, other) = (gamma(rng, 0.8), gamma(rng, 2.4));
    let end = one / (one + other);
    let t = rng.below(u64::from(AGE)) as u32;
    let mut at = 0;
    held.clear();
    held.push(at);
    loop {
        let drawn = if by_the_calendar { 0.75 + rng.unit() / 2.0 } else { -(1.0 - rng.unit()).ln() };
        let gap = (drawn / pace).ceil().max(1.0);
        if gap > f64::from(t - at) {
            return t;
        }
        at += gap as u32;
        held.push(at);
        if rng.chance(end) {
            return t;
        }
    }
}

/// Customers told by their numbers, as the models take them for granted.
pub fn make(file: &Path, customers: usize, seed: u64) -> Result<()> {
    let mut rng = Rng::seeded(seed);
    let mut out = BufWriter::new(File::create(file)?);
    let mut held: Vec<u32> = Vec::new();
    for _ in 0..customers {
        let t = days(&mut rng, false, &mut held);
        let x = held.len() as u32 - 1;
        let ln_gaps: f64 = held.windows(2).map(|pair| f64::from(pair[1] - pair[0]).ln()).sum();
        let orders = f64::from(x + 1);
        let scale = gamma(&mut rng, 4.0) / 15.0;
        let mean = gamma(&mut rng, 6.0 * orders) / (scale * orders);
        for number in [x, held[x as usize], t] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&(ln_gaps as f32).to_le_bytes())?;
        out.write_all(&(mean as f32).max(0.01).to_le_bytes())?;
    }
    Ok(out.flush()?)
}

/// As many customers told by their orders: how many, and (day, hundredths paid) of each. Three in ten buy by the calendar,
/// which no model of buying knows: so that boosted trees serve beside it, which costs the most.
pub fn make_orders(file: &Path, customers: usize, seed: u64) -> Result<()> {
    let mut rng = Rng::seeded(seed);
    let mut out = BufWriter::new(File::create(file)?);
    let mut held: Vec<u32> = Vec::new();
    for _ in 0..customers {
        let by_the_calendar = rng.chance(0.3);
        let t = days(&mut rng, by_the_calendar, &mut held);
        let scale = gamma(&mut rng, 4.0) / 15.0;
        out.write_all(&(held.len() as u32).to_le_bytes())?;
        for day in &held {
            let hundredths = (gamma(&mut rng, 6.0) / scale * 100.0).round().clamp(1.0, 1e9) as u32;
            out.write_all(&(AGE - t + day).to_le_bytes())?;
            out.write_all(&hundredths.to_le_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// A number from the gamma distribution with scale 1 (Marsaglia and Tsang 2000).
fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let lifted = gamma(rng, shape + 1.0);
        return lifted * (1.0 - rng.unit()).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let normal = (-2.0 * (1.0 - rng.unit()).ln()).sqrt() * (std::f64::consts::TAU * rng.unit()).cos();
        let v = 1.0 + normal / (9.0 * d).sqrt();
        if v > 0.0 {
            let v = v * v * v;
            if (1.0 - rng.unit()).ln() < normal * normal / 2.0 + d * (1.0 - v + v.ln()) {
                return d * v;
            }
        }
    }
}

/// The orders that [`make_orders`] wrote.
pub fn purchases(file: &Path) -> Result<Purchases> {
    let mut source = BufReader::new(File::open(file).with_context(|| format!("opening {}", file.display()))?);
    let (mut held, mut own) = (Purchases::default(), Vec::new());
    while !source.fill_buf()?.is_empty() {
        let mut number = || -> Result<u32> {
            let mut bytes = [0; 4];
            source.read_exact(&mut bytes)?;
            Ok(u32::from_le_bytes(bytes))
        };
        own.clear();
        for _ in 0..number()? {
            own.push((number()? as Day, i64::from(number()?)));
        }
        held.push(&mut own, 0..=AGE as Day);
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_gamma_distribution_have_its_mean_and_spread() {
        let mut rng = Rng::seeded(3);
        for shape in [0.55, 1.0, 6.0] {
            let drawn: Vec<f64> = (0..40_000).map(|_| gamma(&mut rng, shape)).collect();
            let mean = drawn.iter().sum::<f64>() / 40_000.0;
            let spread = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 40_000.0;
            assert!((mean / shape - 1.0).abs() < 0.03, "{shape}: {mean}");
            assert!((spread / shape - 1.0).abs() < 0.08, "{shape}: {spread}");
        }
    }
}
