//! Properties of the made-up shop's past and present: repeatable, in order, valid on the wire, believable.

#![expect(clippy::unwrap_used, reason = "a test's own functions may fail it")]

mod catalogue;
mod live;
mod wire;
mod world;
