//! The router in process, over a real store and a real engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod access;
mod accounts;
mod campaigns;
mod content;
mod customers;
mod devices;
mod habits;
mod home;
mod imports;
mod journeys;
mod leads;
mod messages;
mod outward;
mod pages;
mod people;
mod policies;
mod privacy;
mod recommendations;
mod returns;
mod scenarios;
mod segments;
mod staff;
mod tracking;
mod travel;
mod words;
mod world;
mod zalo;
