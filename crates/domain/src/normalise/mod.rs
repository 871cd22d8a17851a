//! Identifiers and names as shops, forms and spreadsheets write them, brought to the one form that is stored.
//!
//! Two profiles merge when their normalised identifiers are equal, so what comes out of here is either sure to
//! mean one person or refused with a reason: masked numbers, placeholders and damaged cells never get through.
//! Everything is pure, never panics, and applied twice gives the same as once. Start with [`phone::normalise`].

pub mod email;
pub mod name;
pub mod phone;
pub mod text;
