//! Which items the same customers took: lists that are worked out when somebody asks, and again after something of
//! theirs changed.

use super::people::{Past, People};
use super::{Kind, Options};
use std::sync::{Arc, Mutex};

/// An item beside another one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Near {
    pub item: u32,
    pub score: f32,
    /// Customers who took both, of those looked through.
    pub customers: u32,
}

#[derive(Debug, Default)]
struct Held {
    list: Option<Arc<[Near]>>,
    stale: bool,
}

/// Customers of every item, and the items beside it.
#[derive(Debug)]
pub(crate) struct Together {
    takers: Vec<Vec<u32>>,
    held: Vec<Mutex<Held>>,
    purchases: bool,
}

impl Together {
    /// By purchases, or by looks and carts.
    pub fn new(purchases: bool) -> Together {
        Together { takers: Vec::new(), held: Vec::new(), purchases }
    }

    pub fn grow(&mut self, items: usize) {
        if self.takers.len() < items {
            self.takers.resize_with(items, Vec::new);
            self.held.resize_with(items, Mutex::default);
        }
    }

    fn takes(&self, past: &Past) -> bool {
        if self.purchases { past.strongest() == Kind::Purchase } else { past.carts > 0 || past.views > 0 }
    }

    pub fn takers(&self, item: u32) -> usize {
        self.takers.get(item as usize).map_or(0, Vec::len)
    }

    /// A customer took an item for the first time.
    pub fn add(&mut self, customer: u32, item: u32, past: &[Past]) {
        self.takers[item as usize].push(customer);
        self.outdate(item, past);
    }

    /// A customer's item is not theirs any more.
    pub fn drop_taker(&mut self, customer: u32, item: u32, past: &[Past]) {
        if let Some(takers) = self.takers.get_mut(item as usize) {
            takers.retain(|held| *held != customer);
            self.outdate(item, past);
        }
    }

    fn outdate(&mut self, item: u32, past: &[Past]) {
        let mut of_customer: Vec<u32> =
            past.iter().filter(|past| self.takes(past)).map(|past| past.item).collect();
        of_customer.push(item);
        for item in of_customer {
            if let Some(held) = self.held.get_mut(item as usize) {
                held.get_mut().unwrap_or_else(|broken| broken.into_inner()).stale = true;
            }
        }
    }

    /// The items beside one, best first. `fresh`: worked out again where something changed since.
    pub fn near(&self, item: u32, people: &People, options: &Options, fresh: bool) -> Arc<[Near]> {
        let Some(held) = self.held.get(item as usize) else { return Arc::new([]) };
        let mut held = held.lock().unwrap_or_else(|broken| broken.into_inner());
        match &held.list {
            Some(list) if !(held.stale && fresh) => Arc::clone(list),
            _ => {
                let list: Arc<[Near]> = self.work_out(item, people, options).into();
                *held = Held { list: Some(Arc::clone(&list)), stale: false };
                list
            }
        }
    }

    /// Cosine of the customers of two items, each customer weighed by how choosy they are (the logarithm of the share
    /// of the catalogue that they did not take), times `n / (n + shrinkage)` for n customers in common.
    fn work_out(&self, item: u32, people: &People, options: &Options) -> Vec<Near> {
        let all = &self.takers[item as usize];
        let looked_through = &all[all.len().saturating_sub(options.customers_per_item.max(1))..];
        let items = self.takers.len();
        let mut sums: Vec<(f32, u32)> = vec![(0.0, 0); items];
        let mut touched: Vec<u32> = Vec::new();
        for customer in looked_through {
            let past = people.of(*customer);
            let taken = past.iter().filter(|past| self.takes(past)).count();
            let choosy = ((items as f32 + 1.0) / (taken as f32 + 1.0)).ln().max(0.05);
            for other in past.iter().filter(|past| past.item != item && self.takes(past)) {
                let sum = &mut sums[other.item as usize];
                if sum.1 == 0 {
                    touched.push(other.item);
                }
                sum.0 += choosy * choosy;
                sum.1 += 1;
            }
        }
        let most = ((items as f32 + 1.0) / 2.0).ln().max(0.05).powi(2);
        let scale = all.len() as f32 / looked_through.len().max(1) as f32;
        let mut near: Vec<Near> = touched
            .into_iter()
            .map(|other| {
                let (sum, customers) = sums[other as usize];
                let sizes = (all.len() as f32 * self.takers[other as usize].len().max(1) as f32).sqrt();
                let trust = customers as f32 / (customers as f32 + options.shrinkage.max(0.0));
                Near { item: other, score: sum / most * scale / sizes * trust, customers }
            })
            .collect();
        let order = |a: &Near, b: &Near| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item));
        let keep = options.neighbours.max(1);
        if near.len() > keep {
            near.select_nth_unstable_by(keep - 1, order);
            near.truncate(keep);
        }
        near.sort_unstable_by(order);
        near
    }

    pub fn bytes(&self) -> usize {
        let lists = self.takers.iter().map(|takers| takers.capacity() * 4 + std::mem::size_of::<Vec<u32>>());
        let held = self.held.iter().map(|held| {
            let held = held.lock().unwrap_or_else(|broken| broken.into_inner());
            std::mem::size_of::<Mutex<Held>>()
                + held.list.as_ref().map_or(0, |list| list.len() * std::mem::size_of::<Near>() + 16)
        });
        lists.sum::<usize>() + held.sum::<usize>()
    }
}
