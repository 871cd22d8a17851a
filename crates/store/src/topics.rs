//! What changed, by workspace and topic: counters that grow with every changeset that was stored. They say that
//! somebody who looks at a list should read it again, never what changed, and cost a look into a vector a write.
//!
//! On SQLite one process writes nearly all, and its memory is enough. On PostgreSQL several processes share a table
//! of counters, which each brings up to date at most once a second, see [`Store::spread_topics`].

use crate::backend::Write;
use crate::{Store, StoreError, Val, q, vals};
use kit::WorkspaceId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

macro_rules! topics {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// What a change is about.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Topic { $($name),+ }

        impl Topic {
            pub const ALL: &'static [Topic] = &[$(Topic::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Topic::$name => $text),+ }
            }
        }
    };
}

topics! {
    People = "people",
    Events = "events",
    Messages = "messages",
    Journeys = "journeys",
    Segments = "segments",
    Campaigns = "campaigns",
    Templates = "templates",
    Jobs = "jobs",
    Settings = "settings",
}

const TOPICS: usize = Topic::ALL.len();

/// One counter for each topic, in the order of [`Topic::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TopicCounts([i64; TOPICS]);

impl TopicCounts {
    pub fn of(&self, topic: Topic) -> i64 {
        self.0[topic as usize]
    }

    /// The topics of which there is news since an earlier reading.
    pub fn changed_since(&self, earlier: &TopicCounts) -> Vec<Topic> {
        Topic::ALL.iter().copied().filter(|topic| self.of(*topic) != earlier.of(*topic)).collect()
    }
}

/// Writes by name, their topic, and which parameter is the workspace, from 0.
const WRITES: &[(&str, Topic, usize)] = &[
    ("profile_insert", Topic::People, 0),
    ("profile_update", Topic::People, 0),
    ("profile_delete", Topic::People, 0),
    ("consent_insert", Topic::People, 1),
    ("suppression_set", Topic::People, 0),
    ("suppression_delete", Topic::People, 0),
    ("request_insert", Topic::People, 0),
    ("request_update", Topic::People, 0),
    ("event_insert", Topic::Events, 1),
    ("order_set", Topic::Events, 0),
    ("rejection_insert", Topic::Events, 1),
    ("message_insert", Topic::Messages, 1),
    ("message_cancel_run", Topic::Messages, 0),
    // Every turn of a message is logged.
    ("message_log_insert", Topic::Messages, 0),
    ("response_add", Topic::Messages, 0),
    ("campaign_hold", Topic::Messages, 0),
    ("campaign_release", Topic::Messages, 0),
    ("campaign_cancel", Topic::Messages, 0),
    ("journey_insert", Topic::Journeys, 0),
    ("journey_update", Topic::Journeys, 0),
    ("run_insert", Topic::Journeys, 0),
    ("run_update", Topic::Journeys, 0),
    ("count_add", Topic::Journeys, 0),
    ("segment_insert", Topic::Segments, 0),
    ("segment_update", Topic::Segments, 0),
    ("segment_computed", Topic::Segments, 0),
    ("members_set", Topic::Segments, 0),
    ("transition_insert", Topic::Segments, 1),
    ("list_insert", Topic::Segments, 0),
    ("list_update", Topic::Segments, 0),
    ("list_delete", Topic::Segments, 0),
    ("campaign_insert", Topic::Campaigns, 0),
    ("campaign_update", Topic::Campaigns, 0),
    ("campaign_delete", Topic::Campaigns, 0),
    ("campaign_run_update", Topic::Campaigns, 0),
    ("template_insert", Topic::Templates, 0),
    ("template_update", Topic::Templates, 0),
    ("job_insert", Topic::Jobs, 0),
    ("job_update", Topic::Jobs, 0),
    ("job_delete", Topic::Jobs, 0),
    ("workspace_update", Topic::Settings, 0),
    ("channel_set", Topic::Settings, 0),
    ("setup_set", Topic::Settings, 0),
    ("key_insert", Topic::Settings, 1),
    ("member_insert", Topic::Settings, 0),
    ("member_role", Topic::Settings, 0),
    ("member_delete", Topic::Settings, 0),
];

#[derive(Debug, Default)]
struct Counted {
    counts: BTreeMap<i64, TopicCounts>,
    /// What other processes were not told yet.
    untold: BTreeSet<(i64, Topic)>,
}

/// The counters of one process.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    /// By the index of a statement.
    by_stmt: Vec<Option<(Topic, usize)>>,
    counted: Mutex<Counted>,
}

impl Topics {
    /// `names` in the order of their statements.
    pub(crate) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Topics {
        let topic = |name: &str| WRITES.iter().find(|(known, ..)| *known == name).map(|(_, t, at)| (*t, *at));
        Topics { by_stmt: names.map(topic).collect(), counted: Mutex::default() }
    }

    fn of(&self, write: &Write) -> Option<(i64, Topic)> {
        let (topic, at) = (*self.by_stmt.get(write.stmt.index())?)?;
        match write.params.get(at) {
            Some(Val::Int(workspace)) => Some((*workspace, topic)),
            _ => None,
        }
    }

    /// Counts a changeset that was stored, once a topic.
    pub(crate) fn count(&self, writes: &[Write]) {
        let mut news: Vec<(i64, Topic)> = Vec::new();
        for one in writes.iter().filter_map(|write| self.of(write)) {
            if !news.contains(&one) {
                news.push(one);
            }
        }
        if news.is_empty() {
            return;
        }
        let mut counted = self.lock();
        for (workspace, topic) in news {
            counted.counts.entry(workspace).or_default().0[topic as usize] += 1;
            counted.untold.insert((workspace, topic));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// How often each topic of a workspace changed. Only differences between two readings mean something.
    pub fn topics(&self, workspace: WorkspaceId) -> Result<TopicCounts, StoreError> {
        match self {
            Store::Sqlite(store) => {
                Ok(store.topics().lock().counts.get(&workspace.0).copied().unwrap_or_default())
            }
            Store::Postgres(_) => {
                let mut counts = TopicCounts::default();
                for row in self.query(q::TOPIC_COUNTS, &vals![workspace])? {
                    let name = row.text(0)?;
                    if let Some(topic) = Topic::ALL.iter().find(|topic| topic.as_str() == name) {
                        counts.0[*topic as usize] = row.int(1)?;
                    }
                }
                Ok(counts)
            }
        }
    }

    /// Tells other processes what changed here since the last call. Once a second is often enough; SQLite needs
    /// none of it.
    pub fn spread_topics(&self) -> Result<(), StoreError> {
        let Store::Postgres(store) = self else { return Ok(()) };
        let untold = std::mem::take(&mut store.topics().lock().untold);
        if untold.is_empty() {
            return Ok(());
        }
        // In the order of their key, so that two processes never wait for each other.
        let mut told: Vec<(i64, &str)> =
            untold.iter().map(|(workspace, topic)| (*workspace, topic.as_str())).collect();
        told.sort_unstable();
        let bump =
            |(workspace, topic): (i64, &str)| Write::new(q::TOPIC_BUMP, vals![workspace, topic.to_owned()]);
        let stored = self.commit(told.into_iter().map(bump).collect());
        if stored.is_err() {
            store.topics().lock().untold.extend(untold);
        }
        stored.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CATALOG, Stmt};

    #[test]
    fn the_table_names_writes_and_their_workspace() {
        for (name, _, at) in WRITES {
            let head = format!("-- name: {name}\n");
            let found = CATALOG.queries.files.iter().find_map(|(_, text)| text.split_once(&head));
            let (_, rest) = found.unwrap_or_else(|| panic!("no query {name}"));
            let text = rest.split("-- name:").next().unwrap_or_default();
            let mark = format!("${}", at + 1);
            let is_condition = text.contains(&format!("workspace_id = {mark}"));
            let is_inserted = text.split_once('(').is_some_and(|(_, columns)| {
                columns.split(',').position(|column| column.trim() == "workspace_id") == Some(*at)
            });
            assert!(is_condition || is_inserted, "{name}: {mark} is no workspace");
        }
    }

    #[test]
    fn a_changeset_counts_once_a_topic_and_others_do_not_hear_of_it() {
        let topics = Topics::new(["other", "profile_insert", "event_insert"].into_iter());
        let write = |at: u16, params: Vec<Val<'static>>| Write::new(Stmt::at(at), params);
        let person = || write(1, vals![7_i64, 1_i64].to_vec());
        let event = write(2, vals![99_i64, 7_i64].to_vec());
        topics.count(&[person(), write(0, vec![]), person(), event]);
        let counts = topics.lock().counts.get(&7).copied().unwrap_or_default();
        assert_eq!(counts.changed_since(&TopicCounts::default()), [Topic::People, Topic::Events]);
        assert_eq!((counts.of(Topic::People), counts.of(Topic::Events)), (1, 1));
        assert!(!topics.lock().counts.contains_key(&99));
    }
}
