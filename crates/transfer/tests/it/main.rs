//! Files as shops send them, and as somebody who means harm does.
#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod hostile;
mod imports;
mod reading;
