//! Products, carts and orders, folded from the events that tell of them.
//!
//! Amounts are integer minor units of the order's currency. Nothing here depends on the order in which messages
//! arrive, nor on how often one arrives.

mod cart;
mod order;
mod product;
mod purchases;
mod wire;

pub use cart::{Cart, CartLine, LINES_MAX};
pub use order::{
    Contents, Order, OrderPatch, OrderSummary, OrderTotals, Refund, StatusChange, in_units, order_status,
};
pub use product::{CATEGORIES_MAX, Product, Turned};
pub use purchases::{Day, LATEST_MAX, PurchaseHistory, day_of};
pub use wire::{CommerceEvent, amount, read, read_line};
