//! Buy-till-you-die models: how often a customer buys while they are one, and when they cease to be.
//!
//! A customer buys at a rhythm of their own until some day they are gone, which nobody sees: there is only a silence
//! that is too long for *them*. The models say how rhythms and ends are spread over a shop's customers ([`fit`]), and
//! from that and one customer's purchases what to expect of them ([`Model`]).
//!
//! | kind | while a customer | the end |
//! |---|---|---|
//! | [`Kind::BgNbd`] | purchases at random, rates gamma(r, alpha) | after a repeat purchase, chances beta(a, b) |
//! | [`Kind::MbgNbd`] | the same | after any purchase, the first too |
//! | [`Kind::MbgCnbdK`] | gaps as even as an Erlang's of shape k, a real number | after any purchase |
//! | [`Kind::ParetoNbd`] | purchases at random, rates gamma(r, alpha) | at any moment, rates gamma(s, beta) |
//!
//! What they spend is apart from when they buy: [`spend`] (Gamma-Gamma).
//!
//! All times are **weeks** as `f64`; the shop's days become weeks by dividing by 7. Nothing here reads a clock. Every
//! number that comes out is finite, or the answer is `None`: what comes in is brought into range ([`Customer::new`]) or
//! refused ([`Model::new`]).
//!
//! Sources: Fader, Hardie and Lee 2005 (BG/NBD; Pareto/NBD), Batislam, Denizel and Filiztekin 2007 (MBG/NBD), Platzer
//! and Reutterer 2016 (MBG/CNBD-k), Fader and Hardie 2013 (Gamma-Gamma). The forms that stay finite are our own.

mod bulk;
mod fit;
mod likelihood;
mod model;
mod sample;
mod search;
mod special;
pub mod spend;
mod tables;

pub use bulk::Bulk;
pub use fit::{Fit, Prior, fit, fit_on};
pub use model::{Kind, Model};
pub use sample::{Row, Sample};
pub use tables::{Seen, Tables};

use crate::commerce::{Day, PurchaseHistory};

#[cfg(test)]
mod tests;

/// Days in the models' unit of time.
pub const WEEK_DAYS: f64 = 7.0;

/// What the models know of one customer: repeat purchases, and how old the last of them and the customer are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Customer {
    x: u32,
    tx: f64,
    t: f64,
}

impl Customer {
    /// Somebody at the moment of their first purchase.
    pub const NEW: Customer = Customer { x: 0, tx: 0.0, t: 0.0 };

    /// `x` repeat purchases, the last of them `tx` weeks after the first, and `t` weeks since the first by now.
    ///
    /// Impossible values are brought to the nearest possible ones: negative and unknown times to 0, a customer younger
    /// than their last purchase to its age, and without a repeat purchase `tx` is 0.
    pub fn new(x: u32, tx: f64, t: f64) -> Customer {
        let known = |time: f64| if time > 0.0 { time.min(1e6) } else { 0.0 };
        let tx = if x == 0 { 0.0 } else { known(tx) };
        Customer { x, tx, t: known(t).max(tx) }
    }

    pub fn of(history: &PurchaseHistory, today: Day) -> Customer {
        let weeks = |day: Day| (f64::from(day) - f64::from(history.first)) / WEEK_DAYS;
        Customer::new(history.repeats(), weeks(history.last()), weeks(today))
    }

    /// Repeat purchases.
    pub fn x(&self) -> u32 {
        self.x
    }

    /// Weeks from the first purchase to the last.
    pub fn tx(&self) -> f64 {
        self.tx
    }

    /// Weeks from the first purchase to now.
    pub fn t(&self) -> f64 {
        self.t
    }

    /// Weeks since the last purchase.
    pub fn silence(&self) -> f64 {
        self.t - self.tx
    }

    /// The same customer when they have been silent for so many weeks.
    pub fn after_silence(&self, weeks: f64) -> Customer {
        Customer::new(self.x, self.tx, self.tx + weeks.max(0.0))
    }
}
