//! The engine and the store alone, in this process: what is left when HTTP costs nothing. Useful beside the real
//! figures to see where time goes, and under a profiler.

use crate::clock;
use crate::figures::rounded;
use crate::load;
use crate::modes::World;
use anyhow::{Context, Result, bail};
use engine::{Bell, Door, DoorError, Engine, Request};
use kit::{Id, Rng, WorkspaceId};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::access::Workspace;
use store::{CATALOG, Changeset, PostgresOptions, SqliteOptions, Store};

const WORKSPACE: WorkspaceId = WorkspaceId(1);
/// Requests that wait for their fsync at once.
const IN_FLIGHT: usize = 32;

/// Loads the world into an empty store and then `live` events; the rate of each.
pub fn run(
    folder: &Path,
    database: Option<&str>,
    world: World,
    live: u64,
    with_journeys: bool,
) -> Result<Value> {
    std::fs::create_dir_all(folder)?;
    let now = clock::wall();
    let store = Arc::new(match database {
        Some(url) => Store::open_postgres(&PostgresOptions::new(url), &CATALOG, now)?,
        None => Store::open_sqlite(&SqliteOptions::new(folder.join("direct.sqlite3")), &CATALOG, now)?,
    });
    if store.read(|tx| tx.workspaces())?.is_empty() {
        begin(&store, with_journeys)?;
    }
    let mut past = load::batches(demo::standard_world(world.seed, now, world.profiles, world.events));
    let loaded = drive(&store, &mut past, true)?;
    let events = demo::bench_events(world.seed, clock::wall(), world.profiles, live);
    let live: Vec<_> = load::batches(events).collect();
    let taken = drive(&store, &mut live.into_iter(), false)?;
    let bytes = store.size_bytes()?;
    store.close()?;
    Ok(json!({ "load": loaded, "live": taken, "store_bytes": bytes }))
}

fn begin(store: &Store, with_journeys: bool) -> Result<()> {
    let now = clock::wall();
    let mut rng = Rng::seeded(1);
    let mut changes = Changeset::new();
    let workspace = Workspace {
        workspace: WORKSPACE,
        slug: "default".into(),
        name: "default".into(),
        settings: Default::default(),
        salt: Id::new(now, &mut rng).to_string(),
        version: 1,
    };
    changes.insert_workspace(&workspace, now);
    engine::configure(store, changes)?;
    if !with_journeys {
        return Ok(());
    }
    for (position, definition) in crate::journeys::standard()?.into_iter().enumerate() {
        let journey_id = Id::new(now, &mut rng).to_string();
        let mut changes = Changeset::new();
        changes.insert_journey(WORKSPACE, &journey_id, &format!("bench {position}"), now);
        changes.insert_journey_version(WORKSPACE, &journey_id, 1, definition.to_string(), now);
        engine::configure(store, changes)?;
        engine::publish_journey(store, WORKSPACE, &journey_id, 1, now)?;
    }
    Ok(())
}

fn drive(
    store: &Arc<Store>,
    batches: &mut (impl Iterator<Item = (Vec<u8>, usize)> + Send),
    historical: bool,
) -> Result<Value> {
    let bell = Arc::new(Bell::default());
    let door = Door::open(Arc::clone(store), Arc::clone(&bell))?;
    let started = clock::now();
    let (items, acknowledged_s) = std::thread::scope(|scope| {
        let client = scope.spawn(|| -> Result<(u64, f64)> {
            let mut items = 0;
            let mut waiting = std::collections::VecDeque::new();
            for (body, count) in batches {
                items += count as u64;
                let request = Request { kind: None, body, ip: None, user_agent: None, historical };
                loop {
                    match door.admit(WORKSPACE, request.clone(), clock::wall()) {
                        Ok(accepted) => break waiting.push_back(accepted.pending),
                        Err(DoorError::Overloaded { .. }) => clock::rest(50),
                        Err(error) => bail!(error),
                    }
                }
                if waiting.len() >= IN_FLIGHT
                    && let Some(first) = waiting.pop_front()
                {
                    first.wait()?;
                }
            }
            for pending in waiting {
                pending.wait()?;
            }
            Ok((items, clock::seconds_since(started)))
        });
        let mut engine = Engine::open(Arc::clone(store), 7)?;
        loop {
            let tick = engine.tick(clock::wall())?;
            door.left(tick.taken);
            if tick.did_nothing() {
                if client.is_finished() && store.read(|tx| tx.backlog())?.rows == 0 {
                    break;
                }
                bell.wait(Duration::from_millis(20));
            }
        }
        client.join().ok().context("the loading thread panicked")?
    })?;
    let seconds = clock::seconds_since(started);
    Ok(json!({
        "n": items,
        "seconds": rounded(seconds),
        "rate": (items as f64 / seconds).round(),
        "acknowledged_rate": (items as f64 / acknowledged_s).round(),
    }))
}
