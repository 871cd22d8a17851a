//! The live segments of one workspace, taken apart: which leaves there are, what turns each, and which segments
//! each is part of.

use domain::condition::{Condition, Formula, Wants};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use store::membership::{ConditionRow, FollowedSegment};

/// The number of the leaf that holds for every profile.
pub const EVERYBODY: i64 = 0;

/// What happened to a profile, as far as leaves may want to know it.
#[derive(Clone, Debug, Default)]
pub struct Touch {
    /// Anything may have changed.
    pub all: bool,
    pub profile: bool,
    pub orders: bool,
    pub messages: bool,
    pub runs: bool,
    /// An instant has come.
    pub time: bool,
    pub events: BTreeSet<String>,
}

impl Touch {
    pub fn merge(&mut self, other: Touch) {
        self.all |= other.all;
        self.profile |= other.profile;
        self.orders |= other.orders;
        self.messages |= other.messages;
        self.runs |= other.runs;
        self.time |= other.time;
        self.events.extend(other.events);
    }
}

#[derive(Debug)]
pub struct Leaf {
    pub no: i64,
    pub condition: Condition,
    pub wants: Wants,
    /// Positions of the segments in force that it is part of.
    pub used_by: Vec<usize>,
    /// Reads when the profile was last seen, which every event of theirs moves.
    any_event: bool,
}

#[derive(Debug)]
pub struct Followed {
    pub id: String,
    pub version: i64,
    /// By which members are told; `None` while no version was computed.
    pub in_force: Option<Formula>,
    /// To be put in force once all its leaves are live.
    pub next: Option<Formula>,
}

#[derive(Debug, Default)]
pub struct Plan {
    pub leaves: Vec<Leaf>,
    pub segments: Vec<Followed>,
    /// Leaves that no segment contains any more.
    pub unused: Vec<i64>,
    by_id: BTreeMap<String, usize>,
    /// Leaves or definitions that cannot be read, with the reason.
    pub unreadable: Vec<String>,
    /// The leaves by which leads change hands.
    pub watch: crate::leads::Watch,
}

/// The definitions of segments by their ids, with references to others replaced by their trees.
pub struct Definitions(BTreeMap<String, Condition>);

impl Definitions {
    /// Of documents that were checked when they were saved; one that does not read back is left out.
    pub fn of<'a>(documents: impl Iterator<Item = (&'a str, &'a str)>) -> Definitions {
        let read = |text: &str| Condition::from_value(&serde_json::from_str(text).ok()?, "").ok();
        Definitions(documents.filter_map(|(id, text)| Some((id.to_owned(), read(text)?))).collect())
    }

    pub fn expanded(&self, id: &str) -> Result<Condition, String> {
        let condition = self.0.get(id).ok_or("its definition cannot be read")?;
        condition.expand(&|id| self.0.get(id).cloned()).map_err(|problem| problem.to_string())
    }
}

/// The text under which a leaf is shared.
pub fn leaf_text(leaf: &Condition) -> String {
    serde_json::to_string(leaf).unwrap_or_default()
}

impl Plan {
    pub fn of(conditions: &[ConditionRow], followed: &[FollowedSegment]) -> Plan {
        let mut plan = Plan::default();
        let mut position: FxHashMap<&str, usize> = FxHashMap::default();
        for row in conditions {
            let parsed = match row.condition_no {
                EVERYBODY => Ok(Condition::All(Vec::new())),
                _ => serde_json::from_str(&row.leaf)
                    .map_err(|error| error.to_string())
                    .and_then(|value| Condition::from_value(&value, "").map_err(|p| p.to_string())),
            };
            match parsed {
                Ok(condition) => {
                    position.insert(&row.leaf, plan.leaves.len());
                    let wants = condition.wants();
                    let any_event = matches!(
                        &condition,
                        Condition::Attribute { path, .. } if path == "last_seen_at"
                    );
                    let used_by = Vec::new();
                    plan.leaves.push(Leaf { no: row.condition_no, condition, wants, used_by, any_event });
                }
                Err(error) => plan.unreadable.push(format!("leaf {}: {error}", row.condition_no)),
            }
        }
        let current = Definitions::of(
            followed.iter().map(|segment| (segment.segment_id.as_str(), segment.definition.as_str())),
        );
        let in_force = Definitions::of(followed.iter().filter_map(|segment| {
            Some((segment.segment_id.as_str(), segment.in_force.as_ref()?.1.as_str()))
        }));
        let formula = |definitions: &Definitions, id: &str| -> Result<Formula, String> {
            let mut leaves = Vec::new();
            let formula = Formula::of(&definitions.expanded(id)?, &mut leaves);
            let places = leaves
                .iter()
                .map(|leaf| position.get(leaf_text(leaf).as_str()).copied())
                .collect::<Option<Vec<usize>>>()
                .ok_or("a leaf of it is not followed")?;
            Ok(formula.renumbered(&places))
        };
        for segment in followed {
            let id = &segment.segment_id;
            let mut read = |definitions: &Definitions, version: i64| match formula(definitions, id) {
                Ok(formula) => Some(formula),
                Err(error) => {
                    plan.unreadable.push(format!("segment {id} version {version}: {error}"));
                    None
                }
            };
            let held = segment.in_force.as_ref().and_then(|(version, _)| read(&in_force, *version));
            let is_current = segment.state == "live"
                && segment.in_force.as_ref().is_some_and(|(version, _)| *version == segment.version);
            let wanted = read(&current, segment.version);
            let next = wanted.filter(|wanted| !is_current || held.as_ref() != Some(wanted));
            plan.by_id.insert(id.clone(), plan.segments.len());
            plan.segments.push(Followed { id: id.clone(), version: segment.version, in_force: held, next });
        }
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for (at, segment) in plan.segments.iter().enumerate() {
            if let Some(formula) = &segment.in_force {
                let mut own = BTreeSet::new();
                formula.leaves(&mut |leaf| {
                    own.insert(leaf);
                });
                used.extend(&own);
                own.into_iter().for_each(|leaf| plan.leaves[leaf].used_by.push(at));
            }
            if let Some(formula) = &segment.next {
                formula.leaves(&mut |leaf| {
                    used.insert(leaf);
                });
            }
        }
        // With a definition that cannot be read nobody knows what it needs.
        if plan.unreadable.is_empty() {
            let unused = plan.leaves.iter().enumerate().filter(|(at, _)| !used.contains(at));
            plan.unused = unused.map(|(_, leaf)| leaf.no).filter(|no| *no != EVERYBODY).collect();
        }
        plan
    }

    /// Takes in the shop's rules of scoring: what the leaves that read a score want, and which tell of leads.
    pub fn follow_leads(&mut self, scoring: Option<&crate::leads::Scoring>) {
        let Some(scoring) = scoring else { return };
        self.leaves.iter_mut().for_each(|leaf| leaf.wants.with_rules(Some(&scoring.wants)));
        let thresholds = crate::leads::thresholds(&scoring.rules).into_iter().map(crate::leads::leaf_of);
        let place = |wanted: Condition| self.leaves.iter().position(|leaf| leaf.condition == wanted);
        let watch: Vec<Option<usize>> = thresholds.map(place).collect();
        self.unused.retain(|no| !watch.iter().flatten().any(|at| self.leaves[*at].no == *no));
        self.watch = crate::leads::Watch(watch);
    }

    /// Whether one of these leaves tells how people score.
    pub(crate) fn tells_of_leads(&self, places: &[usize]) -> bool {
        self.watch.0.iter().flatten().any(|at| places.contains(at))
    }

    pub fn segment(&self, id: &str) -> Option<&Followed> {
        self.by_id.get(id).map(|at| &self.segments[*at])
    }

    /// What the leaves want of the past that what happened may turn.
    pub fn wants_of(&self, touch: &Touch) -> Wants {
        let mut wants = Wants::default();
        self.touched(touch).into_iter().for_each(|at| wants.merge(&self.leaves[at].wants));
        wants
    }

    /// Positions of the leaves that what happened may turn, each once, in order.
    pub fn touched(&self, touch: &Touch) -> Vec<usize> {
        let named = |leaf: &Leaf| {
            touch.events.iter().any(|name| leaf.wants.events.contains_key(name))
                || (leaf.any_event && !touch.events.is_empty())
        };
        let turned = |leaf: &Leaf| {
            touch.all
                || (touch.profile && leaf.wants.profile)
                || (touch.orders && leaf.wants.orders)
                || (touch.messages && leaf.wants.messages)
                || (touch.runs && leaf.wants.runs)
                || (touch.time && leaf.wants.time)
                || named(leaf)
        };
        self.leaves.iter().enumerate().filter(|(_, leaf)| turned(leaf)).map(|(at, _)| at).collect()
    }
}
