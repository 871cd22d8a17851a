//! Data in and out.
