//! Segments are written, archived and restored: checked, taken apart into leaves, and handed to the engine.

use super::census::Census;
use super::plan::{EVERYBODY, leaf_text};
use super::{Population, leaf_hash, leaf_members};
use domain::condition::{Condition, Formula, Problem, Scope};
use domain::normalise::text;
use kit::{Timestamp, WorkspaceId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::campaigns::{Archived, CampaignFilter};
use store::membership::ConditionRow;
use store::segments::{SegmentRow, SegmentVersionRow};
use store::{Changeset, ReadTx, Store, StoreError};

/// Segments that a workspace may have, the archived ones not counted.
pub const SEGMENTS_MAX: usize = 1_000;
/// Largest definition as JSON, in bytes.
pub const DEFINITION_BYTES_MAX: usize = 256 << 10;
/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// A save that meets one made at the same moment is tried again this often.
const TRIES_MAX: u32 = 5;
/// Campaigns read at once.
const PAGE: i64 = 200;

/// Why a segment was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("the definition cannot be used")]
    Definition(Vec<Problem>),
    #[error("{0}: {1}")]
    Field(&'static str, String),
    #[error("another segment has this name: {0}")]
    NameTaken(String),
    #[error("a workspace has at most {SEGMENTS_MAX} segments; archive some")]
    TooMany,
    #[error("there is one with this id already")]
    Exists,
    #[error("the segment does not exist")]
    Unknown,
    #[error("the segment is archived; restore it first")]
    Archived,
    #[error("the segment is in use")]
    InUse(Vec<Use>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A segment as its author writes it. `None`: as it was.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Option<String>,
    pub description: Option<String>,
    pub definition: Option<Value>,
}

/// Where a segment is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// `segment`, `journey` or `campaign`.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    pub state: String,
    /// Whether the segment cannot be archived as long as this stands.
    pub holds: bool,
}

/// Whether a segment is made, changed, or either.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Make,
    Change,
    Put,
}

/// Reads and checks a definition: all that is wrong with it, at paths below `definition`.
pub fn read_definition(definition: &Value) -> Result<Condition, SaveError> {
    if definition.to_string().len() > DEFINITION_BYTES_MAX {
        let message = format!("a definition has at most {DEFINITION_BYTES_MAX} bytes");
        return Err(SaveError::Field("definition", message));
    }
    let condition =
        Condition::from_value(definition, "definition").map_err(|one| SaveError::Definition(vec![one]))?;
    let mut problems = Vec::new();
    condition.validate(Scope::PROFILE, "definition", &mut problems);
    if problems.is_empty() { Ok(condition) } else { Err(SaveError::Definition(problems)) }
}

/// The definitions of a workspace's segments, those that are archived left out.
pub struct Trees {
    trees: BTreeMap<String, Condition>,
    archived: Vec<String>,
}

impl Trees {
    pub fn of(rows: &[SegmentRow]) -> Trees {
        let parse = |row: &SegmentRow| {
            let value = serde_json::from_str(&row.definition).ok()?;
            Some((row.segment_id.clone(), Condition::from_value(&value, "").ok()?))
        };
        let (archived, kept): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state == "archived");
        Trees {
            trees: kept.into_iter().filter_map(parse).collect(),
            archived: archived.into_iter().map(|row| row.segment_id.clone()).collect(),
        }
    }

    /// A definition with the segments that it refers to in their place.
    pub fn expand(&self, condition: &Condition) -> Result<Condition, SaveError> {
        condition.expand(&|id| self.trees.get(id).cloned()).map_err(|mut problem| {
            let mut archived = None;
            condition.segments(&mut |id| {
                if self.archived.iter().any(|known| known == id) {
                    archived = Some(id.to_owned());
                }
            });
            if let (Some(id), "segment.missing") = (archived, problem.code) {
                problem.code = "segment.archived";
                problem.message = format!("segment \"{id}\" is archived: restore it or refer to another");
            }
            problem.path = match problem.path.is_empty() {
                true => "definition".into(),
                false => format!("definition.{}", problem.path),
            };
            SaveError::Definition(vec![problem])
        })
    }

    fn refer_to(&self, id: &str) -> Vec<&str> {
        self.references().filter(|(_, named)| named.contains(id)).map(|(other, _)| other).collect()
    }

    /// Which segments each one refers to.
    fn references(&self) -> impl Iterator<Item = (&str, BTreeSet<String>)> {
        self.trees.iter().map(|(id, tree)| {
            let mut named = BTreeSet::new();
            tree.segments(&mut |other| {
                named.insert(other.to_owned());
            });
            (id.as_str(), named)
        })
    }
}

/// Writes a segment and answers it as it is then. A definition that differs from the one before is a new version. The
/// segment is live at once when all its leaves are, else it is computed, the version before staying in force.
///
/// # Errors
/// [`SaveError`]; nothing was changed then.
pub fn save_segment(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    mode: Mode,
    draft: &Draft,
    by: &str,
    now: Timestamp,
) -> Result<SegmentRow, SaveError> {
    let name = draft.name.as_deref().map(|told| text::clean(told, NAME_CHARS_MAX + 1));
    if name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > NAME_CHARS_MAX) {
        return Err(SaveError::Field("name", format!("from 1 to {NAME_CHARS_MAX} characters")));
    }
    let description = draft.description.as_deref().map(|told| text::clean_lines(told, DESCRIPTION_CHARS_MAX));
    draft.definition.as_ref().map(read_definition).transpose()?;
    let definition = &draft.definition;
    again(|| {
        let (mut changes, row) = store.read(|tx| {
            Ok(changes_of(tx, workspace, id, mode, (&name, &description, definition), by, now))
        })??;
        if !changes.is_empty() {
            changes.touch_configuration();
            store.apply(changes)?;
        }
        Ok(row)
    })?;
    find(store, workspace, id)
}

/// Computes again what met a change made at the same moment.
fn again<T>(mut attempt: impl FnMut() -> Result<T, SaveError>) -> Result<T, SaveError> {
    let mut tries = 1;
    loop {
        match attempt() {
            Err(SaveError::Store(StoreError::Conflict { .. } | StoreError::Duplicate { .. }))
                if tries < TRIES_MAX =>
            {
                tries += 1;
            }
            other => return other,
        }
    }
}

fn find(store: &Store, workspace: WorkspaceId, id: &str) -> Result<SegmentRow, SaveError> {
    store.read(|tx| tx.segment(workspace, id))?.ok_or(SaveError::Unknown)
}

type Told<'a> = (&'a Option<String>, &'a Option<String>, &'a Option<Value>);

fn changes_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    id: &str,
    mode: Mode,
    (name, description, definition): Told<'_>,
    by: &str,
    now: Timestamp,
) -> Result<(Changeset, ()), SaveError> {
    let generation = tx.progress(store::inbox::CONFIGURATION)?.unwrap_or(0);
    let mut rows = tx.segments(workspace)?;
    let held = rows.iter().position(|row| row.segment_id == id);
    match (held, mode) {
        (Some(_), Mode::Make) => return Err(SaveError::Exists),
        (None, Mode::Change) => return Err(SaveError::Unknown),
        (Some(at), _) if rows[at].state == "archived" => return Err(SaveError::Archived),
        _ => {}
    }
    let kept = rows.iter().filter(|row| row.state != "archived");
    if held.is_none() && kept.clone().count() >= SEGMENTS_MAX {
        return Err(SaveError::TooMany);
    }
    if let Some(name) = name {
        let folded = name.to_lowercase();
        let taken = |row: &&SegmentRow| row.segment_id != id && row.name.to_lowercase() == folded;
        if let Some(other) = kept.clone().find(taken) {
            return Err(SaveError::NameTaken(other.segment_id.clone()));
        }
    }
    let mut changes = Changeset::new();
    let mut row = match held {
        Some(at) => rows.swap_remove(at),
        None => SegmentRow {
            segment_id: id.to_owned(),
            name: id.to_owned(),
            description: String::new(),
            state: "computing".into(),
            version: 0,
            live_version: 0,
            definition: String::new(),
            revision: 0,
            created_at: now,
            updated_at: now,
            computed_at: None,
        },
    };
    let before = row.clone();
    if let Some(name) = name {
        row.name.clone_from(name);
    }
    if let Some(description) = description {
        row.description.clone_from(description);
    }
    let definition = match definition {
        // As it was authored.
        Some(definition) => definition.to_string(),
        None if held.is_some() => row.definition.clone(),
        None => return Err(SaveError::Field("definition", "is missing".into())),
    };
    let is_new_version = definition != row.definition;
    row.definition = definition;
    let mut ready = None;
    if is_new_version {
        row.version += 1;
        row.state = "computing".into();
        rows.push(row.clone());
        let trees = Trees::of(&rows);
        let tree = trees.expand(trees.trees.get(id).ok_or(SaveError::Unknown)?)?;
        for other in trees.refer_to(id) {
            // A reference that can no longer be followed must not come out when the engine reads it.
            if let Err(SaveError::Definition(mut problems)) = trees.expand(&trees.trees[other]) {
                for problem in &mut problems {
                    problem.path = "definition".into();
                    problem.message =
                        format!("segment \"{other}\", which refers to this one: {}", problem.message);
                }
                return Err(SaveError::Definition(problems));
            }
        }
        ready = follow(tx, &mut changes, workspace, &tree, now)?;
        // What was counted on, such as a leaf that is there, is so still when this is stored.
        changes.expect_configuration(generation);
    }
    if row == before {
        return Ok((Changeset::new(), ()));
    }
    row.updated_at = now;
    if held.is_some() {
        changes.update_segment(workspace, row.clone());
    } else {
        changes.insert_segment(workspace, row.clone());
    }
    if is_new_version {
        let version = SegmentVersionRow {
            version: row.version,
            name: row.name.clone(),
            definition: row.definition.clone(),
            created_at: now,
            created_by: by.to_owned(),
            change: None,
        };
        changes.insert_segment_version(workspace, id, version);
        if let Some(after) = ready {
            let held = if held.is_some() { Census::read(tx, workspace)?.members(tx, id)? } else { None };
            let before = held.unwrap_or_default();
            let size = |population: &Population| i64::try_from(population.len()).unwrap_or(i64::MAX);
            let counts = (size(&after), size(&after.clone().without(&before)), size(&before.without(&after)));
            changes.segment_computed(workspace, id, row.version, now, counts);
        }
    }
    Ok((changes, ()))
}

/// Adds the leaves that nobody follows yet. Answers the members when all leaves are live.
pub(crate) fn follow(
    tx: &mut ReadTx<'_>,
    changes: &mut Changeset,
    workspace: WorkspaceId,
    tree: &Condition,
    now: Timestamp,
) -> Result<Option<Population>, SaveError> {
    let known = tx.conditions_of(workspace)?;
    let mut leaves = Vec::new();
    let formula = Formula::of(tree, &mut leaves);
    let mut last = tx.last_condition_no(workspace)?.max(EVERYBODY);
    let mut live: Vec<Option<&ConditionRow>> = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        let text = leaf_text(leaf);
        let row = known.iter().find(|row| row.leaf == text);
        if row.is_none() {
            last += 1;
            changes.insert_condition(workspace, last, leaf_hash(&text), text, now);
        }
        live.push(row.filter(|row| row.live));
    }
    let everybody = known.iter().find(|row| row.condition_no == EVERYBODY && row.live);
    let Some(live) = live.into_iter().collect::<Option<Vec<_>>>().filter(|_| everybody.is_some()) else {
        return Ok(None);
    };
    let everybody = leaf_members(tx, workspace, EVERYBODY)?;
    let members =
        super::combine(&formula, &everybody, &mut |at| leaf_members(tx, workspace, live[at].condition_no))?;
    Ok(Some(members))
}

/// Takes a segment out of use; its versions and what is known of entering and leaving stay. Nothing to do for one that
/// is archived.
///
/// # Errors
/// [`SaveError::InUse`] tells where it is used.
pub fn archive_segment(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<SegmentRow, SaveError> {
    again(|| {
        let (row, uses) = store.read(|tx| {
            let row = tx.segment(workspace, id)?;
            Ok((row, usage(tx, workspace, id)?))
        })?;
        let mut row = row.ok_or(SaveError::Unknown)?;
        if row.state == "archived" {
            return Ok(());
        }
        let holding: Vec<Use> = uses.into_iter().filter(|one| one.holds).collect();
        if !holding.is_empty() {
            return Err(SaveError::InUse(holding));
        }
        let mut changes = Changeset::new();
        row.state = "archived".into();
        row.updated_at = now;
        changes.update_segment(workspace, row);
        Ok(crate::configure(store, changes)?)
    })?;
    find(store, workspace, id)
}

/// Takes an archived segment into use again; it is computed anew.
///
/// # Errors
/// A name that another segment took meanwhile, or a definition that refers to what is gone.
pub fn restore_segment(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<SegmentRow, SaveError> {
    again(|| {
        let changes = store.read(|tx| Ok(restored(tx, workspace, id, now)))??;
        if let Some(mut changes) = changes {
            changes.touch_configuration();
            store.apply(changes)?;
        }
        Ok(())
    })?;
    find(store, workspace, id)
}

fn restored(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Option<Changeset>, SaveError> {
    let generation = tx.progress(store::inbox::CONFIGURATION)?.unwrap_or(0);
    let mut rows = tx.segments(workspace)?;
    if rows.iter().filter(|row| row.state != "archived").count() >= SEGMENTS_MAX {
        return Err(SaveError::TooMany);
    }
    let Some(at) = rows.iter().position(|row| row.segment_id == id) else { return Err(SaveError::Unknown) };
    if rows[at].state != "archived" {
        return Ok(None);
    }
    let name = rows[at].name.to_lowercase();
    let taken = |row: &&SegmentRow| row.state != "archived" && row.name.to_lowercase() == name;
    if let Some(other) = rows.iter().find(taken) {
        return Err(SaveError::NameTaken(other.segment_id.clone()));
    }
    rows[at].state = "computing".into();
    // Nobody followed it meanwhile: what was in force is not known any more.
    rows[at].live_version = 0;
    rows[at].computed_at = None;
    rows[at].updated_at = now;
    let trees = Trees::of(&rows);
    let tree = trees.trees.get(id).ok_or(SaveError::Unknown)?;
    let mut changes = Changeset::new();
    follow(tx, &mut changes, workspace, &trees.expand(tree)?, now)?;
    changes.expect_configuration(generation);
    changes.update_segment(workspace, rows.swap_remove(at));
    Ok(Some(changes))
}

/// Where a segment is used: other segments, journeys, campaigns.
pub fn usage(tx: &mut ReadTx<'_>, workspace: WorkspaceId, id: &str) -> Result<Vec<Use>, StoreError> {
    Ok(usages(tx, workspace)?.remove(id).unwrap_or_default())
}

/// Where each segment is used, by its id; those that are used nowhere are left out.
pub fn usages(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<BTreeMap<String, Vec<Use>>, StoreError> {
    let mut uses: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    let mut add = |named: BTreeSet<String>, one: Use| {
        named.into_iter().for_each(|id| uses.entry(id).or_default().push(one.clone()));
    };
    let rows = tx.segments(workspace)?;
    let trees = Trees::of(&rows);
    for (other, mut named) in trees.references() {
        named.remove(other);
        if let Some(row) = rows.iter().find(|row| row.segment_id == other) {
            let (id, name, state) = (row.segment_id.clone(), row.name.clone(), row.state.clone());
            add(named, Use { kind: "segment", id, name, state, holds: true });
        }
    }
    for journey in tx.journeys(workspace)? {
        if journey.status == "archived" {
            continue;
        }
        let mut named = BTreeSet::new();
        for version in [journey.published, journey.latest] {
            if let Some((text, _)) = tx.journey_version(workspace, &journey.journey_id, version)? {
                named.append(&mut named_segments(&text));
            }
        }
        let holds = matches!(journey.status.as_str(), "active" | "paused");
        let (id, name, state) = (journey.journey_id, journey.name, journey.status);
        add(named, Use { kind: "journey", id, name, state, holds });
    }
    let mut before = (Timestamp::MAX, String::new());
    loop {
        let too = CampaignFilter { archived: Archived::Too, ..CampaignFilter::default() };
        let page = tx.campaign_page(workspace, (before.0, &before.1), PAGE, too)?;
        let Some(last) = page.last() else { return Ok(uses) };
        before = (last.created_at, last.campaign_id.clone());
        for row in page {
            let holds = matches!(row.state.as_str(), "scheduled" | "sending" | "paused");
            let (id, name, state) = (row.campaign_id, row.name, row.state);
            add(named_segments(&row.definition), Use { kind: "campaign", id, name, state, holds });
        }
    }
}

/// The segments that a document refers to: under a key `segment` or `segments`, `include` or `exclude`.
fn named_segments(document: &str) -> BTreeSet<String> {
    fn walk(value: Value, names: bool, named: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if names => {
                named.insert(text);
            }
            Value::Array(list) => list.into_iter().for_each(|one| walk(one, names, named)),
            Value::Object(object) => {
                for (key, value) in object {
                    walk(
                        value,
                        matches!(key.as_str(), "segment" | "segments" | "include" | "exclude"),
                        named,
                    );
                }
            }
            _ => {}
        }
    }
    let mut named = BTreeSet::new();
    walk(serde_json::from_str(document).unwrap_or_default(), false, &mut named);
    named
}
