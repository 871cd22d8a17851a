//! A big world, made in the database itself: the people, events and orders that the engine would have stored had it
//! taken them in one by one, but in minutes.
//!
//! The one SQL outside the store is in `load`. What is left out: `event_message` (ids of old messages, asked of new ones
//! only for two months), the history of attributes, messages and runs. What is in has to be what the engine would have
//! written; [`check`] looks at samples of it through the store.

mod load;
mod past;
mod people;
mod words;

use crate::clock;
use crate::figures::rounded;
use crate::modes::World;
use crate::server::Setup;
use anyhow::{Context, Result, ensure};
use domain::commerce::OrderTotals;
use domain::local_time::Zone;
use kit::{DAY_MS, HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use load::{Cell, Loader, Table};
use past::{EventRow, NAMES, OrderRow, Past};
use people::PersonRow;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use store::{CATALOG, PostgresOptions, SqliteOptions, Store};

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const DATABASE_FILE: &str = "quaylai.sqlite3";
/// Rows that are handed over at once.
const CHUNK: usize = 8_192;
/// Profiles that are looked at when all is loaded.
const SAMPLE: i64 = 500;

enum Rows {
    Past(Vec<EventRow>, Vec<OrderRow>),
    People(Vec<PersonRow>),
    Identifiers(Vec<(String, i64)>),
}

/// The last midnight of Vietnam before `now`: where a world ends, so that one made again the same day is the same.
fn last_midnight(now: Timestamp) -> Timestamp {
    let local = now.ms() + 7 * HOUR_MS;
    Timestamp::from_ms(local - local.rem_euclid(DAY_MS) - 7 * HOUR_MS)
}

/// Makes the world in an empty data folder (and an empty database).
pub fn make(setup: &Setup, world: World) -> Result<Value> {
    migrate(setup)?;
    let until = last_midnight(clock::wall());
    let started = clock::now();
    let mut loader = Loader::open(&setup.data.join(DATABASE_FILE), setup.database.as_deref())?;
    let (to, rows) = sync_channel(8);
    let told = std::thread::scope(|scope| -> Result<Told> {
        scope.spawn(move || tell(world, until, &to));
        take(world, until, rows, &mut loader)
    })?;
    loader.flush()?;
    let rows_s = clock::seconds_since(started);
    eprintln!("  {} events and {} orders in {rows_s:.0} s; now the indexes", told.events, told.orders);
    loader.finish()?;
    let seconds = clock::seconds_since(started);
    let store_bytes = check(setup, world, &told)?;
    Ok(json!({
        "n": told.events,
        "seconds": rounded(seconds),
        "rows_s": rounded(rows_s),
        "rate": (told.events as f64 / seconds).round(),
        "until": jiff::Timestamp::from_millisecond(until.ms())?.to_string(),
        "profiles": world.profiles,
        "events": told.events,
        "orders": told.orders,
        "order_lines": told.lines,
        "body_bytes": told.body_bytes / told.events.max(1),
        "store_bytes": store_bytes,
    }))
}

/// The product makes its own folder, schema and workspace.
fn migrate(setup: &Setup) -> Result<()> {
    let output = Command::new(&setup.binary)
        .args(["migrate", "--json"])
        .args(setup.common())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", setup.binary.display()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "making the database failed: {told}");
    Ok(())
}

/// Makes the rows, in a thread of its own. It ends early when nobody takes them any more.
fn tell(world: World, until: Timestamp, to: &SyncSender<Rows>) {
    let World { seed, profiles, events } = world;
    let mut past = Past::new(seed, until, profiles, events);
    loop {
        let (mut events, mut orders) = (Vec::with_capacity(CHUNK), Vec::new());
        let more = past.tell(CHUNK, &mut events, &mut orders);
        if to.send(Rows::Past(events, orders)).is_err() {
            return;
        }
        if !more {
            break;
        }
    }
    let mut identifiers = Vec::new();
    for first in (0..profiles).step_by(CHUNK) {
        let these = first..profiles.min(first + CHUNK as u32);
        let row = |no: u32| people::row(seed, no, &past.tallies[no as usize], past.cart(no));
        let people: Vec<PersonRow> = these.map(row).collect();
        for PersonRow { profile, .. } in &people {
            identifiers
                .extend(profile.identifiers.iter().map(|known| (known.identifier.key(), profile.no.0)));
        }
        if to.send(Rows::People(people)).is_err() {
            return;
        }
    }
    // In the order of their table, whose pages are then filled one after another.
    identifiers.sort_unstable();
    let _ = to.send(Rows::Identifiers(identifiers));
}

#[derive(Default)]
struct Told {
    events: u64,
    orders: u64,
    lines: u64,
    body_bytes: u64,
}

fn take(world: World, until: Timestamp, rows: Receiver<Rows>, to: &mut Loader) -> Result<Told> {
    let shop = Cell::Int(WORKSPACE.0);
    for (name, no) in NAMES.iter().zip(1i64..) {
        to.put(Table::EventName, &[shop, no.into(), (*name).into()])?;
    }
    for product in Past::new(world.seed, until, 1, 0).products() {
        let doc = document(&domain::commerce::Product {
            product_id: product.product_id.clone(),
            name: Some(product.name.clone()),
            sku: Some(product.sku.clone()),
            category: Some(product.category_title.to_owned()),
            brand: Some(product.brand.to_owned()),
            price: Some(product.price_minor),
            currency: Some(product.currency.to_owned()),
            url: Some(format!("{}{}", demo::shop().url, product.url_path)),
            image_url: None,
            updated_at: until.into(),
            from_catalogue: true,
            ..domain::commerce::Product::default()
        })?;
        to.put(Table::Product, &[shop, product.product_id.as_str().into(), doc.as_str().into()])?;
    }
    let at = Cell::Int(until.ms());
    to.put(Table::List, &[shop, people::LIST.into(), "Bản tin".into(), "".into(), at, at])?;
    let (mut told, mut consents) = (Told::default(), 0i64);
    let every = (world.events / 10).max(1);
    for chunk in rows {
        match chunk {
            Rows::Past(events, orders) => {
                for event in events {
                    told.events += 1;
                    told.body_bytes += event.body.len() as u64;
                    put_event(to, i64::try_from(told.events)?, world.seed, &event)?;
                    if told.events % every == 0 {
                        eprintln!("  {} of {} events", told.events, world.events);
                    }
                }
                for row in orders {
                    told.orders += 1;
                    told.lines += put_order(to, &row)?;
                }
            }
            Rows::People(people) => {
                for PersonRow { profile, consents: records } in people {
                    let (no, doc) = (Cell::Int(profile.no.0), document(&profile)?);
                    let (id, text) = (profile.id.to_string(), profile.search_text());
                    to.put(Table::Profile, &[shop, no, id.as_str().into(), 1.into(), doc.as_str().into()])?;
                    to.put(Table::Search, &[shop, no, text.as_str().into()])?;
                    for record in records {
                        consents += 1;
                        let doc = document(&record)?;
                        let at = Cell::Int(record.at().ms());
                        to.put(Table::Consent, &[consents.into(), shop, no, at, doc.as_str().into()])?;
                    }
                }
            }
            Rows::Identifiers(identifiers) => {
                for (key, no) in identifiers {
                    to.put(Table::Identifier, &[shop, key.as_str().into(), no.into()])?;
                }
            }
        }
    }
    Ok(told)
}

fn put_event(to: &mut Loader, event_no: i64, seed: u64, event: &EventRow) -> Result<()> {
    let message_id = format!("w{seed:x}-{event_no:x}");
    to.put(
        Table::Event,
        &[
            event_no.into(),
            WORKSPACE.0.into(),
            (i64::from(event.person) + 1).into(),
            (event.name as i64).into(),
            event.at.into(),
            event.at.into(),
            true.into(),
            message_id.as_str().into(),
            event.body.as_str().into(),
            event.amount.into(),
        ],
    )
}

/// Returns the number of its lines.
fn put_order(to: &mut Loader, row: &OrderRow) -> Result<u64> {
    let OrderRow { person, order } = row;
    let (summary, doc) = (order.summary(), document(order)?);
    let (shop, person) = (Cell::Int(WORKSPACE.0), Cell::Int(i64::from(*person) + 1));
    let (source, id, at) =
        (order.source.as_str(), order.order_id.as_str(), Cell::Int(summary.placed_at.ms()));
    to.put(
        Table::Order,
        &[
            shop,
            source.into(),
            id.into(),
            person,
            at,
            order.status().into(),
            summary.currency.as_str().into(),
            summary.net.into(),
            summary.refunded.into(),
            summary.counts.into(),
            summary.cancelled.into(),
            doc.as_str().into(),
        ],
    )?;
    let products: BTreeSet<&str> = order.contents.lines.iter().map(|line| line.product_id.as_str()).collect();
    for product in &products {
        to.put(Table::Line, &[shop, source.into(), id.into(), (*product).into(), person, at])?;
    }
    Ok(products.len() as u64)
}

fn document<T: serde::Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// Looks at the world through the store: all is there, and of a sample the totals are those of the orders and
/// everybody is found by what identifies them. Returns the size of the store in bytes.
fn check(setup: &Setup, world: World, told: &Told) -> Result<u64> {
    let store = open(setup)?;
    let (profiles, events, orders) = store.read(|tx| {
        Ok((
            tx.last_profile_no(WORKSPACE)?.0,
            tx.last_numbers()?.event,
            tx.order_count(WORKSPACE, Timestamp::MIN)?.0,
        ))
    })?;
    let found = (profiles, events, orders);
    let meant = (i64::from(world.profiles), world.events as i64, told.orders as i64);
    ensure!(found == meant, "the store holds {found:?} profiles, events and orders, and not {meant:?}");
    let step = (profiles / SAMPLE).max(1);
    for no in (1..=profiles).step_by(step as usize) {
        let (profile, orders) = store.read(|tx| {
            let profile = tx.profile(WORKSPACE, ProfileNo(no))?;
            Ok((profile, tx.order_summaries(&[(WORKSPACE, ProfileNo(no))])?.concat()))
        })?;
        let profile = profile.with_context(|| format!("there is no profile {no}"))?.profile;
        let totals = OrderTotals::of(&orders, "VND", &Zone::vietnam());
        ensure!(profile.totals == totals, "the totals of profile {no} are not those of its orders");
        let keys: Vec<_> = profile.identifiers.iter().map(|known| (WORKSPACE, &known.identifier)).collect();
        let owners = store.read(|tx| tx.find_identifiers(&keys))?;
        let is_own = owners.iter().all(|owner| *owner == Some(ProfileNo(no)));
        ensure!(is_own && !keys.is_empty(), "profile {no} is not found by its identifiers");
    }
    let bytes = store.size_bytes()?;
    store.close()?;
    Ok(bytes)
}

fn open(setup: &Setup) -> Result<Store> {
    let now = clock::wall();
    Ok(match &setup.database {
        Some(url) => Store::open_postgres(&PostgresOptions::new(url), &CATALOG, now)?,
        None => Store::open_sqlite(&SqliteOptions::new(setup.data.join(DATABASE_FILE)), &CATALOG, now)?,
    })
}
