//! Fits what is learned of a shop to all that it knows by now, one file a kind. What is asked in between stays the
//! model that serves; a new fit takes its place only where it is better.

mod carts;
mod hours;
mod leads;
mod purchases;
pub(crate) mod recommend;

use crate::note::Note;
use crate::{Directory, EngineError, Insights};
use kit::{Timestamp, WorkspaceId};
use store::access::Workspace;
use store::models::ModelRow;
use store::{Changeset, Store, StoreError};

/// What a fit came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// What is asked from now on, as JSON, if it serves.
    pub document: String,
    /// How good it is and by what that is known, as JSON.
    pub report: String,
    /// False when what serves is better.
    pub serves: bool,
    /// Of one that does not serve: whether what served so far goes too, because by now the naive rule is as good.
    pub retires: bool,
}

/// Told how far a fit is, from 0 to 1; answers whether it is to go on.
pub type Going<'a> = &'a mut dyn FnMut(f64) -> bool;

type Learn = fn(&Store, &Workspace, Timestamp, Going<'_>) -> Result<Option<Learned>, EngineError>;

/// What is learned, in the order in which it is: a later one may ask an earlier one.
pub const KINDS: &[(&str, Learn)] = &[
    ("purchases", purchases::learn),
    ("hours", hours::learn),
    ("carts", carts::learn),
    ("leads", leads::learn),
    (recommend::KIND, recommend::learn),
];

/// Fits of a kind that are remembered beside the one that serves.
const REMEMBERED: i64 = 30;

/// Fits one kind and stores what came of it. `None` when there is nothing to learn from, or when it was told to stop.
///
/// # Errors
/// Those of the store; a conflict where somebody else fitted the same kind meanwhile.
pub fn learn(
    store: &Store,
    workspace: WorkspaceId,
    kind: &str,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<ModelRow>, EngineError> {
    let Some((kind, learn)) = KINDS.iter().find(|(name, _)| *name == kind) else { return Ok(None) };
    let found = store.read(|tx| Ok(tx.workspaces()?.into_iter().find(|row| row.workspace == workspace)))?;
    let row = found.ok_or(EngineError::UnknownWorkspace(workspace))?;
    let Some(learned) = learn(store, &row, now, going)? else { return Ok(None) };
    let (last, directory) =
        store.read(|tx| Ok((tx.last_model(workspace, kind)?, Directory::read(tx, &Insights::default())?)))?;
    let version = last.map_or(1, |(version, _)| version + 1);
    let mut changes = Changeset::new();
    let state = if learned.serves { "serving" } else { "refused" };
    let document = if learned.serves { learned.document } else { String::new() };
    let turns = learned.serves || learned.retires;
    if turns {
        changes.retire_model(workspace, kind);
    }
    let model = ModelRow {
        kind: (*kind).to_owned(),
        version,
        fitted_at: now,
        state: state.to_owned(),
        document,
        report: learned.report,
    };
    changes.insert_model(workspace, model.clone());
    changes.prune_models(workspace, kind, version - REMEMBERED);
    if turns && *kind != recommend::KIND {
        // Dates that were predicted are others now.
        for journey_id in directory.shop(workspace)?.dated_by_models() {
            let note = Note::ScanDates { journey_id, after: 0, at: now.into() };
            changes.append(note.arrival(workspace, now));
        }
    }
    crate::configure(store, changes)?;
    Ok(Some(model))
}

fn written(document: &impl serde::Serialize) -> Result<String, EngineError> {
    serde_json::to_string(document)
        .map_err(|error| StoreError::Bug(format!("a model cannot be written: {error}")).into())
}
