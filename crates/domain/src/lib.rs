
pub mod normalise;
pub mod commerce;
pub mod consent;
pub mod event;
pub mod gate;
pub mod identifier;
pub mod identity;
pub mod profile;
pub mod settings;
pub mod local_time;
pub mod bots;
pub mod condition;
pub mod journey;
pub mod template;
pub mod delivery;
