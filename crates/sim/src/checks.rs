//! What must hold of every shop at every rest, recomputed without the code that is to be checked.

use crate::plan::Plan;
use crate::told::people;
use crate::world::{SHOP, World};
use domain::consent::{Channel, ConsentState, Purpose};
use domain::gate::{Cap, Hours, Window};
use domain::local_time::{local_date, minute_of_day};
use domain::profile::Profile;
use kit::{HOUR_MS, Id, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use store::messages::MessageRow;

type Verdict = Result<(), String>;

fn ensure(holds: bool, fault: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(fault()) }
}

/// Events that Quaylai itself adds.
const OWN_EVENTS: [&str; 5] =
    ["Cart Abandoned", "Email Opened", "Email Link Clicked", "Unsubscribed", "Experiment Viewed"];

/// The versions of profiles at the last look.
#[derive(Default)]
pub struct Versions(BTreeMap<Id, i64>);

/// Cheap enough for every rest: nothing waits, and what just went out was allowed to. `taken`: the provider's new
/// messages.
pub fn after_drain(world: &World, taken: &[usize]) -> Verdict {
    let backlog = world.read(|tx| tx.backlog());
    ensure(backlog.rows == 0, || format!("{} rows wait in the inbox", backlog.rows))?;
    let aside = world.read(|tx| tx.quarantined());
    ensure(aside == 0, || format!("{aside} rows were set aside"))?;
    ensure(world.provider.doubled.is_empty(), || format!("taken twice: {:?}", world.provider.doubled))?;
    for place in taken {
        let taken = &world.provider.taken[*place];
        let message = world.read(|tx| tx.message(SHOP, &taken.key));
        let message = message.ok_or_else(|| format!("{:?} is not in the ledger", taken.attempt))?;
        allowed(world, &message)?;
    }
    Ok(())
}

/// Consent, hours and caps of a message that went out at this instant.
fn allowed(world: &World, message: &MessageRow) -> Verdict {
    if message.purpose != "marketing" {
        return Ok(());
    }
    let stored = world.read(|tx| tx.profile(SHOP, message.profile)).ok_or("a message of nobody")?;
    let profile = stored.profile;
    let tell = |what: &str| {
        format!("{} {:?} to {:?}: {what}", message.channel, message.template_id, message.address)
    };
    let channel: Channel = message.channel.parse()?;
    let granted = profile.consents.state(channel, Purpose::Marketing) == Some(ConsentState::Granted);
    ensure(granted, || tell("went out without consent"))?;
    let settings = world.settings();
    let zone = engine::zone_of(&profile, &settings.zone());
    let minute = minute_of_day(world.now, &zone);
    ensure(profile.wishes.paused_until(world.now).is_none(), || tell("went out in a pause"))?;
    let always =
        |hours: &&Hours| hours.channel == channel && hours.purpose.is_none_or(|p| p == Purpose::Marketing);
    for hours in settings.policy.hours_in_force().filter(always) {
        let open = (hours.from..hours.to).contains(&minute);
        ensure(open, || tell(&format!("went out at minute {minute} of {}'s day", zone.name())))?;
    }
    let all = world.read(|tx| tx.messages_of_profile(SHOP, profile.no, i64::MAX, 10_000));
    let own = profile.wishes.often().hours().map(|hours| Cap::sliding(None, 1, hours));
    for cap in settings.policy.caps_in_force().chain(&own) {
        let within = |at: Timestamp| match cap.window {
            Window::Sliding => at > world.now.plus_ms(-i64::from(cap.hours) * HOUR_MS),
            Window::Day => local_date(at, &zone) == local_date(world.now, &zone),
            Window::Week => {
                local_date(at, &zone).iso_week_date().week()
                    == local_date(world.now, &zone).iso_week_date().week()
            }
        };
        let counted = |m: &&MessageRow| {
            m.purpose == "marketing"
                && ["sending", "accepted", "unknown"].contains(&m.state.as_str())
                && cap.channel.is_none_or(|channel| channel.as_str() == m.channel)
                && m.attempted_at.is_some_and(within)
        };
        // A wish of later than a message does not reach back to it: it was allowed when it went.
        let count = all.iter().filter(counted).count();
        let applies = cap.channel.is_none_or(|capped| capped == channel);
        ensure(!applies || count <= cap.count as usize, || {
            tell(&format!("is one of {count} within {} hours, with a cap of {}", cap.hours, cap.count))
        })?;
    }
    Ok(())
}

/// Everything that can be seen in the store alone.
pub fn everything(world: &World, versions: &mut Versions) -> Verdict {
    let mut now_versions = BTreeMap::new();
    let mut journeys: BTreeMap<String, (String, String)> = BTreeMap::new();
    for row in world.read(|tx| tx.journeys(SHOP)) {
        journeys.insert(row.journey_id, (row.name, row.status));
    }
    let mut logged: BTreeMap<(String, i64, String, String), i64> = BTreeMap::new();
    let mut held_orders = BTreeSet::new();
    for (name, version, profile) in people(world) {
        let before = versions.0.get(&profile.id).copied().unwrap_or(0);
        ensure(version >= before, || format!("{name} went from version {before} back to {version}"))?;
        now_versions.insert(profile.id, version);
        identifiers_lead_back(world, &profile, &name)?;
        for run in world.read(|tx| tx.runs_of_profile(SHOP, profile.no)) {
            let (journey, status) = journeys.get(&run.journey_id).ok_or("a run of no journey")?;
            let over = run.state != "active";
            let due = run.due_at.is_some_and(|due| due > world.now);
            ensure(
                if over { run.due_at.is_none() && run.ended_at.is_some() } else { due || status == "paused" },
                || {
                    format!(
                        "the run of {journey} for {name} is {} and due {:?} at {:?}",
                        run.state, run.due_at, world.now
                    )
                },
            )?;
            let steps = world.read(|tx| tx.steps(SHOP, &run.run_id));
            let numbered = steps.iter().enumerate().all(|(place, step)| step.seq == place as i64 + 1);
            ensure(numbered, || format!("the log of the run of {journey} for {name} has gaps"))?;
            for step in steps {
                *logged.entry((run.journey_id.clone(), run.version, step.node, step.code)).or_insert(0) += 1;
            }
        }
        ledger(world, &profile, &name)?;
        totals(world, &profile, &name, &mut held_orders)?;
    }
    versions.0 = now_versions;
    let mut counted: BTreeMap<(String, i64, String, String), i64> = BTreeMap::new();
    for journey_id in journeys.keys() {
        for row in world.read(|tx| tx.journey_counts(SHOP, journey_id)) {
            if !row.code.starts_with("declined.") {
                counted.insert((journey_id.clone(), row.version, row.node, row.code), row.count);
            }
        }
    }
    ensure(counted == logged, || {
        let wrong = counted.iter().find(|(key, count)| logged.get(key) != Some(count));
        let missing = logged.keys().find(|key| !counted.contains_key(key));
        format!("counts and logs of nodes differ: {wrong:?} {missing:?}")
    })
}

fn identifiers_lead_back(world: &World, profile: &Profile, name: &str) -> Verdict {
    for known in &profile.identifiers {
        let owner = world.read(|tx| tx.find_identifiers(&[(SHOP, &known.identifier)]));
        ensure(owner.first().copied().flatten() == Some(profile.no), || {
            format!("{} stands on {name} and leads to {owner:?}", known.identifier)
        })?;
    }
    Ok(())
}

/// Every row of the ledger has a state, and a reason where somebody would ask why.
fn ledger(world: &World, profile: &Profile, name: &str) -> Verdict {
    let mut keys = BTreeSet::new();
    for m in world.read(|tx| tx.messages_of_profile(SHOP, profile.no, i64::MAX, 10_000)) {
        let tell =
            |what: &str| format!("the message {} of {name}, {} ({}): {what}", m.key, m.state, m.reason);
        ensure(keys.insert(m.key.clone()), || tell("its key stands twice"))?;
        match m.state.as_str() {
            "accepted" => {
                ensure(m.accepted_at.is_some() && m.address.is_some(), || tell("accepted, not told when"))?
            }
            "queued" => ensure(m.due_at > world.now, || tell("waits and is due"))?,
            "refused" | "failed" | "unknown" | "cancelled" => {
                ensure(!m.reason.is_empty(), || tell("nobody can tell why"))?;
            }
            _ => return Err(tell("no state for a rest")),
        }
        let log = world.read(|tx| tx.message_log(SHOP, m.message_no));
        ensure(log.first().is_some_and(|line| line.what == "decided"), || {
            tell("its log begins with nothing")
        })?;
        if m.state == "accepted" {
            let times = world.provider.taken.iter().filter(|taken| taken.key == m.id).count();
            ensure(times == 1, || tell(&format!("the provider has it {times} times")))?;
        }
        if ["refused", "cancelled"].contains(&m.state.as_str()) {
            let taken = world.provider.taken.iter().any(|taken| taken.key == m.id);
            ensure(!taken, || tell("the provider has it"))?;
        }
    }
    Ok(())
}

/// The sums on a profile are those of its orders.
fn totals(world: &World, profile: &Profile, name: &str, held: &mut BTreeSet<String>) -> Verdict {
    let (mut orders, mut revenue, mut refunded) = (0, 0, 0);
    for order in world.read(|tx| tx.order_page(SHOP, profile.no, 0, 10_000)) {
        ensure(held.insert(order.order_id.clone()), || {
            format!("the order {} has two owners", order.order_id)
        })?;
        let summary = order.summary();
        orders += u32::from(summary.counts);
        revenue += summary.net;
        refunded += summary.refunded;
    }
    let told = &profile.totals;
    ensure((told.orders, told.revenue, told.refunded) == (orders, revenue, refunded), || {
        format!("{name} has {told:?}, and orders that come to {orders}, {revenue}, {refunded}")
    })
}

/// What can be said only when every request was answered.
pub fn at_the_end(world: &World, plan: &Plan) -> Verdict {
    for id in &plan.valid {
        let count = world.read(|tx| tx.message_id_count(SHOP, id));
        ensure(count == 1, || format!("the message {id} is {count} events"))?;
    }
    let refused = world.read(|tx| tx.rejections(SHOP, i64::MAX, 10_000));
    for id in &plan.malformed {
        let told = format!("messageId={id}");
        ensure(refused.iter().any(|row| row.sample.ends_with(&told)), || {
            format!("{id} was refused without a trace")
        })?;
        let count = world.read(|tx| tx.message_id_count(SHOP, id));
        ensure(count == 0, || format!("the malformed {id} is an event"))?;
    }
    let all = world.read(|tx| tx.event_count(SHOP));
    let mut own = 0;
    for name in OWN_EVENTS {
        own += world.read(|tx| tx.event_count_named(SHOP, name));
    }
    ensure(all - own == plan.valid.len() as i64, || {
        format!(
            "{} messages were told, {} events are there beside {own} of our own",
            plan.valid.len(),
            all - own
        )
    })?;
    orders(world, plan)
}

/// Every order as the messages about it tell it, reckoned anew.
fn orders(world: &World, plan: &Plan) -> Verdict {
    let mut told: BTreeMap<&str, Vec<&crate::plan::OrderTold>> = BTreeMap::new();
    for order in &plan.orders {
        told.entry(&order.order_id).or_default().push(order);
    }
    let mut found = BTreeMap::new();
    for (.., profile) in people(world) {
        for order in world.read(|tx| tx.order_page(SHOP, profile.no, 0, 10_000)) {
            found.insert(order.order_id.clone(), (order.net(), order.is_cancelled()));
        }
    }
    ensure(found.len() == told.len(), || {
        format!("{} orders were told, {} are there", told.len(), found.len())
    })?;
    for (order_id, mut tellings) in told {
        tellings.sort_by_key(|telling| telling.at);
        let mut total = 0;
        let mut paid_back = 0;
        let mut cancelled = false;
        for telling in &tellings {
            match telling.name {
                "Order Completed" => (total, cancelled) = (telling.total, false),
                "Order Cancelled" => cancelled = true,
                _ => paid_back += telling.total,
            }
        }
        let net = if cancelled { 0 } else { (total - paid_back).max(0) };
        ensure(found.get(order_id) == Some(&(net, cancelled)), || {
            format!(
                "the order {order_id} comes to {net} (cancelled: {cancelled}), the store has {:?}",
                found.get(order_id)
            )
        })?;
    }
    Ok(())
}
