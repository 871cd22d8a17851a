//! The library of ready scenarios: journeys with their segments and texts, as documents in Vietnamese and English
//! that a shop installs and then changes as its own.
//!
//! A scenario is one file of `library/`, read when it is first asked for. Its journeys and segments are of the
//! grammars of `docs/journeys.md` and `docs/segments.md`, its letters of the short form of [`letter`]. Wherever a
//! text stands, `{ vi = "...", en = "..." }` may stand for the two languages, and `[[name]]` for a parameter.
//!
//! This crate must never read a clock or do IO, and knows no store: who installs ([`Scenario::prepare`]) says
//! which ids things get. Start with [`library`].

mod document;
pub mod gallery;
mod letter;
mod parameter;
mod prepare;
pub mod sample;

pub use document::{
    Journey, Language, Letter, Needs, Scenario, Segment, Template, Words, find, library, sources,
};
pub use parameter::{Kind, Parameter, ParameterProblem};
pub use prepare::{Prepared, PreparedJourney, PreparedSegment, PreparedTemplate};
