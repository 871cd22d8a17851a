//! Random shops under random rules: whatever is asked, no rule is broken.

use super::*;
use domain::profile::Ms;
use domain::recommend::{Bought, Pin, Place, PriceBand, Rail};
use kit::{DAY_MS, Rng};
use models::recommend::{Interaction, Kind};

const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);
const CATEGORIES: [&str; 3] = ["Áo", "Quần", "Giày"];

fn some(rng: &mut Rng, share: u64) -> bool {
    rng.below(100) < share
}

fn product(n: usize, rng: &mut Rng) -> Product {
    let category = CATEGORIES[rng.below(3) as usize].to_owned();
    Product {
        product_id: format!("p{n}"),
        name: (!some(rng, 5)).then(|| format!("Sản phẩm {n}")),
        category: (!some(rng, 10)).then_some(category),
        price: (!some(rng, 10)).then(|| 10_000 * (1 + rng.below(50) as i64)),
        cost: some(rng, 70).then(|| 10_000 * rng.below(40) as i64),
        stock: some(rng, 80).then(|| rng.below(4) as i64),
        hidden: some(rng, 10).then_some(true),
        currency: Some("VND".into()),
        created_at: Some(NOW.plus_ms(-(rng.below(300) as i64) * DAY_MS).into()),
        restocked_at: some(rng, 20).then(|| Ms(NOW.plus_ms(-(rng.below(60) as i64) * DAY_MS))),
        dropped_at: some(rng, 20).then(|| Ms(NOW.plus_ms(-(rng.below(60) as i64) * DAY_MS))),
        dropped_from: Some(900_000),
        from_catalogue: true,
        ..Product::default()
    }
}

fn rules(rng: &mut Rng) -> Rules {
    let named =
        |rng: &mut Rng| CATEGORIES.iter().filter(|_| some(rng, 30)).map(|c| (*c).to_owned()).collect();
    Rules {
        in_stock_only: some(rng, 70),
        min_margin: some(rng, 20).then(|| rng.below(60) as u8),
        bought: match rng.below(3) {
            0 => Bought::Ever,
            1 => Bought::Days(1 + rng.below(200) as u16),
            _ => Bought::Shown,
        },
        with_cart: some(rng, 30),
        max_per_category: some(rng, 30).then(|| 1 + rng.below(3) as u8),
        only_categories: if some(rng, 20) { named(rng) } else { BTreeSet::new() },
        never_categories: if some(rng, 20) { named(rng) } else { BTreeSet::new() },
        price_band: some(rng, 30)
            .then(|| PriceBand { below: rng.below(101) as u16, above: rng.below(300) as u16 }),
        complete_only: false,
    }
}

/// A shop of forty products and thirty people, as it was before and after many small changes.
fn shop(rng: &mut Rng) -> Shelf {
    let mut shelf = Shelf::empty(WorkspaceId(1), NOW);
    let hidden = (0..40).filter(|_| some(rng, 5)).map(|n| format!("p{n}")).collect();
    shelf.set_book(1, Book { hidden, ..Book::default() });
    for n in 0..40 {
        shelf.put(product(n, rng));
    }
    for _ in 0..400 {
        let kind = Kind::ALL[rng.below(3) as usize];
        let at = NOW.plus_ms(-(rng.below(400) as i64) * DAY_MS).ms();
        let (customer, item) = (rng.below(30) as u32, rng.below(40) as u32);
        let one = Interaction { customer, item, at: Some(at), weight: 1.0, kind };
        shelf.recommender.record(one, NOW.ms());
    }
    shelf
}

fn ids(rng: &mut Rng) -> Vec<String> {
    (0..rng.below(4)).map(|_| format!("p{}", rng.below(45))).collect()
}

#[test]
fn no_answer_breaks_a_rule() {
    let (mut shown, mut personal) = (0, 0);
    for seed in 0..300 {
        let mut rng = Rng::seeded(seed);
        let mut shelf = shop(&mut rng);
        for round in 0..8 {
            let rail = Rail::ALL[rng.below(Rail::ALL.len() as u64) as usize];
            let fall_back = Rail::ALL.iter().copied().filter(|_| some(&mut rng, 25)).take(4).collect();
            let pins = (0..rng.below(3))
                .map(|_| Pin {
                    product_id: format!("p{}", rng.below(45)),
                    from: None,
                    until: some(&mut rng, 40).then(|| Ms(NOW.plus_ms(-1))),
                })
                .collect();
            let rules = rules(&mut rng);
            let limit = 1 + rng.below(12) as u8;
            let place = Place { fall_back, pins, rules, limit, ..Place::of_rail(rail) };
            let (products, cart) = (ids(&mut rng), ids(&mut rng));
            let who = u32::try_from(rng.below(40)).unwrap_or(0);
            let customer = some(&mut rng, 80).then_some(ProfileNo(i64::from(who)));
            let question = Question {
                customer,
                products: &products,
                cart: &cart,
                limit: None,
                now: NOW,
                imagined: false,
            };
            let answer = shelf.answer(&place, &question);
            assert_eq!(answer, shelf.answer(&place, &question), "{seed}: the same question, the same answer");
            assert!(answer.picks.len() <= usize::from(limit), "{seed}");
            check(&shelf, &place, &question, &answer, seed);
            shown += answer.picks.len();
            personal += usize::from(answer.is_personal);
            if round % 2 == 1 {
                // The catalogue and the rules change under the answers that are kept.
                let n = rng.below(40) as usize;
                shelf.put(product(n, &mut rng));
                if some(&mut rng, 20) {
                    let hidden = BTreeSet::from([format!("p{}", rng.below(40))]);
                    shelf.set_book(2, Book { hidden, ..Book::default() });
                }
            }
        }
    }
    assert!(shown > 5_000 && personal > 200, "the questions were answered: {shown}, {personal}");
}

fn check(shelf: &Shelf, place: &Place, question: &Question<'_>, answer: &Answer, seed: u64) {
    let rules = &place.rules;
    let history = question.customer.map_or(&[][..], |no| shelf.recommender.history(bit(no)));
    let mut prices: Vec<i64> = history
        .iter()
        .filter(|past| past.purchases > 0)
        .filter_map(|past| shelf.at(past.item)?.price)
        .collect();
    prices.sort_unstable();
    let level = prices.get(prices.len() / 2).copied();
    let mut ids: Vec<&str> = Vec::new();
    let mut categories: Vec<&str> = Vec::new();
    for pick in &answer.picks {
        let product = shelf.product(&pick.product.product_id).expect("in the catalogue");
        assert_eq!(product, &pick.product, "{seed}: as it is now");
        let id = product.product_id.as_str();
        assert!(!ids.contains(&id), "{seed}: {id} twice");
        ids.push(id);
        assert!(product.hidden != Some(true) && !shelf.book.hidden.contains(id), "{seed}: {id} is hidden");
        assert!(product.name.is_some(), "{seed}");
        assert!(!rules.in_stock_only || product.stock != Some(0), "{seed}: {id} is out of stock");
        if let Some(least) = rules.min_margin {
            let (price, cost) = (product.price.expect("a price"), product.cost.expect("a cost"));
            assert!((price - cost) * 100 >= price * i64::from(least), "{seed}: {id} earns too little");
        }
        let category = product.category.as_deref().unwrap_or_default();
        assert!(!rules.never_categories.contains(category), "{seed}: {id}");
        let only = &rules.only_categories;
        assert!(only.is_empty() || only.contains(category), "{seed}: {id}");
        categories.push(category);
        assert!(!question.products.iter().any(|own| own == id), "{seed}: {id} is on the page");
        assert!(rules.with_cart || !question.cart.iter().any(|own| own == id), "{seed}: {id} is in the cart");
        let Some(rail) = pick.rail else {
            let pin = place.pins.iter().find(|pin| pin.product_id == id && pin.until.is_none());
            assert!(pin.is_some(), "{seed}: {id} is not pinned now");
            continue;
        };
        assert!(rail == place.rail || place.fall_back.contains(&rail), "{seed}");
        let past = shelf.places.get(id).and_then(|at| history.iter().find(|past| past.item == *at));
        if let Some(past) = past.filter(|past| past.purchases > 0) {
            let days = (NOW.ms() - past.last_bought().expect("an instant")) / DAY_MS;
            match rules.bought {
                Bought::Ever => assert_eq!(rail, Rail::BuyAgain, "{seed}: {id} was bought"),
                Bought::Days(least) => assert!(days >= i64::from(least), "{seed}: {id} was bought lately"),
                Bought::Shown => {}
            }
        }
        if let (Some(band), Some(level), Some(price)) = (rules.price_band, level, product.price) {
            let fits = price * 100 >= level * i64::from(100 - band.below)
                && price * 100 <= level * i64::from(100 + band.above);
            assert!(fits, "{seed}: {id} costs {price} beside {level}");
        }
        if rail.is_personal() {
            assert!(!history.is_empty(), "{seed}: nothing is personal for a stranger");
        }
    }
    if let Some(most) = rules.max_per_category {
        for category in &categories {
            let held = categories.iter().filter(|other| *other == category).count();
            assert!(held <= usize::from(most), "{seed}: {held} of {category}");
        }
    }
}

#[test]
fn a_stranger_is_shown_what_falls_back() {
    let mut rng = Rng::seeded(7);
    let shelf = shop(&mut rng);
    let place = Place { fall_back: vec![Rail::Popular], ..Place::of_rail(Rail::ForYou) };
    let question =
        Question { customer: None, products: &[], cart: &[], limit: Some(3), now: NOW, imagined: false };
    let answer = shelf.answer(&place, &question);
    assert_eq!((answer.picks.len(), answer.is_personal), (3, false));
    assert!(answer.picks.iter().all(|pick| pick.rail == Some(Rail::Popular)));
    // Somebody who wants nothing reckoned is one.
    let mut refused = shelf;
    refused.away.insert(3);
    let asked = Question { customer: Some(ProfileNo(3)), ..question };
    assert_eq!(refused.answer(&place, &asked), answer);
}

#[test]
fn words_name_the_product_that_it_starts_from() {
    let mut rng = Rng::seeded(8);
    let shelf = shop(&mut rng);
    let named = shelf.products.iter().flatten().find(|product| product.name.is_some()).expect("one");
    let reason = Reason::BoughtWith { product_id: named.product_id.clone(), customers: 3 };
    let name = named.name.clone().unwrap_or_default();
    assert_eq!(shelf.words(&reason, "vi"), format!("Thường được mua cùng {name}"));
    assert_eq!(shelf.words(&reason, "en"), format!("Often bought with {name}"));
}
