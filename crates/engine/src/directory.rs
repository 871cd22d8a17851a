//! What the shops have set up, held in memory: workspaces, live journeys and the names of events. Read anew when
//! the store's configuration counter moves.

use crate::EngineError;
use crate::insight::{Insight, Insights};
use domain::condition::Wants;
use domain::journey::Definition;
use domain::local_time::Zone;
use kit::{Currency, WorkspaceId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::access::Workspace;
use store::{ReadTx, StoreError};

#[derive(Debug, Default)]
pub struct Directory {
    pub generation: i64,
    pub workspaces: BTreeMap<WorkspaceId, Shop>,
    pub insights: Insights,
    /// Journeys whose definition did not read back, with the reason; they are held, never guessed at.
    pub unreadable: Vec<String>,
}

#[derive(Debug)]
pub struct Shop {
    pub workspace: Workspace,
    pub zone: Zone,
    pub currency: Currency,
    pub journeys: BTreeMap<(String, u32), Live>,
    /// Journeys that an event may start, by its name.
    pub started_by: FxHashMap<String, Vec<(String, u32)>>,
    /// Journeys that start at a date of the profile, with the attribute that they read.
    pub dated: Vec<(String, u32)>,
    pub segments: Arc<crate::segments::Plan>,
    /// Journeys that start by a segment, a threshold or another journey.
    pub starts: crate::starts::StartIndex,
    /// Whether any journey wants to know of changes of a profile.
    pub watches_changes: bool,
    /// Which of the shop's own systems are told what.
    pub hooks: crate::hooks::Hooks,
    pub insight: Arc<Insight>,
    /// When people are told of products that they may have waited for.
    pub occasions: domain::recommend::Occasions,
}

/// A version that is published, or that unfinished runs follow.
#[derive(Clone, Debug)]
pub struct Live {
    pub definition: Arc<Definition>,
    /// False while the journey is paused: its runs stand still.
    pub moving: bool,
    /// Whether new runs take this version.
    pub current: bool,
    pub to_step: Arc<std::collections::BTreeSet<String>>,
    /// Whether a change of the profile can move a run.
    pub changes: bool,
    /// What of the profile's past has to be at hand for a start, and for a step.
    pub past_to_start: Arc<Wants>,
    pub past_to_step: Arc<Wants>,
}

impl Shop {
    /// Journeys that start at a date which a model predicts.
    pub fn dated_by_models(&self) -> Vec<String> {
        let by_model = |key: &&(String, u32)| {
            let path = self.journeys.get(*key).and_then(|live| live.definition.trigger.date());
            path.is_some_and(|path| Wants::of_path(path).learned)
        };
        self.dated.iter().filter(by_model).map(|(id, _)| id.clone()).collect()
    }
}

impl Directory {
    /// `held`: what was learned of the shops as it was read before.
    pub fn read(tx: &mut ReadTx<'_>, held: &Insights) -> Result<Directory, StoreError> {
        let insights = held.follow(tx)?;
        let generation = tx.progress(store::inbox::CONFIGURATION)?.unwrap_or(0);
        let mut directory = Directory { generation, ..Directory::default() };
        for workspace in tx.workspaces()? {
            let shop = Shop {
                zone: workspace.settings.zone(),
                currency: workspace.settings.currency(),
                journeys: BTreeMap::new(),
                started_by: FxHashMap::default(),
                dated: Vec::new(),
                segments: Arc::default(),
                starts: Default::default(),
                watches_changes: false,
                hooks: Default::default(),
                insight: insights.of(workspace.workspace),
                occasions: crate::shelf::book(tx, workspace.workspace)?.1.occasions,
                workspace,
            };
            directory.workspaces.insert(shop.workspace.workspace, shop);
        }
        directory.insights = insights;
        for (workspace, hooks) in crate::hooks::Hooks::read(tx)? {
            if let Some(shop) = directory.workspaces.get_mut(&workspace) {
                shop.hooks = hooks;
            }
        }
        let (conditions, followed) = (tx.conditions()?, tx.followed_segments()?);
        for (workspace, shop) in &mut directory.workspaces {
            let conditions: Vec<_> =
                conditions.iter().filter(|row| row.workspace == *workspace).cloned().collect();
            let followed: Vec<_> =
                followed.iter().filter(|row| row.workspace == *workspace).cloned().collect();
            let mut plan = crate::segments::Plan::of(&conditions, &followed);
            plan.follow_leads(shop.insight.lead_rules.as_ref());
            directory.unreadable.extend(plan.unreadable.iter().cloned());
            shop.segments = Arc::new(plan);
        }
        for live in tx.live_journeys()? {
            let Some(shop) = directory.workspaces.get_mut(&live.workspace) else { continue };
            let definition = match Definition::parse(&live.definition) {
                Ok(mut definition) => {
                    definition.resolve_journeys(&crate::journey_id_of);
                    Arc::new(definition)
                }
                Err(problems) => {
                    let first = problems.first().map_or_else(String::new, |p| format!("{p:?}"));
                    directory
                        .unreadable
                        .push(format!("{} version {}: {first}", live.journey_id, live.version));
                    continue;
                }
            };
            let key = (live.journey_id.clone(), u32::try_from(live.version).unwrap_or(0));
            let current = live.status == "active" && live.version == live.published;
            if current {
                for name in &definition.wants().to_start {
                    shop.started_by.entry(name.clone()).or_default().push(key.clone());
                }
                if definition.trigger.date().is_some() {
                    shop.dated.push(key.clone());
                }
                shop.starts.add(&key, &definition);
                shop.watches_changes |= shop.starts.watches_changes();
            }
            let wants = definition.wants();
            shop.watches_changes |= wants.changes;
            let (to_step, changes) = (Arc::new(wants.to_step), wants.changes);
            let moving = live.status != "paused";
            let (mut past_to_start, mut past_to_step) = (wants.past_to_start, wants.past_to_step);
            for past in [&mut past_to_start, &mut past_to_step] {
                past.with_rules(shop.insight.rules_wants());
            }
            let (past_to_start, past_to_step) = (Arc::new(past_to_start), Arc::new(past_to_step));
            let live = Live { definition, moving, current, to_step, changes, past_to_start, past_to_step };
            shop.journeys.insert(key, live);
        }
        Ok(directory)
    }

    pub fn shop(&self, workspace: WorkspaceId) -> Result<&Shop, EngineError> {
        self.workspaces.get(&workspace).ok_or(EngineError::UnknownWorkspace(workspace))
    }
}
