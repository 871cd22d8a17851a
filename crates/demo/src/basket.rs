use crate::catalogue::{Category, Product};
use crate::chance::{Weighted, between, mix};
use jiff::civil::Date;
use kit::Rng;

/// Free delivery from this much, in đồng; the shop says so on every page.
const FREE_SHIPPING_FROM: i64 = 600_000;

/// What somebody likes, fixed for life.
#[derive(Clone, Copy, Debug)]
pub struct Taste {
    favourites: [Category; 2],
    /// The price that feels right, in đồng.
    comfort_minor: f64,
}

impl Taste {
    pub fn draw(rng: &mut Rng) -> Taste {
        let mut favourite = || Category::ALL[rng.below(Category::ALL.len() as u64) as usize];
        let favourites = [favourite(), favourite()];
        let comfort_minor = 270_000.0 * (0.45 * crate::chance::normal(rng)).exp();
        Taste { favourites, comfort_minor }
    }

    /// How much a product appeals in a month, in (0, 1].
    fn appeal(&self, product: &Product, month: i8) -> f64 {
        let liked = if self.favourites.contains(&product.category) { 1.0 } else { 0.28 };
        let off = (product.price_minor as f64 / self.comfort_minor).ln();
        liked * (-0.5 * off * off).exp().max(0.03) * (product.category.season(month) / 2.6).min(1.0)
    }
}

/// A product in a cart or an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its place in the catalogue.
    pub product: u16,
    pub quantity: u8,
    /// Its place in the category's variants; 0 where there are none.
    pub variant: u8,
}

/// How an order is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payment {
    CashOnDelivery,
    BankTransfer,
    Wallet,
    Card,
}

impl Payment {
    pub const fn code(self) -> &'static str {
        match self {
            Payment::CashOnDelivery => "cod",
            Payment::BankTransfer => "bank_transfer",
            Payment::Wallet => "wallet",
            Payment::Card => "card",
        }
    }
}

/// An order as it was placed. Money in đồng.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    pub order_id: String,
    pub cart_id: String,
    pub lines: Vec<Line>,
    pub subtotal_minor: i64,
    pub coupon: Option<&'static str>,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub payment: Payment,
}

impl Order {
    /// What the shop books: goods after the discount, without delivery.
    pub fn revenue_minor(&self) -> i64 {
        self.subtotal_minor - self.discount_minor
    }

    /// What the customer pays.
    pub fn total_minor(&self) -> i64 {
        self.revenue_minor() + self.shipping_minor
    }
}

/// Who picks what: the range, and how popular each thing is.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub products: Vec<Product>,
    popularity: Weighted,
}

impl Shelf {
    pub fn new(seed: u64) -> Shelf {
        let products = crate::catalogue::catalogue();
        // A Zipf-like fall by a rank that the seed shuffles: every demo shop has its own bestsellers.
        let mut ranks: Vec<u64> = (0..products.len() as u64).collect();
        ranks.sort_by_key(|place| mix(seed, *place));
        let mut weights = vec![0.0; products.len()];
        for (rank, place) in ranks.iter().enumerate() {
            weights[*place as usize] = 1.0 / (rank as f64 + 4.0).powf(0.8);
        }
        Shelf { products, popularity: Weighted::new(weights) }
    }

    pub fn product(&self, place: u16) -> &Product {
        // Places come from this shelf, so the remainder changes nothing; it only rules out a panic.
        &self.products[usize::from(place) % self.products.len()]
    }

    /// Any product, by popularity alone.
    pub fn popular(&self, rng: &mut Rng) -> u16 {
        self.popularity.draw(rng) as u16
    }

    /// A product that suits a taste: popular things are looked at first, and taken by appeal.
    pub fn choose(&self, taste: &Taste, date: Date, rng: &mut Rng) -> u16 {
        let mut place = self.popular(rng);
        for _ in 0..11 {
            if rng.chance(taste.appeal(self.product(place), date.month())) {
                break;
            }
            place = self.popular(rng);
        }
        place
    }

    pub fn line(&self, product: u16, rng: &mut Rng) -> Line {
        let category = self.product(product).category;
        let variants = category.variants().len() as i64;
        // Small things are bought in twos and threes more often than coats.
        let several = if self.product(product).price_minor < 200_000 { 0.25 } else { 0.06 };
        let quantity = if rng.chance(several) { between(rng, 2, 3) } else { 1 };
        Line { product, quantity: quantity as u8, variant: between(rng, 0, (variants - 1).max(0)) as u8 }
    }

    pub fn subtotal_minor(&self, lines: &[Line]) -> i64 {
        lines.iter().map(|line| self.product(line.product).price_minor * i64::from(line.quantity)).sum()
    }

    /// Prices a cart: the coupon that fits the day and the buyer, delivery, the way of paying.
    pub fn order(
        &self,
        ids: (String, String),
        lines: Vec<Line>,
        buyer: Buyer,
        date: Date,
        rng: &mut Rng,
    ) -> Order {
        let subtotal_minor = self.subtotal_minor(&lines);
        let offer = coupon_of(buyer, date, subtotal_minor, rng);
        let (coupon, discount_minor, ships_free) = match offer {
            Some(Coupon::Percent(code, percent)) => (Some(code), subtotal_minor * percent / 100, false),
            Some(Coupon::Amount(code, amount)) => (Some(code), amount, false),
            Some(Coupon::FreeShipping(code)) => (Some(code), 0, true),
            None => (None, 0, false),
        };
        let delivery = if buyer.is_near { 22_000 } else { 32_000 };
        let is_free = ships_free || subtotal_minor >= FREE_SHIPPING_FROM;
        let payment = match rng.below(100) {
            0..=54 => Payment::CashOnDelivery,
            55..=77 => Payment::BankTransfer,
            78..=91 => Payment::Wallet,
            _ => Payment::Card,
        };
        let shipping_minor = if is_free { 0 } else { delivery };
        let (order_id, cart_id) = ids;
        Order { order_id, cart_id, lines, subtotal_minor, coupon, discount_minor, shipping_minor, payment }
    }
}

/// What pricing needs to know of a buyer.
#[derive(Clone, Copy, Debug)]
pub struct Buyer {
    pub is_first_order: bool,
    pub is_near: bool,
}

enum Coupon {
    Percent(&'static str, i64),
    Amount(&'static str, i64),
    FreeShipping(&'static str),
}

fn coupon_of(buyer: Buyer, date: Date, subtotal_minor: i64, rng: &mut Rng) -> Option<Coupon> {
    let sale = match (date.month(), date.day()) {
        (9, 9) => Some(("SALE99", 12)),
        (10, 10) => Some(("SALE1010", 12)),
        (11, 11) => Some(("SALE1111", 18)),
        (12, 12) => Some(("SALE1212", 15)),
        (3, 2..=8) => Some(("PHUNU83", 10)),
        (10, 13..=20) => Some(("PHUNU2010", 10)),
        _ => None,
    };
    if let Some((code, percent)) = sale
        && rng.chance(0.6)
    {
        return Some(Coupon::Percent(code, percent));
    }
    if buyer.is_first_order && rng.chance(0.3) {
        return Some(Coupon::Percent("CHAOBAN10", 10));
    }
    if !buyer.is_first_order && subtotal_minor >= 399_000 && rng.chance(0.1) {
        return Some(Coupon::Amount("QUAYLAI50", 50_000));
    }
    rng.chance(0.08).then_some(Coupon::FreeShipping("FREESHIP"))
}
