//! Who is in which live segment: the leaves that definitions share, the profiles for which they hold, who entered
//! and left, and the past of people as conditions ask for it.

use crate::changeset::unreadable;
use crate::people::StoredProfile;
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::commerce::Order;
use domain::condition::PastMessage;
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// A leaf of definitions and how far it is computed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConditionRow {
    pub workspace: WorkspaceId,
    pub condition_no: i64,
    /// Canonical JSON.
    pub leaf: String,
    /// False while not every profile is computed.
    pub live: bool,
    /// Profiles up to this number are computed.
    pub scanned_to: i64,
}

/// A segment that is not archived, as the engine follows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FollowedSegment {
    pub workspace: WorkspaceId,
    pub segment_id: String,
    /// `computing` or `live`.
    pub state: String,
    pub version: i64,
    pub definition: String,
    /// The version in force and its definition; `None` while none was computed.
    pub in_force: Option<(i64, String)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransitionRow {
    pub transition_no: i64,
    pub segment_id: String,
    pub profile: ProfileNo,
    pub at: Timestamp,
    /// False: left.
    pub entered: bool,
}

/// An event without its body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventMark {
    pub profile: ProfileNo,
    pub at: Timestamp,
    pub name_no: i64,
    pub event_no: i64,
}

/// An event of a name that the asker knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventBody {
    pub profile: ProfileNo,
    pub at: Timestamp,
    pub event_no: i64,
    pub body: String,
}

/// A run in brief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunMark {
    pub run_id: String,
    pub journey_id: String,
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Changeset {
    /// A leaf that nobody is known to satisfy yet. Its number is the next after [`ReadTx::last_condition_no`]; when
    /// somebody else was faster, the changeset is a duplicate.
    pub fn insert_condition(
        &mut self,
        workspace: WorkspaceId,
        condition_no: i64,
        leaf_hash: [u8; 32],
        leaf: String,
        now: Timestamp,
    ) {
        self.one(q::CONDITION_INSERT, vals![workspace, condition_no, leaf_hash.to_vec(), leaf, now]);
    }

    /// Nothing happens when the leaf was deleted meanwhile.
    pub fn set_condition_scanned(
        &mut self,
        workspace: WorkspaceId,
        condition_no: i64,
        scanned_to: i64,
        live: bool,
    ) {
        let state = if live { "live" } else { "pending" };
        self.any(q::CONDITION_SCANNED, vals![workspace, condition_no, scanned_to, state]);
    }

    /// Takes a leaf away with its members.
    pub fn delete_condition(&mut self, workspace: WorkspaceId, condition_no: i64) {
        self.any(q::MEMBERS_DELETE, vals![workspace, condition_no]);
        self.any(q::CONDITION_DELETE, vals![workspace, condition_no]);
    }

    /// Stores the members of one leaf among 65,536 profile numbers, as a serialised Roaring bitmap.
    pub fn set_members(&mut self, workspace: WorkspaceId, condition_no: i64, chunk: i64, members: Vec<u8>) {
        self.one(q::MEMBERS_SET, vals![workspace, condition_no, chunk, members]);
    }

    /// A version of a segment is computed and from now on in force. Nothing happens when it was edited meanwhile.
    pub fn segment_computed(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        version: i64,
        now: Timestamp,
        (members, added, removed): (i64, i64, i64),
    ) {
        self.any(q::SEGMENT_COMPUTED, vals![workspace, segment_id.to_owned(), version, now]);
        self.any(
            q::SEGMENT_VERSION_COMPUTED,
            vals![workspace, segment_id.to_owned(), version, members, added, removed],
        );
    }

    pub fn insert_transition(&mut self, workspace: WorkspaceId, row: TransitionRow) {
        self.one(
            q::TRANSITION_INSERT,
            vals![row.transition_no, workspace, row.segment_id, row.profile, row.at, row.entered],
        );
    }
}

fn read_condition(mut row: Row) -> Result<ConditionRow, StoreError> {
    Ok(ConditionRow {
        workspace: row.workspace(0)?,
        condition_no: row.int(1)?,
        leaf: row.take_text(2)?,
        live: row.text(3)? == "live",
        scanned_to: row.int(4)?,
    })
}

fn read_transition(mut row: Row) -> Result<TransitionRow, StoreError> {
    Ok(TransitionRow {
        transition_no: row.int(0)?,
        segment_id: row.take_text(1)?,
        profile: row.profile(2)?,
        at: row.at(3)?,
        entered: row.bool(4)?,
    })
}

fn read_body(mut row: Row) -> Result<EventBody, StoreError> {
    Ok(EventBody { profile: row.profile(0)?, at: row.at(1)?, event_no: row.int(2)?, body: row.take_text(3)? })
}

fn read_order(row: &Row) -> Result<(ProfileNo, Order), StoreError> {
    let order = serde_json::from_str(row.text(1)?).map_err(|error| unreadable("an order", error))?;
    Ok((row.profile(0)?, order))
}

impl ReadTx<'_> {
    /// The leaves of all workspaces.
    pub fn conditions(&mut self) -> Result<Vec<ConditionRow>, StoreError> {
        self.query(q::CONDITION_LIST, &vals![])?.into_iter().map(read_condition).collect()
    }

    pub fn conditions_of(&mut self, workspace: WorkspaceId) -> Result<Vec<ConditionRow>, StoreError> {
        self.query(q::CONDITION_OF, &vals![workspace])?.into_iter().map(read_condition).collect()
    }

    /// The number of a leaf and whether it is live.
    pub fn condition_by_leaf(
        &mut self,
        workspace: WorkspaceId,
        leaf_hash: &[u8; 32],
    ) -> Result<Option<(i64, bool)>, StoreError> {
        let row = self.query_opt(q::CONDITION_FIND, &vals![workspace, leaf_hash.as_slice()])?;
        row.map(|row| Ok((row.int(0)?, row.text(1)? == "live"))).transpose()
    }

    pub fn last_condition_no(&mut self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.query_opt(q::CONDITION_LAST, &vals![workspace])?.map_or(Ok(0), |row| row.int(0))
    }

    /// The chunks of a leaf's members in their order.
    pub fn members(
        &mut self,
        workspace: WorkspaceId,
        condition_no: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = self.query(q::MEMBERS_FIND, &vals![workspace, condition_no])?;
        rows.into_iter().map(|mut row| Ok((row.int(0)?, row.take_bytes(1)?))).collect()
    }

    /// Segments of all workspaces but the archived ones.
    pub fn followed_segments(&mut self) -> Result<Vec<FollowedSegment>, StoreError> {
        let read = |mut row: Row| {
            let live_version = row.int(5)?;
            let in_force = row.opt_text(6)?.map(|definition| (live_version, definition.to_owned()));
            Ok(FollowedSegment {
                workspace: row.workspace(0)?,
                segment_id: row.take_text(1)?,
                state: row.take_text(2)?,
                version: row.int(3)?,
                definition: row.take_text(4)?,
                in_force,
            })
        };
        self.query(q::SEGMENT_FOLLOW, &vals![])?.into_iter().map(read).collect()
    }

    pub fn last_transition_no(&mut self) -> Result<i64, StoreError> {
        self.query_opt(q::TRANSITION_LAST_NO, &vals![])?.map_or(Ok(0), |row| row.int(0))
    }

    /// Who entered and left, newest first, from below the number of the last one seen.
    pub fn transitions_of_segment(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<TransitionRow>, StoreError> {
        let rows = self.query(q::TRANSITION_OF_SEGMENT, &vals![workspace, segment_id, before, limit])?;
        rows.into_iter().map(read_transition).collect()
    }

    pub fn transitions_of_profile(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        before: i64,
        limit: i64,
    ) -> Result<Vec<TransitionRow>, StoreError> {
        let rows = self.query(q::TRANSITION_OF_PROFILE, &vals![workspace, profile, before, limit])?;
        rows.into_iter().map(read_transition).collect()
    }

    /// Profiles behind a number, in ascending order.
    pub fn profiles_after(
        &mut self,
        workspace: WorkspaceId,
        after: ProfileNo,
        limit: i64,
    ) -> Result<Vec<StoredProfile>, StoreError> {
        let rows = self.query(q::PROFILE_RANGE, &vals![workspace, after, limit])?;
        rows.into_iter().map(crate::people::read_profile).collect()
    }

    /// When the timer of this kind and subject is due for each profile.
    pub fn timers_of(
        &mut self,
        kind: &str,
        subject: &str,
        of: &[(WorkspaceId, ProfileNo)],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, kind, *no, subject]).collect();
        let found = self.query_many(q::TIMER_OF_KIND, &params)?;
        found.iter().map(|rows| rows.first().map(|row| row.at(0)).transpose()).collect()
    }

    /// The events of each profile since an instant without their bodies, oldest first.
    pub fn past_events(
        &mut self,
        of: &[(WorkspaceId, ProfileNo)],
        since: Timestamp,
    ) -> Result<Vec<Vec<EventMark>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no, since]).collect();
        let found = self.query_many(q::PAST_EVENTS, &params)?;
        let read = |row: &Row, profile| {
            Ok(EventMark { profile, at: row.at(0)?, name_no: row.int(1)?, event_no: row.int(2)? })
        };
        found.iter().zip(of).map(|(rows, (_, no))| rows.iter().map(|row| read(row, *no)).collect()).collect()
    }

    /// The events of one name of each profile since an instant, oldest first.
    pub fn past_event_bodies_of(
        &mut self,
        of: &[(WorkspaceId, ProfileNo, i64)],
        since: Timestamp,
    ) -> Result<Vec<Vec<EventBody>>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|(workspace, no, name_no)| vals![*workspace, *no, since, *name_no]).collect();
        let found = self.query_many(q::PAST_EVENT_BODIES, &params)?;
        let read = |mut row: Row, profile| {
            Ok(EventBody { profile, at: row.at(0)?, event_no: row.int(1)?, body: row.take_text(2)? })
        };
        let each = found.into_iter().zip(of);
        each.map(|(rows, (_, no, _))| rows.into_iter().map(|row| read(row, *no)).collect()).collect()
    }

    /// All orders of each profile, oldest first.
    pub fn past_orders_of(&mut self, of: &[(WorkspaceId, ProfileNo)]) -> Result<Vec<Vec<Order>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let found = self.query_many(q::PAST_ORDERS, &params)?;
        found.iter().map(|rows| rows.iter().map(|row| Ok(read_order(row)?.1)).collect()).collect()
    }

    /// [`ReadTx::past_events`] of all profiles behind the first number up to the last, in no order.
    pub fn past_events_between(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        since: Timestamp,
    ) -> Result<Vec<EventMark>, StoreError> {
        let mut marks = Vec::new();
        self.for_each(q::PAST_EVENTS_RANGE, &vals![workspace, after, to, since], &mut |row| {
            marks.push(EventMark {
                profile: row.profile(0)?,
                at: row.at(1)?,
                name_no: row.int(2)?,
                event_no: row.int(3)?,
            });
            Ok(())
        })?;
        Ok(marks)
    }

    /// [`ReadTx::past_event_bodies_of`] of all profiles behind the first number up to the last, in no order.
    pub fn past_event_bodies_between(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        since: Timestamp,
        name_no: i64,
    ) -> Result<Vec<EventBody>, StoreError> {
        let rows = self.query(q::PAST_EVENT_BODIES_RANGE, &vals![workspace, after, to, since, name_no])?;
        rows.into_iter().map(read_body).collect()
    }

    /// All orders of the profiles behind the first number up to the last, by profile and then oldest first.
    pub fn past_orders_between(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
    ) -> Result<Vec<(ProfileNo, Order)>, StoreError> {
        let rows = self.query(q::PAST_ORDERS_RANGE, &vals![workspace, after, to])?;
        rows.iter().map(read_order).collect()
    }

    /// Every message to a profile and what became of it, in the order of their deciding; trials and notices to
    /// staff left out.
    pub fn past_messages(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
    ) -> Result<Vec<PastMessage>, StoreError> {
        let read = |mut row: Row| {
            let some = |text: Option<&str>| text.map(str::to_owned);
            Ok(PastMessage {
                id: row.take_text(1)?,
                channel: row.take_text(2)?,
                purpose: row.take_text(3)?,
                template_id: some(row.opt_text(4)?),
                journey_id: some(row.opt_text(5)?),
                campaign_id: some(row.opt_text(6)?),
                state: row.take_text(7)?,
                decided_at: row.at(8)?,
                accepted_at: row.opt_at(9)?,
                opened_at: row.opt_at(10)?,
                clicked_at: row.opt_at(11)?,
                unsubscribed_at: row.opt_at(12)?,
                delivered_at: row.opt_at(13)?,
            })
        };
        self.query(q::PAST_MESSAGES, &vals![workspace, profile])?.into_iter().map(read).collect()
    }

    /// Every run of a profile, in the order of their starts.
    pub fn past_runs(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
    ) -> Result<Vec<RunMark>, StoreError> {
        let read = |mut row: Row| {
            Ok(RunMark {
                journey_id: row.take_text(0)?,
                state: row.take_text(1)?,
                started_at: row.at(2)?,
                ended_at: row.opt_at(3)?,
                run_id: row.take_text(4)?,
            })
        };
        self.query(q::PAST_RUNS, &vals![workspace, profile])?.into_iter().map(read).collect()
    }
}
