//! One file a subcommand.

pub mod demo;
pub mod doctor;
pub mod key;
pub mod migrate;
pub mod serve;
pub mod user;
