//! A made-up Vietnamese fashion shop: what it sells, who its customers are, what they did, and what they do next.
//!
//! The demo command fills a fresh data folder from it, the tests draw their worlds from it, and the benchmark its
//! load. Everything is a function of (seed, now, size): this crate must never read a clock, a file or the network,
//! and must never hold a real person's or a real company's data.
//!
//! Start with [`World::generate`], the shop's past in order of time; [`LiveShoppers`] carries on from there, and
//! [`standard_world`] and [`bench_events`] are the cheap bulk for measurements. What the demo shop sends is of the library
//! of ready scenarios.

mod basket;
mod calendar;
mod catalogue;
mod chance;
mod item;
mod live;
mod people;
mod picture;
mod shop;
mod shopper;
mod standard;
mod text;
mod world;

pub use catalogue::{Category, Product, catalogue};
pub use live::{LivePace, LiveShoppers};
pub use people::{Channel, Consent, Person, Purpose};
pub use picture::product_image_svg;
pub use shop::{Shop, shop};
pub use standard::{bench_events, device_of, standard_world};
pub use world::{Size, World, WorldFacts};
