//! Every case runs on SQLite, and on PostgreSQL when `QUAYLAI_TEST_POSTGRES` holds the address of a server whose
//! user may create schemas.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod backend;
mod conformance;
mod databases;
