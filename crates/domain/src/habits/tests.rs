use super::*;
use crate::btyd::{Kind, Model};
use crate::commerce::{CartLine, Contents, OrderPatch, Refund};
use crate::condition::{Condition, Context, Facts};
use kit::{Currency, DAY_MS, HOUR_MS};
use proptest::prelude::*;

const TODAY: i64 = 20_500;

/// On a day, at an hour of Vietnam.
fn at(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_ms(day * DAY_MS + (hour - 7) * HOUR_MS)
}

fn line(category: &str, brand: &str, price: i64) -> CartLine {
    let told = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    CartLine {
        product_id: format!("{category}-{brand}"),
        category: told(category),
        brand: told(brand),
        price,
        quantity: 1,
        ..CartLine::default()
    }
}

fn order(at: Timestamp, lines: &[CartLine]) -> Order {
    let contents = Contents { lines: lines.to_vec(), ..Contents::default() };
    let patch = OrderPatch {
        source: "site".into(),
        order_id: at.ms().to_string(),
        at,
        placed_at: Some(at),
        currency: Some("VND".into()),
        status: None,
        contents: Some(contents),
        refunds: Vec::new(),
    };
    Order::new(&patch, "VND")
}

fn message(channel: &str, decided_at: Timestamp, clicked_at: Option<Timestamp>) -> PastMessage {
    PastMessage {
        id: String::new(),
        channel: channel.into(),
        purpose: "marketing".into(),
        template_id: None,
        journey_id: None,
        campaign_id: None,
        state: "accepted".into(),
        decided_at,
        accepted_at: Some(decided_at),
        delivered_at: None,
        opened_at: None,
        clicked_at,
        unsubscribed_at: None,
    }
}

/// A shop whose people buy coffee about every three weeks, and read at eight in the evening.
fn norms() -> Norms {
    let model = Model::new(Kind::MbgCnbdK, &[2.0, 5.0, 0.5, 2.0, 2.0]).expect("in range");
    let gaps = |name: &str, returns| Gaps { name: name.into(), model, returns, own: true };
    let hours = (0..24).map(|hour| if hour == 20 { 0.54 } else { 0.02 }).collect();
    let weekdays = vec![0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.1];
    let blend = |shop| Blend { shop, strength: 10.0, purchases: 0.1, own: true };
    let clock = Clock { hours: blend(hours), weekdays: blend(weekdays) };
    Norms {
        currency: "VND".into(),
        prices: [("ca_phe".to_owned(), (50_000, 90_000))].into(),
        any_price: Some((100_000, 300_000)),
        discounts: Some(Share { share: 0.2, strength: 4.0 }),
        replenishment: [
            ("ca_phe".to_owned(), gaps("Cà phê", true)),
            ("may_xay".to_owned(), gaps("Máy xay", false)),
        ]
        .into(),
        reads: [("email".to_owned(), clock)].into(),
    }
}

fn value(
    past: &Past,
    norms: Option<&Norms>,
    path: &str,
    now: Timestamp,
) -> (Option<Value>, Option<Timestamp>) {
    let zone = Zone::vietnam();
    Asked { past, norms, zone: &zone, shop_zone: &zone, stated: None, at: now }.value(path)
}

fn told(past: &Past, path: &str) -> Value {
    value(past, Some(&norms()), path, at(TODAY, 9)).0.unwrap_or_default()
}

fn bought(orders: Vec<Order>) -> Past {
    Past { orders, ..Past::default() }
}

#[test]
fn one_key_for_all_spellings() {
    for (name, key) in [
        ("Cà phê sữa", "ca_phe_sua"),
        ("  CÀ  PHÊ/sữa ", "ca_phe_sua"),
        ("Áo > Sơ mi", "ao_so_mi"),
        ("kids-3.5y", "kids_3_5y"),
        ("!!!", "!!!"),
    ] {
        assert_eq!(key_of(name), key, "{name}");
    }
}

#[test]
fn favourites_are_what_was_bought_again_and_lately() {
    let past = bought(vec![
        order(at(TODAY - 900, 10), &[line("Trà", "Cozy", 50_000)]),
        order(at(TODAY - 890, 10), &[line("Trà", "Cozy", 50_000)]),
        order(at(TODAY - 880, 10), &[line("Trà", "Cozy", 50_000), line("Bánh", "", 10_000)]),
        order(at(TODAY - 40, 10), &[line("cà phê", "Trung Nguyên", 60_000)]),
        order(at(TODAY - 20, 10), &[line("Cà phê", "Trung Nguyên", 60_000), line("CÀ PHÊ", "", 9_000)]),
    ]);
    assert_eq!(told(&past, "favourite.category"), json!("Cà phê"), "in the spelling of the latest");
    assert_eq!(told(&past, "favourite.categories"), json!(["Cà phê", "Trà"]), "once is no habit");
    assert_eq!(told(&past, "favourite.brands"), json!(["Trung Nguyên", "Cozy"]));
    // Nothing but purchases changes it: not years of silence either.
    let (later, until) = value(&past, None, "favourite.categories", at(TODAY + 4_000, 9));
    assert_eq!((later, until), (Some(json!(["Cà phê", "Trà"])), None));
    // What was given back was not bought.
    let mut returned = past.clone();
    for order in &mut returned.orders[3..] {
        order.refunds.push(Refund { at: order.placed_at, refund_id: "r".into(), amount: None });
    }
    assert_eq!(told(&returned, "favourite.categories"), json!(["Trà"]));
    assert_eq!(told(&bought(past.orders[..1].to_vec()), "favourite"), json!({ "discount_affinity": 0.16 }));
    assert_eq!(value(&Past::default(), Some(&norms()), "favourite", at(TODAY, 9)), (None, None));
}

#[test]
fn prices_are_compared_within_their_category() {
    let cheap = |day| order(at(day, 10), &[line("Cà phê", "", 40_000), line("Cà phê", "", 45_000)]);
    assert_eq!(
        told(&bought(vec![cheap(TODAY - 9), cheap(TODAY - 5)]), "favourite.price_level"),
        json!("low")
    );
    let dear = |day| {
        order(at(day, 10), &[line("Cà phê", "", 95_000), line("Trà", "", 350_000), line("", "", 400_000)])
    };
    assert_eq!(told(&bought(vec![dear(TODAY - 9), dear(TODAY - 5)]), "favourite.price_level"), json!("high"));
    let both = bought(vec![cheap(TODAY - 9), dear(TODAY - 9)]);
    assert_eq!(told(&both, "favourite.price_level"), json!("middle"));
    assert_eq!(told(&bought(vec![dear(TODAY - 9)]), "favourite.price_level"), Value::Null, "one purchase");
    let mut foreign = vec![dear(TODAY - 9), dear(TODAY - 5)];
    foreign.iter_mut().for_each(|order| order.currency = "USD".into());
    assert_eq!(told(&bought(foreign), "favourite.price_level"), Value::Null, "another unit");
}

#[test]
fn the_taste_for_discounts_is_shrunk_to_the_shop() {
    let taken = |day: i64, discount: i64| {
        let mut order = order(at(day, 8), &[line("Trà", "", 50_000)]);
        order.contents.discount = Some(discount);
        order
    };
    let affinity = |orders: Vec<Order>| told(&bought(orders), "favourite.discount_affinity");
    assert_eq!(affinity(vec![taken(TODAY, 5_000)]), json!(0.36), "(1 + 4 * 0.2) / 5");
    assert_eq!(affinity(vec![taken(TODAY, 0)]), json!(0.16));
    let many: Vec<Order> = (0..40).map(|n| taken(TODAY - n, 5_000)).collect();
    assert!(affinity(many).as_f64().unwrap() > 0.9);
    assert_eq!(affinity(Vec::new()), Value::Null);
    let never = Norms { discounts: Some(Share { share: 0.0, strength: 4.0 }), ..norms() };
    let past = bought(vec![taken(TODAY, 0)]);
    assert_eq!(value(&past, Some(&never), "favourite.discount_affinity", at(TODAY, 9)).0, None);
    assert_eq!(
        value(&past, None, "favourite.discount_affinity", at(TODAY, 9)).0,
        None,
        "nothing was learned"
    );
}

#[test]
fn replenishment_follows_the_persons_own_rhythm_and_ends_in_time() {
    let coffee = |days: &[i64]| {
        bought(days.iter().map(|day| order(at(*day, 8), &[line("Cà phê", "", 60_000)])).collect())
    };
    let due = |past: &Past, path: &str| told(past, path).as_str().map(str::to_owned);
    let (once, often) = (coffee(&[TODAY]), coffee(&[TODAY - 30, TODAY - 20, TODAY - 10, TODAY]));
    let seldom = coffee(&[TODAY - 180, TODAY - 120, TODAY - 60, TODAY]);
    let dates: Vec<String> =
        [&often, &once, &seldom].into_iter().map(|past| due(past, "replenish.ca_phe").unwrap()).collect();
    assert!(dates[0] < dates[1] && dates[1] < dates[2], "{dates:?}");
    assert_eq!(due(&often, "replenish.Cà phê"), due(&often, "replenish.next"));
    assert_eq!(due(&often, "replenish.next_category"), Some("Cà phê".into()));
    assert_eq!(told(&often, "replenish")["ca_phe"], json!(dates[0]));
    // Between the own rhythm of ten days and the shop's: the posterior, not the raw mean.
    let own = date_of(TODAY as i32 + 10).unwrap().to_string();
    assert!(dates[0] > own, "{} after {own}", dates[0]);
    // A thing that most people buy once is expected of nobody who bought it once.
    let mill =
        |days: &[i64]| bought(days.iter().map(|day| order(at(*day, 8), &[line("Máy xay", "", 1)])).collect());
    assert_eq!(due(&mill(&[TODAY]), "replenish.may_xay"), None);
    assert!(due(&mill(&[TODAY - 40, TODAY]), "replenish.may_xay").is_some());
    assert_eq!(due(&coffee(&[]), "replenish.next"), None);
    // The date stays when it has passed, until nobody like this one would still come back; then it goes, at midnight.
    let norms = norms();
    let (shown, over) = value(&often, Some(&norms), "replenish.ca_phe", at(TODAY, 9));
    let over = over.expect("it ends");
    assert_eq!(value(&often, Some(&norms), "replenish.ca_phe", over.plus_ms(-1)), (shown, Some(over)));
    assert_eq!(value(&often, Some(&norms), "replenish.ca_phe", over), (None, None));
    assert_eq!(crate::local_time::minute_of_day(over, &Zone::vietnam()), 0);
}

#[test]
fn the_best_time_is_the_shops_until_own_reads_outweigh_it() {
    let read = |count: i64, hour: i64| Past {
        messages: (0..count)
            .map(|n| message("email", at(TODAY - 20, 6), Some(at(TODAY - 1 - 7 * n, hour))))
            .collect(),
        ..Past::default()
    };
    assert_eq!(told(&Past::default(), "best_time.email.hour"), json!(20));
    assert_eq!(told(&Past::default(), "best_time.email.weekday"), json!("sat"));
    assert_eq!(told(&read(3, 7), "best_time.email.hour"), json!(20), "(3 + 10 * 0.02) < 10 * 0.54");
    assert_eq!(told(&read(6, 7), "best_time.email.hour"), json!(7));
    assert_eq!(told(&read(6, 7), "best_time.email")["hour"], json!(7));
    assert_eq!(told(&read(6, 7), "best_time.sms.hour"), Value::Null, "nothing is known of the channel");
    assert_eq!(value(&read(6, 7), None, "best_time.email.hour", at(TODAY, 9)).0, None);
    // What a clock that goes ahead told counts when its time has come.
    let mut ahead = read(5, 7);
    ahead.messages.push(message("email", at(TODAY - 20, 6), Some(at(TODAY + 1, 7))));
    let norms = norms();
    let (hour, until) = value(&ahead, Some(&norms), "best_time.email.hour", at(TODAY, 9));
    assert_eq!((hour, until), (Some(json!(20)), Some(at(TODAY + 1, 7))));
    assert_eq!(value(&ahead, Some(&norms), "best_time.email.hour", at(TODAY + 1, 7)).0, Some(json!(7)));
    // In the person's own zone.
    let (past, away) = (read(6, 7), Zone::named("America/New_York").unwrap());
    let asked = Asked {
        past: &past,
        norms: Some(&norms),
        zone: &away,
        shop_zone: &Zone::vietnam(),
        stated: None,
        at: at(TODAY, 9),
    };
    assert_ne!(asked.value("best_time.email.hour").0, Some(json!(7)));
}

#[test]
fn the_channel_that_works_is_the_one_that_sends_by_it() {
    let clicks = |channel: &str, sent: i64, clicked: i64| -> Vec<PastMessage> {
        (0..sent)
            .map(|n| message(channel, at(TODAY - 9, n), (n < clicked).then(|| at(TODAY - 8, n))))
            .collect()
    };
    let past = |messages: Vec<Vec<PastMessage>>| Past { messages: messages.concat(), ..Past::default() };
    let channel = |past: &Past| told(past, "preferred_channel");
    assert_eq!(channel(&Past::default()), Value::Null);
    assert_eq!(
        channel(&past(vec![clicks("email", 5, 0), clicks("sms", 5, 0)])),
        Value::Null,
        "nothing worked"
    );
    assert_eq!(channel(&past(vec![clicks("email", 5, 1), clicks("sms", 5, 3)])), json!("sms"));
    assert_eq!(
        channel(&past(vec![clicks("email", 5, 1), clicks("sms", 2, 2)])),
        json!("email"),
        "two are too few"
    );
    // Who buys after it counts for more.
    let mut buys = past(vec![clicks("email", 6, 2), clicks("sms", 6, 3)]);
    buys.orders.push(order(at(TODAY - 8, 5), &[line("Trà", "", 1)]));
    assert_eq!(channel(&buys), json!("sms"), "the click on either came before it");
    buys.messages.iter_mut().filter(|message| message.channel == "sms").for_each(|message| {
        message.clicked_at = message.clicked_at.map(|at| at.plus_ms(-20 * DAY_MS));
    });
    assert_eq!(channel(&buys), json!("email"));
    let zone = Zone::vietnam();
    let stated = Some(Channel::Zalo);
    let asked = Asked { past: &buys, norms: None, zone: &zone, shop_zone: &zone, stated, at: at(TODAY, 9) };
    assert_eq!(asked.value("preferred_channel").0, Some(json!("zalo")), "what the customer said comes first");
}

#[test]
fn wants_say_what_has_to_be_loaded() {
    let check = |path: &str, orders: bool, messages: bool, learned: bool, time: bool| {
        let wants = Wants::of_path(path);
        assert!(wants.profile);
        assert_eq!(
            (wants.orders, wants.messages, wants.learned, wants.time),
            (orders, messages, learned, time),
            "{path}"
        );
    };
    check("favourite.category", true, false, false, false);
    check("favourite.price_level", true, false, true, false);
    check("replenish.next", true, false, true, true);
    check("best_time.email.hour", true, true, true, false);
    check("preferred_channel", true, true, false, false);
    check("cart.buys_alone", false, false, true, true);
    check("cart.total", false, false, false, false);
    check("attributes.favourite", false, false, false, false);
}

struct Person<'a>(&'a Past, &'a Norms, &'a Zone, Timestamp);

impl Facts for Person<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        self.value_at(path, self.3).0
    }

    fn value_at(&self, path: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        let (zone, norms) = (self.2, Some(self.1));
        Asked { past: self.0, norms, zone, shop_zone: zone, stated: None, at }.value(path)
    }

    fn has_tag(&self, _: &str) -> bool {
        false
    }

    fn currency(&self) -> Currency {
        Currency::VND
    }

    fn time_zone(&self) -> &Zone {
        self.2
    }
}

#[test]
fn a_condition_on_a_date_turns_exactly_when_it_should() {
    let past = bought([40, 30, 20].map(|n| order(at(TODAY - n, 10), &[line("Cà phê", "", 60_000)])).to_vec());
    let (norms, zone, now) = (norms(), Zone::vietnam(), at(TODAY - 19, 9));
    let due = value(&past, Some(&norms), "replenish.ca_phe", now).0.unwrap();
    let condition = json!({ "attribute": "replenish.ca_phe", "op": "within_next", "value": "3d" });
    let condition = Condition::from_value(&condition, "").unwrap();
    let judged = |now: Timestamp| {
        let facts = Person(&past, &norms, &zone, now);
        condition.evaluate(&Context::of_profile(&facts, now))
    };
    let first = judged(now);
    assert!(!first.holds);
    let turns_at = first.changes_at.expect("it turns");
    assert!(!judged(turns_at.plus_ms(-1)).holds && judged(turns_at).holds, "due on {due}");
    let ends_at = judged(turns_at).changes_at.expect("it turns back");
    assert!(judged(ends_at.plus_ms(-1)).holds && !judged(ends_at).holds);
}

fn any_past() -> impl Strategy<Value = Past> {
    let lines = proptest::collection::vec((0..4usize, 0..3usize, -10i64..200_000, -1i64..5), 0..4);
    let orders = proptest::collection::vec(
        (-3_000i64..600, 0..24i64, lines, proptest::option::of(0..5_000i64)),
        0..12,
    );
    let messages =
        proptest::collection::vec((0..3usize, -2_000i64..50, proptest::option::of(0..72i64)), 0..12);
    (orders, messages).prop_map(|(orders, messages)| {
        let orders = orders.into_iter().map(|(day, hour, lines, discount)| {
            let line = |(category, brand, price, quantity): (usize, usize, i64, i64)| CartLine {
                quantity,
                ..line(["Cà phê", "Máy xay", "Trà", ""][category], ["A", "B", ""][brand], price)
            };
            let lines: Vec<CartLine> = lines.into_iter().map(line).collect();
            let mut order = order(at(TODAY + day, hour), &lines);
            order.contents.discount = discount;
            order
        });
        let messages = messages.into_iter().map(|(channel, hours, read)| {
            let sent = at(TODAY, 0).plus_ms(hours * HOUR_MS);
            message(["email", "sms", "zalo"][channel], sent, read.map(|hours| sent.plus_ms(hours * HOUR_MS)))
        });
        Past { orders: orders.collect(), messages: messages.collect(), ..Past::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_order_of_the_past_does_not_matter_and_values_stay_until_told(past in any_past(), ahead in 1..40i64) {
        let norms = norms();
        let mut other = past.clone();
        other.orders.reverse();
        let now = at(TODAY, 9);
        for path in ["favourite", "replenish", "best_time", "replenish.next", "favourite.category"] {
            let (told, until) = value(&past, Some(&norms), path, now);
            prop_assert_eq!(&told, &value(&other, Some(&norms), path, now).0, "{}", path);
            let later = now.plus_ms(ahead * DAY_MS);
            if until.is_none_or(|until| until > later) {
                prop_assert_eq!(&told, &value(&past, Some(&norms), path, later).0, "{} by {:?}", path, until);
            }
            prop_assert!(until.is_none_or(|until| until > now), "{} {:?}", path, until);
        }
        let zone = Zone::vietnam();
        let asked = Asked { past: &past, norms: Some(&norms), zone: &zone, shop_zone: &zone, stated: None, at: now };
        let all = asked.all();
        let shares = all.categories.iter().chain(&all.brands).map(|one| one.share).chain(all.discount_affinity);
        prop_assert!(shares.into_iter().all(|share| (0.0..=1.0).contains(&share)), "{:?}", all);
        prop_assert!(all.best_times.values().all(|time| time.hour < 24 && time.hour_share > 0.0));
        prop_assert!(all.replenish.iter().all(|due| due.low <= due.due && due.due <= due.high && due.high <= due.over));
    }
}
