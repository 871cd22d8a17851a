use crate::profile::{Ms, Profile};
use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines that one cart or order may have; further ones are left out and told of.
pub const LINES_MAX: usize = 500;

/// One product in a cart or an order. Prices are per unit, in minor units.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CartLine {
    pub product_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(default)]
    pub price: i64,
    #[serde(default)]
    pub quantity: i64,
    /// Taken off the whole line.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl CartLine {
    pub fn total(&self) -> i64 {
        self.price.saturating_mul(self.quantity).saturating_sub(self.discount)
    }

    fn is_same_product(&self, other: &CartLine) -> bool {
        self.product_id == other.product_id && self.variant == other.variant
    }
}

/// What a person has put aside to buy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cart {
    /// The shop's own id, or `default` where its events name none.
    pub cart_id: String,
    pub currency: String,
    pub lines: Vec<CartLine>,
    pub started_at: Ms,
    pub updated_at: Ms,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout_at: Option<Ms>,
    /// When it was found to have been left; cleared by the next change to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_at: Option<Ms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Cart {
    pub fn total(&self) -> i64 {
        self.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.total()))
    }

    pub fn quantity(&self) -> i64 {
        self.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.quantity))
    }

    fn add(&mut self, line: CartLine) {
        match self.lines.iter().position(|held| held.is_same_product(&line)) {
            Some(at) => {
                let quantity = self.lines[at].quantity.saturating_add(line.quantity);
                self.lines[at] = CartLine { quantity, ..line };
            }
            None if self.lines.len() < LINES_MAX => self.lines.push(line),
            None => {}
        }
    }

    fn remove(&mut self, line: &CartLine) {
        for held in &mut self.lines {
            if held.is_same_product(line) {
                held.quantity = held.quantity.saturating_sub(line.quantity.max(1));
            }
        }
        self.lines.retain(|held| held.quantity > 0);
    }

    /// Joins the same cart as two devices of one person saw it: every product stays, with the larger quantity.
    pub(crate) fn absorb(&mut self, other: Cart) {
        for line in other.lines {
            match self.lines.iter().position(|held| held.is_same_product(&line)) {
                Some(at) => self.lines[at].quantity = self.lines[at].quantity.max(line.quantity),
                None if self.lines.len() < LINES_MAX => self.lines.push(line),
                None => {}
            }
        }
        self.lines.sort_by(|a, b| (&a.product_id, &a.variant).cmp(&(&b.product_id, &b.variant)));
        self.started_at = self.started_at.min(other.started_at);
        self.updated_at = self.updated_at.max(other.updated_at);
        self.checkout_at = self.checkout_at.max(other.checkout_at);
        self.abandoned_at = self.abandoned_at.max(other.abandoned_at);
        self.url = self.url.take().max(other.url);
    }
}

/// A change to a cart, as an event tells it.
#[derive(Clone, PartialEq, Debug)]
pub enum CartChange {
    Add(Box<CartLine>),
    Remove(Box<CartLine>),
    /// The whole contents, from a cart view or the start of the checkout.
    Replace {
        lines: Vec<CartLine>,
        checkout: bool,
    },
    /// Bought or emptied.
    Clear,
}

impl Profile {
    /// The cart that was touched last.
    pub fn cart(&self) -> Option<&Cart> {
        self.carts.first().filter(|cart| !cart.lines.is_empty())
    }

    /// Applies a change made at `at`. Returns whether the cart changed. A change older than the last order is
    /// old news (the order took the cart with it) and is left out, so that a late message opens no cart again.
    pub(crate) fn change_cart(
        &mut self,
        cart_id: &str,
        currency: &str,
        url: Option<String>,
        change: CartChange,
        at: Timestamp,
    ) -> bool {
        if let CartChange::Clear = change {
            let before = self.carts.len();
            // A shop that names its carts empties that one; an order without a cart id empties all older ones.
            self.carts.retain(|cart| {
                cart.updated_at.0 > at
                    || (cart_id != "default" && cart.cart_id != cart_id && cart.cart_id != "default")
            });
            return self.carts.len() != before;
        }
        if self.totals.last_at.is_some_and(|ordered| ordered.0 >= at) {
            return false;
        }
        self.shopped_at = Some(self.shopped_at.map_or(at.into(), |earlier| earlier.min(at.into())));
        if !self.carts.iter().any(|cart| cart.cart_id == cart_id) {
            self.carts.push(Cart {
                cart_id: cart_id.to_owned(),
                currency: currency.to_owned(),
                lines: Vec::new(),
                started_at: at.into(),
                updated_at: at.into(),
                checkout_at: None,
                abandoned_at: None,
                url: None,
            });
        }
        let Some(cart) = self.carts.iter_mut().find(|cart| cart.cart_id == cart_id) else { return false };
        match change {
            CartChange::Add(line) => cart.add(*line),
            CartChange::Remove(line) => cart.remove(&line),
            CartChange::Replace { .. } if at < cart.updated_at.0 => {}
            CartChange::Replace { lines, checkout } => {
                if !(checkout && lines.is_empty()) {
                    cart.lines.clear();
                    lines.into_iter().for_each(|line| cart.add(line));
                }
                if checkout {
                    cart.checkout_at = Some(at.into());
                }
            }
            CartChange::Clear => {}
        }
        if url.is_some() {
            cart.url = url;
        }
        cart.updated_at = cart.updated_at.max(at.into());
        cart.abandoned_at = None;
        self.trim_carts();
        true
    }
}
