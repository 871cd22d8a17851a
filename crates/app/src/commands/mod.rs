//! One file a subcommand.

pub mod backup;
pub mod bounce;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod import;
pub mod key;
pub mod migrate;
pub mod predict;
pub mod recommend;
pub mod renew_token;
pub mod restore;
pub mod serve;
pub mod user;
