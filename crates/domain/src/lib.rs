
pub mod normalise;
