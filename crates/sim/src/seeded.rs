//! Shops made up from a seed, lived through with crashes and without, and checked on the way.
//!
//! A seed is a [`Plan`]. It is lived through twice: once with a process that dies at random points, and once with
//! one that never does. Where a crash fell between the claim of a message and its settlement, nobody can know
//! whether it went out, and the ledger says `unknown`. That is exactly what the ledger says of a provider that
//! gave no answer, so the second world's provider gives none to the same attempts (and has the message, or not, as
//! in the first); every other difference between the two timelines is a fault.

use crate::checks;
use crate::database::Database;
use crate::plan::{Plan, Step, reaction};
use crate::provider::{Answer, Attempt, Provider};
use crate::told;
use crate::world::{Crashes, SHOP, World};
use domain::consent::ConsentRecord;
use domain::identifier::{Identifier, IdentifierKind};
use engine::{Note, Response};
use kit::{Rng, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;

/// Chance of a crash at each point, in parts of a thousand.
const CRASH_PER_MILLE: u64 = 8;
/// Drains between two looks at everything.
const LOOK_EVERY: u64 = 25;

/// A world that was lived through.
pub struct Lived {
    pub timeline: String,
    pub crashed: u64,
    pub interrupted: BTreeMap<Attempt, Answer>,
    /// What was looked at, so that a test can tell that something happened at all.
    pub events: u64,
    pub accepted: usize,
}

/// Lives through a seed with crashes, without them, and compares.
///
/// # Panics
/// When a checker finds a fault or the timelines differ, naming the seed.
pub fn check(seed: u64, database: impl Fn() -> Database) -> Lived {
    let rng = Rng::seeded(seed ^ 0x6372_6173_6865_7321);
    let crashes = Crashes::ByChance { per_mille: CRASH_PER_MILLE, rng };
    let crashed = live(seed, database(), crashes, BTreeMap::new());
    let smooth = live(seed, database(), Crashes::Never, crashed.interrupted.clone());
    if let Some(difference) = told::difference(&smooth.timeline, &crashed.timeline) {
        panic!(
            "seed {seed}: {} crashes changed the timeline (- without, + with them)\n{difference}",
            crashed.crashed
        );
    }
    crashed
}

/// Lives through a seed. `silent`: attempts that the provider does not answer.
///
/// # Panics
/// When a checker finds a fault.
pub fn live(seed: u64, database: Database, crashes: Crashes, silent: BTreeMap<Attempt, Answer>) -> Lived {
    let plan = Plan::new(seed);
    let mut world = World::new(database, seed, plan.start, plan.settings.clone());
    world.crashes = crashes;
    world.provider = Provider {
        seed,
        moods: plan.moods,
        outages: plan.outages.clone(),
        overrides: silent,
        ..Provider::default()
    };
    let mut reactions: BTreeMap<Timestamp, Vec<(String, Response)>> = BTreeMap::new();
    let mut steps = plan.steps.clone();
    let mut asleep_until: Option<Timestamp> = None;
    let mut versions = checks::Versions::default();
    let mut drains = 0u64;
    loop {
        let due = if asleep_until.is_some() { asleep_until } else { world.next_due() };
        let candidates = [due, steps.keys().next().copied(), reactions.keys().next().copied()];
        let Some(next) = candidates.into_iter().flatten().min().filter(|next| *next <= plan.end) else {
            break;
        };
        world.now = world.now.max(next);
        // What comes from outside at an instant is there before what is due at it is done.
        for step in steps.remove(&next).unwrap_or_default() {
            match step {
                Step::Asleep(length) => asleep_until = Some(next.plus_ms(length)),
                step => perform(&mut world, step),
            }
        }
        for (key, response) in reactions.remove(&next).unwrap_or_default() {
            respond(&mut world, &key, response);
        }
        if asleep_until.is_some_and(|until| until > next) {
            continue;
        }
        asleep_until = None;
        world.drain();
        drains += 1;
        let taken = world.newly_taken();
        for place in &taken {
            let taken = &world.provider.taken[*place];
            for (after, response) in reaction(seed, &taken.attempt) {
                // A millisecond later at the earliest: this instant is done.
                let at = next.plus_ms(after + 1);
                reactions.entry(at).or_default().push((taken.key.clone(), response));
            }
        }
        if let Err(fault) = checks::after_drain(&world, &taken) {
            panic!("seed {seed} at {}: {fault}", crate::plan::written(world.now));
        }
        // The smooth twin is compared with this one line by line: looking at one of them is enough.
        let looks = !matches!(world.crashes, Crashes::Never) && drains.is_multiple_of(LOOK_EVERY);
        if looks && let Err(fault) = checks::everything(&world, &mut versions) {
            panic!("seed {seed} at {}: {fault}", crate::plan::written(world.now));
        }
    }
    world.now = world.now.max(plan.end);
    let end = checks::everything(&world, &mut versions).and_then(|()| checks::at_the_end(&world, &plan));
    if let Err(fault) = end {
        panic!("seed {seed} at its end: {fault}");
    }
    let accepted = world.provider.taken.len();
    let events = world.read(|tx| tx.event_count(SHOP)) as u64;
    let interrupted = world.interruptions_as_silence();
    Lived { timeline: told::timeline(&world), crashed: world.crashed, interrupted, events, accepted }
}

/// The id of the profile that holds a user id now, if any does.
fn profile_id(world: &World, person: &str) -> Option<String> {
    let identifier = Identifier::new(IdentifierKind::UserId, person).expect("an identifier");
    let profile = world.read(|tx| {
        let no = tx.find_identifiers(&[(SHOP, &identifier)])?.into_iter().next().flatten();
        no.map_or(Ok(None), |no| tx.profile(SHOP, no))
    });
    profile.map(|stored| stored.profile.id.to_string())
}

fn perform(world: &mut World, step: Step) {
    let at = world.now.into();
    match step {
        Step::Requests(requests) => world.send(&requests),
        Step::Trigger { journey, person, call_id } => {
            let Some(profile_id) = profile_id(world, &person) else { return };
            let journey_id = World::journey_id(&journey);
            let properties = json!({ "code": call_id });
            world.note(&Note::Trigger { journey_id, profile_id, call_id, properties, at });
        }
        Step::Merge(a, b) => {
            if let (Some(profile_id), Some(other_id)) = (profile_id(world, &a), profile_id(world, &b)) {
                world.note(&Note::Merge { profile_id, other_id, at });
            }
        }
        Step::Says(person, record) => {
            let Some(profile_id) = profile_id(world, &person) else { return };
            world.note(&Note::Consent { profile_id, records: vec![ConsentRecord { at, ..record }] });
        }
        Step::Publish(name, compiled) => {
            for (template, channel) in &compiled.templates {
                if world.read(|tx| tx.template(SHOP, template)).is_none() {
                    world.put_plain_template(template, channel, template);
                }
            }
            world.publish(&name, &compiled.definition);
        }
        Step::Segment(name, definition) => world.put_segment(&name, &definition),
        Step::Pause(name) => world.pause(&name),
        Step::Resume(name) => world.resume(&name),
        Step::Asleep(_) => {}
    }
}

fn respond(world: &mut World, key: &str, response: Response) {
    let Some(message) = world.read(|tx| tx.message(SHOP, key)) else { return };
    let at = world.now.into();
    world.note(&Note::Response { message_no: message.message_no, response, at, machine: None, url: None });
}
