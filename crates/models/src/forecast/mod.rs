//! A shop's forecast of its customers' purchases: fitted, tested on its own past, and asked per customer.

pub mod purchases;
