//! Whose turn it is: what the caps count of the messages that went to a person and to an address, and which of those
//! that wait are more important.

use crate::dispatch::DueMessage;
use domain::consent::{Channel, Purpose};
use domain::gate::{Priority, Sent};
use domain::profile::Profile;
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeSet;
use store::access::Workspace;
use store::limits::SentRow;
use store::messages::MessageRow;
use store::{ReadTx, StoreError};

type Person = (WorkspaceId, ProfileNo);
type Place = (WorkspaceId, Channel, String);
/// A message by its number, as the gate counts it.
type Numbered = (i64, Sent);

/// The order of messages that compete for the room under a cap: the least goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Rank {
    priority: Priority,
    decided_at: Timestamp,
    message_no: i64,
}

impl Rank {
    pub(crate) fn of(message: &MessageRow, context: &Value) -> Rank {
        Rank {
            priority: priority_of(context),
            decided_at: message.decided_at,
            message_no: message.message_no,
        }
    }
}

/// What the context of a message says of its importance.
fn priority_of(context: &Value) -> Priority {
    let told = context["priority"].as_u64().and_then(|told| u8::try_from(told).ok());
    told.and_then(Priority::new).unwrap_or_default()
}

/// What the context of a message says of its topic.
pub(crate) fn topic_of(context: &Value) -> Option<&str> {
    let told = context["topic"].as_str().or_else(|| context["campaign"]["topic"].as_str());
    told.filter(|topic| !topic.is_empty())
}

/// Writes into the context of a message what [`Rank::of`] and [`topic_of`] read.
pub(crate) fn put_turn(context: &mut Value, priority: Priority, topic: &str) {
    if priority != Priority::NORMAL {
        context["priority"] = serde_json::json!(priority.get());
    }
    if !topic.is_empty() {
        context["topic"] = serde_json::json!(topic);
    }
}

fn numbered(rows: Vec<SentRow>) -> Vec<Numbered> {
    let read = |row: SentRow| {
        let sent =
            Sent { channel: row.channel.parse().ok()?, purpose: row.purpose.parse().ok()?, at: row.at };
        Some((row.message_no, sent))
    };
    rows.into_iter().filter_map(read).collect()
}

/// How far back it matters what a person got, in milliseconds: to the shop's caps, and to their own.
pub(crate) fn reach_ms(workspace: &Workspace, profile: &Profile) -> i64 {
    let own_ms = profile.wishes.often().hours().map_or(0, |hours| i64::from(hours) * HOUR_MS);
    workspace.settings.policy.longest_cap_ms().max(own_ms)
}

/// Rows of the store as the gate counts them.
pub(crate) fn sent_of(rows: Vec<SentRow>) -> Vec<Sent> {
    numbered(rows).into_iter().map(|(_, sent)| sent).collect()
}

struct Waiting {
    rank: Rank,
    channel: Channel,
    purpose: Purpose,
}

/// What was read for a batch of messages that are due, and what the batch itself adds.
#[derive(Default)]
pub(crate) struct Turns {
    by_person: FxHashMap<Person, Vec<Numbered>>,
    by_address: FxHashMap<Place, Vec<Numbered>>,
    waiting: FxHashMap<Person, Vec<Waiting>>,
    /// Of the batch, which is decided in the order of ranks: what it sends is counted, so it waits for nobody.
    batch: BTreeSet<i64>,
}

fn is_counted(message: &MessageRow) -> bool {
    message.purpose != Purpose::Transactional.as_str() && !matches!(message.origin.as_str(), "staff" | "test")
}

impl Turns {
    /// `reach_ms`: how far back the caps of a workspace look.
    pub(crate) fn read(
        tx: &mut ReadTx<'_>,
        due: &[DueMessage],
        channel: Channel,
        profiles: &FxHashMap<Person, Profile>,
        now: Timestamp,
        reach_ms: impl Fn(WorkspaceId) -> i64,
    ) -> Result<Turns, StoreError> {
        let mut turns =
            Turns { batch: due.iter().map(|one| one.row.message_no).collect(), ..Turns::default() };
        let counted: Vec<&DueMessage> = due.iter().filter(|one| is_counted(&one.row)).collect();
        let since = |person: &Person| {
            let own = profiles.get(person).and_then(|profile| profile.wishes.often().hours());
            let own_ms = own.map_or(0, |hours| i64::from(hours) * HOUR_MS);
            now.plus_ms(-reach_ms(person.0).max(own_ms))
        };
        let people: BTreeSet<Person> =
            counted.iter().map(|one| (one.row.workspace, one.row.profile)).collect();
        let people: Vec<Person> = people.into_iter().collect();
        let asked: Vec<_> = people.iter().map(|person| (person.0, person.1, since(person))).collect();
        for (person, rows) in people.iter().zip(tx.recent_marketing(&asked)?) {
            turns.by_person.insert(*person, numbered(rows));
        }
        let places: FxHashMap<Place, Timestamp> = counted
            .iter()
            .filter_map(|one| {
                let person = (one.row.workspace, one.row.profile);
                Some(((one.row.workspace, channel, one.address.clone()?), since(&person)))
            })
            .collect();
        let places: Vec<(Place, Timestamp)> = places.into_iter().collect();
        let asked: Vec<_> = places
            .iter()
            .map(|((workspace, _, address), since)| (*workspace, channel.as_str(), address.as_str(), *since))
            .collect();
        let found = tx.recent_marketing_to(&asked)?;
        for ((place, _), rows) in places.into_iter().zip(found) {
            turns.by_address.insert(place, numbered(rows));
        }
        for (person, rows) in people.iter().zip(tx.waiting_marketing(&people, now)?) {
            let others = rows.into_iter().filter_map(|row| {
                let context: Value = serde_json::from_str(&row.context).unwrap_or_default();
                let rank = Rank {
                    priority: priority_of(&context),
                    decided_at: row.decided_at,
                    message_no: row.message_no,
                };
                Some(Waiting { rank, channel: row.channel.parse().ok()?, purpose: row.purpose.parse().ok()? })
            });
            turns.waiting.insert(*person, others.collect());
        }
        Ok(turns)
    }

    /// What went to the person or to the address, each message once.
    pub(crate) fn recent(&self, message: &MessageRow, channel: Channel, address: Option<&str>) -> Vec<Sent> {
        let person = self.by_person.get(&(message.workspace, message.profile)).map_or(&[][..], Vec::as_slice);
        let place = address.and_then(|to| self.by_address.get(&(message.workspace, channel, to.to_owned())));
        let known: BTreeSet<i64> = person.iter().map(|(no, _)| *no).collect();
        let others = place.into_iter().flatten().filter(|(no, _)| !known.contains(no));
        person.iter().chain(others).map(|(_, sent)| *sent).collect()
    }

    /// More important messages to the same person that are due and not of this batch. `reaches`: whether a channel
    /// can be sent by at all.
    pub(crate) fn ahead(
        &self,
        message: &MessageRow,
        rank: Rank,
        now: Timestamp,
        reaches: impl Fn(Channel) -> bool,
    ) -> Vec<Sent> {
        let waiting = self.waiting.get(&(message.workspace, message.profile));
        let ahead = waiting.into_iter().flatten().filter(|other| {
            other.rank < rank && !self.batch.contains(&other.rank.message_no) && reaches(other.channel)
        });
        ahead.map(|other| Sent { channel: other.channel, purpose: other.purpose, at: now }).collect()
    }

    /// The message goes out now.
    pub(crate) fn goes(
        &mut self,
        message: &MessageRow,
        channel: Channel,
        purpose: Purpose,
        to: &str,
        now: Timestamp,
    ) {
        if purpose == Purpose::Transactional || !is_counted(message) {
            return;
        }
        let sent = (message.message_no, Sent { channel, purpose, at: now });
        self.by_person.entry((message.workspace, message.profile)).or_default().push(sent);
        self.by_address.entry((message.workspace, channel, to.to_owned())).or_default().push(sent);
    }
}
