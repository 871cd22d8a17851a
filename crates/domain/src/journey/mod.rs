//! Journeys are data, and a pure step: the same definition, run, input, profile and time always give the same
//! run and the same effects, so that a crash, a replay, a simulation and a backtest cannot differ.
//!
//! Nothing here reads a clock, draws chance, waits or sends. Start with [`Definition`] (what a marketer
//! writes), [`start`] and [`step`]; docs/journeys.md is the grammar with an example of everything.

mod definition;
mod local;
mod log;
mod occasion;
mod rest;
mod run;
mod step;
mod trigger;
mod validate;
mod validate_parts;
mod wait;
pub(crate) mod wire;

pub use crate::condition::{EventView, Facts, Problem};
pub use definition::*;
pub use local::{ClockTime, DayOfWeek, Offset};
pub use log::{Code, Declined, LogEntry};
pub use occasion::FeastDay;
pub use run::{Action, EVENT_BYTES_MAX, Effect, KeptEvent, Run, RunState, Waiting};
pub use step::{
    Cause, History, Input, JOURNEYS_IN_A_ROW_MAX, NODES_PER_STEP_MAX, NewRun, Stepped, VISITS_MAX, start,
    step,
};
pub use trigger::*;
pub use validate::{EXIT_RULES_MAX, NAME_CHARS_MAX, NODES_MAX, PATHS_MAX, WEIGHT_MAX};
pub use wait::*;

#[cfg(test)]
mod tests;
