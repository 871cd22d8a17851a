//! Quaylai in virtual time: the main test of the whole.
//!
//! A [`World`] is the real engine on a real store with a clock that jumps, a provider that fails and a process
//! that dies. [`scenario`] runs stories written down as text and compares the whole timeline; [`seeded`] makes up
//! shops from a seed, and checks after every step what must always hold.
//!
//! For development only; nothing of the product may depend on it. It must never read a clock or sleep. Start with
//! [`scenario::timeline`], then [`World`].

pub mod checks;
pub mod database;
pub mod notation;
pub mod plan;
pub mod provider;
pub mod scenario;
pub mod seeded;
pub mod told;
pub mod world;

pub use database::Database;
pub use world::{Crashes, World};
