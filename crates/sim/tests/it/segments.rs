//! Live segments in random shops: at every instant the bitmaps say what the definitions mean, and whoever entered or
//! left did so at the very millisecond.

use domain::condition::{Condition, Context, Past, PastEvent};
use engine::segments::save::{Draft, Mode, save_segment};
use engine::segments::{Population, properties_of, scan, segment_members};
use engine::{Note, ProfileFacts, zone_of};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, ProfileNo, Rng, Timestamp};
use serde_json::{Value, json};
use sim::database::postgres_url;
use sim::world::{SHOP, World};
use sim::{Crashes, Database};
use std::collections::BTreeMap;
use store::membership::TransitionRow;

/// 2026-03-01 09:00 in Vietnam.
const BEGIN: Timestamp = Timestamp::from_ms(1_772_330_400_000);
const PEOPLE: u64 = 5;
const SEGMENTS: usize = 6;
const STEPS: usize = 30;

fn pick<'a, T: ?Sized>(rng: &mut Rng, from: &[&'a T]) -> &'a T {
    from[rng.below(from.len() as u64) as usize]
}

fn window(rng: &mut Rng) -> Value {
    match rng.below(6) {
        0 => json!({ "last": "1h" }),
        1 => json!({ "last": "1d" }),
        2 => json!({ "last": "36h" }),
        3 => json!({ "from_ago": "3d", "to_ago": "1d" }),
        4 => json!({ "this": pick(rng, &["day", "week", "month"]) }),
        _ => json!({ "from": "2026-03-02", "to": "2026-03-05T12:00:00+07:00" }),
    }
}

fn leaf(rng: &mut Rng, others: &[String]) -> Value {
    let event = pick(rng, &["Seen", "Added", "Asked"]);
    let filters = json!([{ "property": "size", "op": "gte", "value": rng.below(4) }]);
    let op = pick(rng, &["gte", "lte", "eq", "gt", "lt"]);
    match rng.below(14) {
        0..=2 => {
            let mut did = json!({ "event": event, "op": op, "value": rng.below(4), "window": window(rng) });
            if rng.below(2) == 0 {
                did["where"] = filters;
            }
            json!({ "did": did })
        }
        3 => {
            let of = pick(rng, &["sum", "average", "min", "max", "distinct"]);
            let measure = json!({ of: pick(rng, &["value", "size"]) });
            json!({ "did": { "event": event, "measure": measure, "op": op, "value": rng.below(8), "window": window(rng) } })
        }
        4 => json!({ "did": {
            "event": "Added", "window": { "last": "3d" },
            "not_followed_by": { "event": pick(rng, &["Asked", "Order Completed"]), "within": pick(rng, &["2h", "1d"]) }
        } }),
        5 => json!({ pick(rng, &["first", "last"]): {
            "event": event, "at": { "op": pick(rng, &["within_last", "older_than"]), "value": pick(rng, &["5h", "2d"]) }
        } }),
        6 => json!({ "attribute": "city", "op": pick(rng, &["eq", "ne", "exists"]), "value": "Huế" }),
        7 => {
            json!({ "attribute": "visit_on", "op": pick(rng, &["within_last", "within_next", "older_than", "further_than"]), "value": pick(rng, &["1d", "60h"]) })
        }
        8 => {
            json!({ "attribute": "birthday", "op": "anniversary_within", "value": pick(rng, &["0d", "2d", "10d"]) })
        }
        9 => json!({ "tag": pick(rng, &["vip", "new"]) }),
        10 => {
            json!({ "orders": { "measure": { "sum": "net" }, "op": op, "value": rng.below(5) * 100_000, "window": window(rng) } })
        }
        11 => {
            json!({ "orders": { "lines": [{ "property": "product_id", "op": "eq", "value": "p1" }], "op": op, "value": rng.below(3) } })
        }
        12 if !others.is_empty() => json!({ "segment": others[rng.below(others.len() as u64) as usize] }),
        _ => json!({ "bucket": { "name": "half", "from": 0, "to": 50 } }),
    }
}

fn tree(rng: &mut Rng, others: &[String], depth: u32) -> Value {
    if depth == 0 || rng.below(3) == 0 {
        let mut leaf = leaf(rng, others);
        if leaf["op"] == "exists" {
            leaf.as_object_mut().expect("a leaf is an object").remove("value");
        }
        return leaf;
    }
    let parts: Vec<Value> = (0..=rng.below(2)).map(|_| tree(rng, others, depth - 1)).collect();
    json!({ pick(rng, &["all", "any", "none"]): parts })
}

/// A person with all that the store knows of them.
struct Known {
    profile: domain::profile::Profile,
    past: Past,
}

struct Shop {
    world: World,
    segments: Vec<(String, Condition)>,
}

impl Shop {
    fn people(&self) -> BTreeMap<i64, Known> {
        let stored = self.world.read(|tx| tx.profiles_after(SHOP, ProfileNo(0), 1_000));
        let known = stored.into_iter().map(|stored| {
            let no = stored.profile.no;
            let mut past = Past::default();
            let all = self.world.read(|tx| tx.event_page(SHOP, no, (Timestamp::MAX, i64::MAX), None, 10_000));
            for event in all.into_iter().rev() {
                let properties = properties_of(&event.body);
                let event_no = event.event_no;
                let one = PastEvent { no: event_no, at: event.at, properties };
                past.events.entry(event.name).or_default().push(one);
            }
            past.events.values_mut().for_each(|events| events.sort_by_key(|event| (event.at, event.no)));
            past.orders = self.world.read(|tx| tx.past_orders_of(&[(SHOP, no)])).remove(0);
            past.messages = self.world.read(|tx| tx.past_messages(SHOP, no));
            (no.0, Known { profile: stored.profile, past })
        });
        known.collect()
    }

    fn means(&self, known: &Known, condition: &Condition, at: Timestamp) -> bool {
        let settings = self.world.settings();
        let zone = zone_of(&known.profile, &settings.zone());
        let facts = ProfileFacts {
            profile: &known.profile,
            zone: &zone,
            now: at,
            currency: settings.currency(),
            past: &known.past,
            insight: &engine::NO_INSIGHT,
            segments: None,
        };
        condition.evaluate(&Context::of_profile(&facts, at)).holds
    }

    fn members(&self, segment: &str) -> Population {
        self.world.read(|tx| segment_members(tx, SHOP, segment)).expect("the segment is in force")
    }

    /// The bitmaps say now what the definitions mean.
    fn agree(&self, told: &str) {
        let people = self.people();
        for (id, condition) in &self.segments {
            let members = self.members(id);
            let meant: Population = people
                .iter()
                .filter(|(_, known)| self.means(known, condition, self.world.now))
                .map(|(no, _)| ProfileNo(*no))
                .collect();
            assert_eq!(members, meant, "{id} {told} at {:?}: {condition:?}", self.world.now);
        }
    }

    /// A definition that nobody saved is counted, estimated and explained as it means.
    fn counts(&self, rng: &mut Rng, trees: &BTreeMap<String, Condition>, told: &str) {
        let ids: Vec<String> = trees.keys().cloned().collect();
        let definition = tree(rng, &ids, 2);
        let condition = Condition::from_value(&definition, "").expect("of the grammar");
        let whole = condition.expand(&|id| trees.get(id).cloned()).expect("its segments are there");
        let (store, now) = (self.world.store(), self.world.now);
        let people = self.people();
        let meant: Population = people
            .iter()
            .filter(|(_, known)| self.means(known, &whole, now))
            .map(|(no, _)| ProfileNo(*no))
            .collect();
        let scanned = scan::scan(store, SHOP, &whole, now, &scan::Progress::default());
        let scanned = scanned.expect("the store answers").expect("nobody cancelled");
        assert_eq!(scanned, meant, "{told} scanned: {definition}");
        let estimated = scan::estimate(store, SHOP, &whole, now, 1, &|| true).expect("the store answers");
        assert_eq!(estimated.estimate, meant.len(), "{told} estimated: {definition}");
        for no in people.keys().map(|no| ProfileNo(*no)) {
            let explained = scan::explain(store, SHOP, &whole, no, now).expect("the store answers");
            let verdict = explained.expect("the profile is there").evaluation.holds;
            assert_eq!(verdict, meant.contains(no), "{told} explained: {definition}");
        }
    }

    fn transitions(&self, segment: &str, since: i64) -> Vec<TransitionRow> {
        let mut rows = self.world.read(|tx| tx.transitions_of_segment(SHOP, segment, i64::MAX, 10_000));
        rows.retain(|row| row.transition_no > since);
        rows.reverse();
        rows
    }

    /// Lets time pass in which nothing happens but what time does, and holds every instant against the meaning.
    fn wait(&mut self, until: Timestamp, rng: &mut Rng) {
        let since = self.world.read(|tx| tx.last_transition_no());
        let from = self.world.now;
        let people = self.people();
        let before: Vec<Population> = self.segments.iter().map(|(id, _)| self.members(id)).collect();
        self.world.advance_to(until);
        for ((id, condition), before) in self.segments.iter().zip(before) {
            let turns = self.transitions(id, since);
            for (no, known) in &people {
                let own: Vec<&TransitionRow> = turns.iter().filter(|row| row.profile.0 == *no).collect();
                let is_member = |at: Timestamp| {
                    let last = own.iter().rev().find(|row| row.at <= at);
                    last.map_or(before.contains(ProfileNo(*no)), |row| row.entered)
                };
                let mut instants: Vec<Timestamp> = own.iter().map(|row| row.at).collect();
                instants.extend(own.iter().map(|row| row.at.plus_ms(-1)));
                let span = until.since_ms(from).max(1) as u64;
                instants.extend((0..12).map(|_| from.plus_ms(rng.below(span) as i64)));
                instants.push(until);
                for at in instants.into_iter().filter(|at| *at >= from) {
                    let meant = self.means(known, condition, at);
                    assert_eq!(is_member(at), meant, "{id} of {no} at {at:?}: {condition:?} {own:?}");
                }
                for row in own {
                    assert!(row.at > from && row.at <= until, "{row:?} between {from:?} and {until:?}");
                }
            }
        }
    }

    fn act(&mut self, rng: &mut Rng, step: usize) {
        let now = self.world.now;
        let who = rng.below(PEOPLE);
        let (user, device) = (format!("u{who}"), format!("a{who}"));
        // Late, and ahead of its time by a clock that is wrong.
        let at = match rng.below(8) {
            0 => now.plus_ms(-(rng.below(5 * DAY_MS as u64) as i64)),
            1 => now.plus_ms(rng.below(HOUR_MS as u64) as i64),
            _ => now,
        };
        let told = jiff::Timestamp::from_millisecond(at.ms()).expect("an instant").to_string();
        let id = format!("m{step}");
        let historical = rng.below(10) == 0;
        let mut item = match rng.below(10) {
            0..=3 => json!({ "type": "track", "event": pick(rng, &["Seen", "Added", "Asked"]),
                "properties": { "size": rng.below(6), "value": rng.below(5) } }),
            4 => json!({ "type": "track", "event": "Order Completed", "properties": {
                "order_id": format!("o{}", rng.below(12)), "total": 50_000 * (1 + rng.below(6)), "currency": "VND",
                "products": [{ "product_id": pick(rng, &["p1", "p2"]), "price": 50_000, "quantity": 1 }] } }),
            5 => json!({ "type": "track", "event": "Order Cancelled",
                "properties": { "order_id": format!("o{}", rng.below(12)) } }),
            6 => json!({ "type": "identify", "traits": {
                "city": pick(rng, &["Huế", "Hà Nội"]),
                "timezone": pick(rng, &["Asia/Ho_Chi_Minh", "America/New_York", "Europe/Berlin"]) } }),
            7 => json!({ "type": "identify", "traits": {
                "visit_on": pick(rng, &["2026-03-04", "2026-03-06T10:30:00Z", "2026-02-27"]),
                "birthday": pick(rng, &["1990-03-03", "1988-03-09", "2000-02-29"]) } }),
            8 => {
                let people = self.people();
                if let Some(known) = people.values().nth(rng.below(people.len().max(1) as u64) as usize) {
                    let tag = vec![pick(rng, &["vip", "new"]).to_owned()];
                    let (added, removed) = if rng.below(2) == 0 { (tag, vec![]) } else { (vec![], tag) };
                    let note = json!({ "note": "change", "profile_id": known.profile.id.to_string(), "at": now.ms(),
                        "tags_added": added, "tags_removed": removed, "source": "test" });
                    let note: Note = serde_json::from_value(note).expect("a note");
                    self.world.note(&note);
                    self.world.drain();
                }
                return;
            }
            _ => json!({ "type": "identify", "traits": {} }),
        };
        item["messageId"] = json!(id);
        item["timestamp"] = json!(told);
        // Some as a device, some as an account, some as both, which makes the two one person.
        match rng.below(4) {
            0 => item["anonymousId"] = json!(device),
            1 => {
                item["anonymousId"] = json!(device);
                item["userId"] = json!(user);
            }
            _ => item["userId"] = json!(user),
        }
        self.world.send_items(vec![item], historical);
        self.world.drain();
    }
}

fn live(seed: u64, database: Database, crashes: bool) -> Vec<(String, Vec<TransitionRow>)> {
    let mut rng = Rng::seeded(seed);
    let settings = domain::settings::Settings::default();
    let mut world = World::new(database, seed, BEGIN, settings);
    if crashes {
        world.crashes = Crashes::ByChance { per_mille: 60, rng: Rng::seeded(seed ^ 0x5eed) };
    }
    let mut shop = Shop { world, segments: Vec::new() };
    let mut ids: Vec<String> = Vec::new();
    let mut trees: BTreeMap<String, Condition> = BTreeMap::new();
    for step in 0..STEPS {
        // Segments come while people do, so that they are computed over a past and beside a present.
        if ids.len() < SEGMENTS && step % 3 == 1 {
            let id = format!("s{}", ids.len());
            let definition = tree(&mut rng, &ids, 2);
            let draft =
                Draft { name: Some(id.clone()), definition: Some(definition.clone()), ..Draft::default() };
            let now = shop.world.now;
            save_segment(shop.world.store(), SHOP, &id, Mode::Make, &draft, "test", now)
                .unwrap_or_else(|error| panic!("seed {seed}: {definition} is refused: {error:?}"));
            shop.world.drain();
            let condition = Condition::from_value(&definition, "").expect("it was saved");
            trees.insert(id.clone(), condition.clone());
            let whole = condition.expand(&|id| trees.get(id).cloned()).expect("it was saved");
            shop.segments.push((id.clone(), whole));
            ids.push(id);
        }
        if step == 12 || step == 20 {
            // Days and sums become others; nobody enters or leaves by that.
            let since = shop.world.read(|tx| tx.last_transition_no());
            shop.world.change_settings(|settings| match step {
                12 => settings.time_zone = "America/New_York".into(),
                _ => settings.currency = "USD".into(),
            });
            shop.world.drain();
            shop.agree(&format!("seed {seed} after the settings of step {step}"));
            assert_eq!(shop.world.read(|tx| tx.last_transition_no()), since);
        }
        shop.act(&mut rng, step);
        shop.agree(&format!("seed {seed} step {step}"));
        if !crashes {
            let mut own = Rng::seeded(seed ^ ((step as u64) << 32));
            shop.counts(&mut own, &trees, &format!("seed {seed} step {step}"));
        }
        let pause = match rng.below(4) {
            0 => 0,
            1 => rng.below(90) as i64 * MINUTE_MS + 1,
            2 => rng.below(30) as i64 * HOUR_MS + rng.below(1_000) as i64,
            _ => rng.below(3) as i64 * DAY_MS + 1,
        };
        let until = shop.world.now.plus_ms(pause);
        shop.wait(until, &mut rng);
        shop.agree(&format!("seed {seed} after step {step}"));
    }
    shop.segments.iter().map(|(id, _)| (id.clone(), shop.transitions(id, 0))).collect()
}

fn check(seeds: std::ops::Range<u64>) {
    let mut turns = 0;
    for seed in seeds {
        let quiet = live(seed, Database::sqlite(), false);
        let torn = live(seed, Database::sqlite(), true);
        assert_eq!(quiet, torn, "seed {seed}: crashes change who entered and left");
        turns += quiet.iter().map(|(_, rows)| rows.len()).sum::<usize>();
    }
    assert!(turns > 50, "only {turns} entries and exits");
}

#[test]
fn live_segments_mean_what_they_say_0_to_6() {
    check(0..7);
}

#[test]
fn live_segments_mean_what_they_say_7_to_13() {
    check(7..14);
}

#[test]
fn live_segments_on_postgresql() {
    let Some(url) = postgres_url() else {
        eprintln!("skipped on PostgreSQL: QUAYLAI_TEST_POSTGRES is not set");
        return;
    };
    for seed in 0..2 {
        let there = live(seed, Database::postgres(&url), false);
        let here = live(seed, Database::sqlite(), false);
        assert_eq!(there, here, "seed {seed} differs between the databases");
    }
}
