//! Every ready scenario, lived through for 90 days by people who buy, who do not, who never agreed, who change their
//! mind, and whose clocks are elsewhere. What came of it is kept beside each story as `<slug>.timeline`; with
//! `QUAYLAI_REWRITE=1` the files are written anew instead of compared.

use domain::gate::{Cap, Hours};
use domain::settings::Settings;
use engine::install::{Installing, install_scenario};
use kit::{Rng, Timestamp};
use scenarios::{Language, Scenario, find, library};
use serde_json::Map;
use sim::provider::{Answer, Attempt, Provider};
use sim::scenario::{play, start_of};
use sim::world::SHOP;
use sim::{Crashes, Database, World, told};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A shop with hours of its own and a cap beside the law's, and with the scenarios in force.
fn shop(database: Database, seed: u64, now: Timestamp, language: Language, installed: &[&Scenario]) -> World {
    let mut settings = Settings::default();
    settings.shop.name = "Nắng Lụa".into();
    settings.shop.address = "Số 9 ngõ Tơ Tằm, Huế".into();
    settings.shop.url = "https://shop.example".into();
    settings.policy.hours.push(Hours::of(domain::consent::Channel::Email, 8 * 60, 21 * 60));
    settings.policy.caps.push(Cap::sliding(Some(domain::consent::Channel::Email), 2, 24));
    let mut world = World::new(database, seed, now, settings);
    world.watched = true;
    for scenario in installed {
        let parameters = Map::new();
        let installing = Installing { language, parameters: &parameters, publish: true, by: "test" };
        let made = install_scenario(world.store(), SHOP, scenario, &installing, now)
            .unwrap_or_else(|error| panic!("{} is not installed: {error}", scenario.slug));
        assert!(made.journeys.iter().all(|journey| journey.created && journey.row.status == "active"));
    }
    world.drain();
    world
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/library")
}

fn story(slug: &str) -> String {
    let path = folder().join(format!("{slug}.story"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rewrites() -> bool {
    std::env::var_os("QUAYLAI_REWRITE").is_some()
}

/// Every message was made: no text lacked a value.
fn all_made(world: &World, what: &str) {
    for message in world.read(|tx| tx.message_page(SHOP, i64::MAX, 10_000, "", "", "")) {
        let unmade = ["value_missing", "render_stopped", "template_missing", "template_broken"];
        assert!(
            !unmade.contains(&message.reason.as_str()),
            "{what}: {:?} was not made: {} {}",
            message.template_id,
            message.reason,
            message.detail
        );
    }
    for taken in &world.provider.taken {
        if let domain::delivery::Content::Email(email) = &taken.content {
            // What confirms a refusal is plain text.
            let words = email.html.as_deref().unwrap_or(&email.text);
            assert!(words.contains("Nắng Lụa") && !words.contains("[["), "{what}: {}", email.subject);
        }
    }
}

/// A scenario as its story tells it: its timeline as a file, then the same with a process that dies at random.
fn lives(slug: &str) {
    let scenario = find(slug).unwrap_or_else(|| panic!("there is no scenario {slug}"));
    let story = story(slug);
    let start = start_of(&story);
    let world = shop(Database::sqlite(), 1, start, Language::Vi, &[scenario]);
    let (timeline, world) = play(world, &story);
    all_made(&world, slug);
    let timeline = format!("{}\n", timeline.replace(" | ", "\n"));
    let path = folder().join(format!("{slug}.timeline"));
    if rewrites() {
        std::fs::write(&path, &timeline).expect("the timeline is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(difference) = told::difference(&kept, &timeline) {
        panic!("{slug}: the timeline differs from {} (- kept, + now)\n{difference}", path.display());
    }
    let (crashed, _) = twice(&story, slug.len() as u64, Language::Vi, &[scenario]);
    assert!(crashed > 0, "{slug}: nothing crashed");
}

/// Plays a story with crashes and again without; nothing but the crashes may differ. Tells how often it crashed and how
/// many messages went out.
fn twice(story: &str, seed: u64, language: Language, installed: &[&Scenario]) -> (u64, usize) {
    let live = |crashes: Crashes, overrides: BTreeMap<Attempt, Answer>| {
        let mut world = shop(Database::sqlite(), seed, start_of(story), language, installed);
        world.crashes = crashes;
        world.provider = Provider { seed, overrides, ..Provider::default() };
        play(world, story).1
    };
    let rng = Rng::seeded(seed ^ 0x6C69_6272_6172_7921);
    let died = live(Crashes::ByChance { per_mille: 20, rng }, BTreeMap::new());
    let smooth = live(Crashes::Never, died.interruptions_as_silence());
    if let Some(difference) = told::difference(&told::timeline(&smooth), &told::timeline(&died)) {
        panic!(
            "seed {seed}: {} crashes changed the timeline (- without, + with)\n{difference}",
            died.crashed
        );
    }
    all_made(&smooth, "seeded");
    (died.crashed, smooth.provider.taken.len())
}

macro_rules! stories {
    ($($name:ident: $slug:literal),+ $(,)?) => {
        $(#[test] fn $name() { lives($slug); })+

        #[test]
        fn every_scenario_has_its_story() {
            let told = [$($slug),+];
            for scenario in library() {
                assert!(told.contains(&scenario.slug.as_str()), "{} has no story", scenario.slug);
            }
        }
    };
}

stories! {
    welcome: "welcome",
    lead_nurture: "lead-nurture",
    browse_abandonment: "browse-abandonment",
    cart_abandonment: "cart-abandonment",
    order_status: "order-status",
    review_request: "review-request",
    cross_sell: "cross-sell",
    second_order: "second-order",
    spend_milestone: "spend-milestone",
    win_back: "win-back",
    birthday: "birthday",
    tet: "tet",
    womens_day: "womens-day",
    vietnamese_womens_day: "vietnamese-womens-day",
}

/// A story that nobody wrote: a few people over 90 days, with all scenarios in force.
fn made_up(seed: u64) -> String {
    let mut rng = Rng::seeded(seed ^ 0x6D61_6465_2075_7021);
    // The days around which feasts fall, and around which clocks are put forward and back.
    let start = ["2026-02-24T09:00", "2026-09-28T09:00", "2027-01-08T09:00"][rng.below(3) as usize];
    let zones = ["", "Europe/Berlin", "America/Lima", "Asia/Tokyo", "Australia/Sydney", "America/New_York"];
    let mut lines = vec![format!("start {start}")];
    let mut told: Vec<(u64, String)> = Vec::new();
    let mut orders = 0;
    for number in 0..2 + rng.below(3) {
        let who = format!("p{number}");
        let mut traits =
            format!("person {who} name=Nguyễn_Thị_{}", ["An", "Bình", "Chi", "Dung"][number as usize]);
        let zone = zones[rng.below(zones.len() as u64) as usize];
        if !zone.is_empty() {
            traits.push_str(&format!(" timezone={zone}"));
        }
        if rng.chance(0.6) {
            traits.push_str(&format!(" birthday=1990-{:02}-{:02}", 1 + rng.below(12), 1 + rng.below(28)));
        }
        if rng.chance(0.7) {
            traits.push_str(if rng.chance(0.5) { " gender=male" } else { " gender=female" });
        }
        let silent = rng.chance(0.35);
        lines.push(format!("{traits}{}", if silent { " no-consent" } else { "" }));
        let minute = |rng: &mut Rng, day: u64| day * 1_440 + rng.below(1_440);
        told.push((number, format!("event {who} page")));
        if rng.chance(0.3) {
            let ago = 60 + rng.below(40);
            told.push((
                number,
                format!("event {who} order order=old{number} total=400000 historical at=-{ago}d"),
            ));
        }
        if silent && rng.chance(0.5) {
            let day = rng.below(20);
            told.push((minute(&mut rng, day), format!("consent {who} give email")));
        }
        if rng.chance(0.25) {
            let day = 10 + rng.below(50);
            told.push((minute(&mut rng, day), format!("consent {who} withdraw email")));
        }
        if rng.chance(0.25) {
            let day = rng.below(30);
            told.push((minute(&mut rng, day), format!("event {who} Form_Submitted form_id=tu-van")));
        }
        for _ in 0..1 + rng.below(4) {
            let day = rng.below(70);
            let at = minute(&mut rng, day);
            for view in 0..rng.below(4) {
                told.push((at + view * 7, format!("event {who} view")));
            }
            if rng.chance(0.5) {
                told.push((at + 30, format!("event {who} cart product_id=ao price=199000 quantity=1")));
            }
            if rng.chance(0.6) {
                told.push((at + 60 + rng.below(9_000), format!("maybe click {who}")));
            }
            if rng.chance(0.45) {
                orders += 1;
                let (order, total) = (format!("o{orders}"), 100_000 * (1 + rng.below(40)));
                let products =
                    r#"products=[{"product_id":"ao","category":"Áo\u0020dài","price":100000,"quantity":1}]"#;
                let at = at + 45 + rng.below(3_000);
                told.push((at, format!("event {who} order order={order} total={total} {products}")));
                let shipped = at + 600 + rng.below(3_000);
                match rng.below(10) {
                    0 => told.push((shipped, format!("event {who} cancel order={order}"))),
                    1 => told.push((shipped + 4_000, format!("event {who} refund order={order}"))),
                    2 => {}
                    _ => {
                        told.push((
                            shipped,
                            format!("event {who} shipped order={order} tracking_number=VN{orders}"),
                        ));
                        let delivered = shipped + 1_000 + rng.below(3_000);
                        told.push((
                            delivered,
                            format!("event {who} Order_Updated order={order} status=delivered"),
                        ));
                        if rng.chance(0.3) {
                            told.push((delivered + 6_000, format!("event {who} Product_Reviewed rating=5")));
                        }
                    }
                }
            }
        }
    }
    told.sort();
    lines.extend(told.into_iter().map(|(minute, what)| format!("+{minute}m {what}")));
    lines.push("until +90d".into());
    lines.join("\n")
}

fn check_seeds(seeds: std::ops::Range<u64>) {
    let all: Vec<&Scenario> = library().iter().collect();
    let (mut crashed, mut sent) = (0, 0);
    for seed in seeds.clone() {
        let language = if seed % 4 == 3 { Language::En } else { Language::Vi };
        let (died, went) = twice(&made_up(seed), seed, language, &all);
        crashed += died;
        sent += went;
    }
    let count = seeds.count();
    assert!(crashed as usize > count && sent > count, "{crashed} crashes and {sent} messages prove nothing");
}

#[test]
fn all_scenarios_together_seeds_0_to_3() {
    check_seeds(0..4);
}

#[test]
fn all_scenarios_together_seeds_4_to_7() {
    check_seeds(4..8);
}

#[test]
#[ignore = "takes many minutes: run it when scenarios, journeys or the engine change"]
fn all_scenarios_together_seeds_8_to_307() {
    check_seeds(8..308);
}
