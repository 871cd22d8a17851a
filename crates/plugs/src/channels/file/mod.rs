//! Writes each message into a folder: trying things out, and handing mail to other software.

mod client;
mod config;
mod wire;

pub use client::FileChannel;
pub use config::FileConfig;

pub const KIND: &str = "file";
