//! The words that every crate shares: instants, ids, chance and money.
//!
//! It must never read a clock, the environment or a random source: those are arguments ([`Clock`], [`Rng`]).
//! Start with [`Timestamp`]; everything that happens in Quaylai happens at one.

mod id;
mod money;
mod rng;
mod time;

pub use id::{Id, IdError, ProfileNo, WorkspaceId};
pub use money::{Currency, Money, MoneyError};
pub use rng::Rng;
pub use time::{Clock, DAY_MS, HOUR_MS, MINUTE_MS, ManualClock, SECOND_MS, Timestamp};
