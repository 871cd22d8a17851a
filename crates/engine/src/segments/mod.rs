//! Live segments: bitmaps of the people for whom each leaf of a definition holds, kept true with every event and
//! every instant. See docs/adr/006-live-segments.md.
//!
//! [`Plan`] is what a workspace's definitions come to; [`Members`] are the bitmaps; `live` turns them while a batch
//! is folded; `past` loads what conditions ask of somebody's past.

mod census;
mod live;
mod members;
mod past;
mod plan;
pub mod reach;
pub mod save;
pub mod scan;

pub use census::Census;
pub use live::{Turned, Turning};
pub use members::{
    Held, LeafKey, Members, Population, combine, leaf_members, people_count, segment_members, serialise,
};
pub use past::{Loaded, properties_of, since};
pub use plan::{Definitions, EVERYBODY, Followed, Leaf, Plan, Touch, leaf_text};

use crate::EngineError;
use crate::directory::{Directory, Shop};
use kit::{Timestamp, WorkspaceId};
use sha2::{Digest, Sha256};
use store::membership::ConditionRow;
use store::{Changeset, Store};

/// The hash by which equal leaves are known.
pub fn leaf_hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The name under which the engine stores by which settings verdicts were made.
pub(crate) const SETTINGS: &str = "segment_settings";

/// The name under which the engine stores which models verdicts were made by.
pub(crate) const LEARNED: &str = "segment_models";

/// What customers' totals are made of: another number has them added up anew.
const TOTALS_FORM: u32 = 2;

/// The settings that verdicts depend on, as a number that is another when they are. Which kinds of models serve is
/// among them: by the first fit of a kind nobody enters or leaves anything.
pub(crate) fn settings_mark(directory: &Directory) -> i64 {
    mark(directory, |shop| {
        let settings = &shop.workspace.settings;
        // Rules of scoring are written by people: nobody is told of what they move.
        let version = |(kind, version)| (kind, if kind == crate::leads::RULES { version } else { 0 });
        let kinds: Vec<(&str, i64)> = shop.insight.versions().map(version).collect();
        format!("{TOTALS_FORM} {} {} {kinds:?}", settings.time_zone, settings.currency)
    })
}

/// The models that verdicts depend on, as a number that is another when they are.
pub(crate) fn learned_mark(directory: &Directory) -> i64 {
    let is_model = |(kind, _): &(&str, i64)| *kind != crate::leads::RULES;
    mark(directory, |shop| format!("{:?}", shop.insight.versions().filter(is_model).collect::<Vec<_>>()))
}

fn mark(directory: &Directory, of: impl Fn(&Shop) -> String) -> i64 {
    let mut hash = Sha256::new();
    for (workspace, shop) in &directory.workspaces {
        hash.update(format!("{} {}\n", workspace.0, of(shop)));
    }
    let digest = hash.finalize();
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

/// Workspaces that have no leaf for everybody yet.
pub(crate) fn without_everybody(directory: &Directory, conditions: &[ConditionRow]) -> Vec<WorkspaceId> {
    let has = |workspace: &WorkspaceId| {
        conditions.iter().any(|row| row.workspace == *workspace && row.condition_no == EVERYBODY)
    };
    directory.workspaces.keys().copied().filter(|workspace| !has(workspace)).collect()
}

pub(crate) fn follow_everybody(store: &Store, missing: &[WorkspaceId]) -> Result<(), EngineError> {
    let mut changes = Changeset::new();
    for workspace in missing {
        let text = "\"everybody\"".to_owned();
        changes.insert_condition(*workspace, EVERYBODY, leaf_hash(&text), text, Timestamp::MIN);
    }
    Ok(crate::configure(store, changes)?)
}
