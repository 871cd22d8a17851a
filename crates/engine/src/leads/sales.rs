//! Leads change hands: the score passes what the shop set for it, staff say how it stands, an order comes.

use super::facts::{Scored, standing_at};
use crate::EngineError;
use crate::facts::{ProfileFacts, zone_of};
use crate::note::Note;
use crate::world::{ProfileKey, World};
use domain::condition::Wants;
use domain::consent::{Channel, Purpose};
use domain::lead::{EVENT_GRADE, EVENT_HANDED, EVENT_STATUS, Handover, LeadState, Status};
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use std::sync::Arc;
use store::Changeset;
use store::leads::{LeadRow, NO_SCORE};

/// Longest note on a lead, in characters.
pub const NOTE_CHARS_MAX: usize = 4_000;
/// People whom one batch hands over where somebody asked for all who wait.
const SLICE: i64 = 100;
/// A note on a lead, in the person's history.
pub const EVENT_NOTE: &str = "Lead Note Added";

/// What staff say of a lead.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Told {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// `Some("")`: nobody from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The account or the key that says so.
    pub by: String,
}

impl World<'_> {
    /// Which of the watched scores somebody has reached, as the leaves hold at this point of the batch.
    pub(crate) fn lead_reached(&self, key: ProfileKey) -> Vec<bool> {
        let Some(shop) = self.directory.workspaces.get(&key.0) else { return Vec::new() };
        let plan = &shop.segments;
        let holds =
            |at: &Option<usize>| at.is_some_and(|at| self.leaf_holds(key.0, plan.leaves[at].no, key.1));
        plan.watch.0.iter().map(holds).collect()
    }

    /// Leaves of scores turned. `quiet`: by history or by new rules, and nobody is told.
    pub(crate) fn lead_turned(
        &mut self,
        key: ProfileKey,
        before: &[bool],
        after: &[bool],
        quiet: bool,
    ) -> Result<(), EngineError> {
        let insight = Arc::clone(&self.shop(key.0)?.insight);
        let Some(scoring) = &insight.lead_rules else { return Ok(()) };
        let rules = &scoring.rules;
        let grades = rules.grades.len();
        if before.len() != after.len() || after.len() != super::thresholds(rules).len() {
            return Ok(());
        }
        let (reached, rearm) = (after.get(grades).copied(), after.get(grades + 1).copied());
        if rearm == Some(false)
            && let Some(person) = self.people.get_mut(&key)
            && let Some(lead) = person.profile.lead.as_mut().filter(|lead| !lead.is_armed)
        {
            lead.is_armed = true;
            person.dirty = true;
        }
        // A pass over everybody that is not quiet (a newer model) does not have the person at hand.
        if quiet || self.current(key)?.is_none() {
            return Ok(());
        }
        let at = self.done_at(self.at);
        let place = |held: &[bool]| held[..grades].iter().position(|has| *has);
        let (was, is) = (place(before), place(after));
        let scored = if was != is || (before.get(grades) == Some(&false) && reached == Some(true)) {
            self.scored(key, &scoring.wants, at)?
        } else {
            None
        };
        if was != is {
            let name = |at: Option<usize>| at.map(|at| rules.grades[at].name.as_str());
            let between = |from: &[bool], to: &[bool]| -> Vec<&str> {
                let turned = from[..grades].iter().zip(&to[..grades]).zip(&rules.grades);
                turned.filter(|((was, is), _)| !**was && **is).map(|(_, grade)| grade.name.as_str()).collect()
            };
            let rose = is.map_or(usize::MAX, |at| at) < was.map_or(usize::MAX, |at| at);
            let properties = json!({
                "grade": name(is),
                "from": name(was),
                "direction": if rose { "up" } else { "down" },
                "reached": between(before, after),
                "lost": between(after, before),
                "score": scored.as_ref().map(|scored| scored.score),
            });
            let id = self.person_id(key);
            let message_id = format!("lead-grade-{id}-{}-{}", at.ms(), name(is).unwrap_or_default());
            self.happen(key, EVENT_GRADE, &message_id, properties, at)?;
        }
        if let (Some(handover), Some(false), Some(true)) = (&rules.handover, before.get(grades), reached) {
            self.hand_lead_over(key, handover, scored, at)?;
        }
        Ok(())
    }

    fn person_id(&self, key: ProfileKey) -> String {
        self.people.get(&key).map(|person| person.profile.id.to_string()).unwrap_or_default()
    }

    fn scored(
        &mut self,
        key: ProfileKey,
        wants: &Wants,
        at: Timestamp,
    ) -> Result<Option<Scored>, EngineError> {
        let past = self.past(key, wants)?;
        let shop = self.shop(key.0)?;
        let Some(person) = self.people.get(&key) else { return Ok(None) };
        let zone = zone_of(&person.profile, &shop.zone);
        let facts = ProfileFacts {
            profile: &person.profile,
            zone: &zone,
            now: at,
            currency: shop.currency,
            past: &past,
            insight: &shop.insight,
            segments: None,
        };
        Ok(standing_at(&facts, self.at))
    }

    /// The score has reached what hands a lead over. It does once, and again only after it fell low enough and as long
    /// ago as the shop says; never while sales still have the lead, nor one whom they called none.
    fn hand_lead_over(
        &mut self,
        key: ProfileKey,
        handover: &Handover,
        scored: Option<Scored>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let held = person.profile.lead.clone();
        if let Some(lead) = &held {
            if lead.status == Status::Disqualified {
                return Ok(());
            }
            if let Some(last) = lead.handed_at {
                let waited = handover
                    .again_after_days
                    .is_some_and(|days| at.since_ms(last.0) >= i64::from(days) * DAY_MS);
                if !lead.is_armed || !waited || lead.status.is_open() {
                    return Ok(());
                }
            }
        }
        let assignee = match held.as_ref().and_then(|lead| lead.assignee.clone()) {
            // Whoever knows the person keeps them.
            Some(who) if handover.assignees.contains(&who) || handover.assignees.is_empty() => Some(who),
            _ => self.next_in_turn(key.0, &handover.assignees)?,
        };
        let mut lead = held.unwrap_or_else(|| LeadState::new(at.into()));
        lead.handed_at = Some(at.into());
        lead.handovers = lead.handovers.saturating_add(1);
        lead.is_armed = false;
        (lead.status, lead.status_at) =
            (if assignee.is_some() { Status::Assigned } else { Status::New }, at.into());
        if lead.assignee != assignee {
            (lead.assignee, lead.assigned_at) = (assignee.clone(), at.into());
        }
        let number = lead.handovers;
        if let Some(who) = &assignee {
            self.lead_turns.insert((key.0, who.clone()), at);
        }
        self.put_lead(key, lead);
        let grade = scored.as_ref().and_then(|scored| scored.grade.clone());
        let properties = json!({
            "score": scored.as_ref().map(|scored| scored.score),
            "grade": grade,
            "assignee": assignee,
            "number": number,
            "threshold": handover.from,
        });
        let name = format!("lead-handed-{}-{number}", self.person_id(key));
        self.happen(key, EVENT_HANDED, &name, properties.clone(), at)?;
        if let (Some(who), true) = (&assignee, handover.notify) {
            self.tell_sales(key, who, &name, properties, at)?;
        }
        Ok(())
    }

    /// Somebody of the shop wants those handed over who are above the threshold by rules of this version and were never
    /// handed over, because no crossing was told of them. From behind a number on.
    pub(crate) fn hand_over_waiting(
        &mut self,
        workspace: WorkspaceId,
        version: i64,
        after: ProfileNo,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let insight = Arc::clone(&self.shop(workspace)?.insight);
        let Some(scoring) = &insight.lead_rules else { return Ok(()) };
        let Some(handover) = &scoring.rules.handover else { return Ok(()) };
        let store = self.store;
        let (rules, people) = store.read(|tx| {
            let rules = tx.last_model(workspace, super::RULES)?;
            Ok((rules, tx.leads_waiting(workspace, handover.from, after, SLICE)?))
        })?;
        // Whoever changed the rules since did not ask for this.
        if rules.is_none_or(|(held, _)| held != version) {
            return Ok(());
        }
        let at = self.done_at(at);
        for no in &people {
            let Some(key) = self.current((workspace, *no))? else { continue };
            let held = self.people.get(&key).and_then(|person| person.profile.lead.as_ref());
            if held.is_some_and(|lead| lead.handed_at.is_some() || lead.status != Status::New) {
                continue;
            }
            let scored = self.scored(key, &scoring.wants, at)?;
            if scored.as_ref().is_some_and(|scored| scored.score >= handover.from) {
                self.hand_lead_over(key, handover, scored, at)?;
            }
        }
        if let (true, Some(last)) = (people.len() as i64 == SLICE, people.last()) {
            let note = Note::HandOver { version, after: last.0, at: at.into() };
            self.append(note.arrival(workspace, at));
        }
        Ok(())
    }

    /// Whose turn it is: who was handed a lead the longest ago, in the order of the list among those who never were.
    fn next_in_turn(
        &mut self,
        workspace: WorkspaceId,
        among: &[String],
    ) -> Result<Option<String>, EngineError> {
        let store = self.store;
        let mut first: Option<(Timestamp, &String)> = None;
        for who in among {
            let stored = store.read(|tx| tx.lead_turn(workspace, who))?;
            let here = self.lead_turns.get(&(workspace, who.clone())).copied();
            let last = here.map_or(stored, |here| here.max(stored));
            if first.is_none_or(|(held, _)| last < held) {
                first = Some((last, who));
            }
        }
        Ok(first.map(|(_, who)| who.clone()))
    }

    /// Queues a notice to whoever has the lead from now on.
    fn tell_sales(
        &mut self,
        key: ProfileKey,
        who: &str,
        name: &str,
        properties: Value,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let message_key = format!("{name}-notice");
        let workspace = key.0;
        let taken = store.read(|tx| tx.message_key_is_taken(workspace, &message_key))?;
        if taken || self.messages.iter().any(|held| held.workspace == workspace && held.key == message_key) {
            return Ok(());
        }
        let (subject, text) = match self.shop(workspace)?.workspace.settings.language.as_str() {
            "en" => (
                "A lead for you: {{ customer.name | default: customer.email | default: customer.phone }}",
                "Score {{ event.score }}{% if event.grade %}, grade {{ event.grade }}{% endif %}.\n\
                 Name: {{ customer.name | default: \"-\" }}\n\
                 Phone: {{ customer.phone | default: \"-\" }}\nE-mail: {{ customer.email | default: \"-\" }}\n",
            ),
            _ => (
                "Khách tiềm năng mới cho bạn: {{ customer.name | default: customer.email | default: customer.phone }}",
                "Điểm {{ event.score }}{% if event.grade %}, hạng {{ event.grade }}{% endif %}.\n\
                 Tên: {{ customer.name | default: \"-\" }}\n\
                 Điện thoại: {{ customer.phone | default: \"-\" }}\nEmail: {{ customer.email | default: \"-\" }}\n",
            ),
        };
        let is_contact = domain::journey::is_staff_contact(who);
        let mut message = self.new_message(key, &message_key, at);
        message.channel = if is_contact { Channel::Webhook } else { Channel::Email }.to_string();
        message.purpose = Purpose::Transactional.to_string();
        message.origin = "staff".into();
        message.address = Some(who.to_owned());
        let event = json!({ "name": EVENT_HANDED, "at": at.ms(), "properties": properties });
        message.context =
            json!({ "event": event, "staff": { "subject": subject, "message": text } }).to_string();
        self.messages.push(message);
        Ok(())
    }

    fn put_lead(&mut self, key: ProfileKey, lead: LeadState) {
        if let Some(person) = self.people.get_mut(&key) {
            person.profile.lead = Some(lead);
            person.dirty = true;
            self.lead_rows.insert(key);
            self.profile_changed(key);
            // They are listed from now on, whatever their score is.
            let quiet = self.quiet;
            self.touch(key, quiet, |touch| touch.all = true);
        }
    }

    /// Staff say how it stands with a lead. `call_id` names the saying: it counts once.
    pub(crate) fn lead_told(
        &mut self,
        workspace: WorkspaceId,
        profile_id: &str,
        call_id: &str,
        told: Told,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(key) = self.by_id(workspace, profile_id)? else { return Ok(()) };
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let before = person.profile.lead.clone();
        let mut lead = before.clone().unwrap_or_else(|| LeadState::new(at.into()));
        if let Some(who) = told.assignee {
            let who = Some(who).filter(|who| !who.is_empty());
            if lead.assignee != who {
                (lead.assignee, lead.assigned_at) = (who, at.into());
                // Somebody has it now, or nobody any more.
                let moved = match (lead.status, lead.assignee.is_some()) {
                    (Status::New, true) => Some(Status::Assigned),
                    (Status::Assigned, false) => Some(Status::New),
                    _ => None,
                };
                if let (Some(status), None) = (moved, told.status) {
                    (lead.status, lead.status_at) = (status, at.into());
                }
            }
        }
        if let Some(status) = told.status.filter(|status| *status != lead.status) {
            (lead.status, lead.status_at) = (status, at.into());
        }
        let is_other = before.as_ref() != Some(&lead);
        if is_other && (told.status.is_some() || before.is_some() || lead.assignee.is_some()) {
            self.put_lead(key, lead.clone());
            let properties = turn_of(before.as_ref(), &lead, &told.by);
            self.happen(key, EVENT_STATUS, &format!("lead-status-{call_id}"), properties, at)?;
        }
        if let Some(note) = told.note {
            let properties = json!({ "note": note, "by": told.by });
            self.happen(key, EVENT_NOTE, &format!("lead-note-{call_id}"), properties, at)?;
        }
        Ok(())
    }

    /// Somebody ordered. A lead that sales still had is won by it, told or not: history wins leads too.
    pub(crate) fn lead_ordered(&mut self, key: ProfileKey) -> Result<(), EngineError> {
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let totals = &person.profile.totals;
        let Some(lead) = person.profile.lead.as_ref().filter(|lead| lead.status.is_open()) else {
            return Ok(());
        };
        let since = lead.assigned_at.min(lead.status_at);
        let Some(last) = totals.last_at.filter(|last| totals.orders > 0 && *last >= since) else {
            return Ok(());
        };
        let before = lead.clone();
        let mut lead = before.clone();
        (lead.status, lead.status_at) = (Status::Won, last.max(before.status_at));
        let at = self.done_at(self.at);
        self.put_lead(key, lead.clone());
        if self.quiet {
            return Ok(());
        }
        let properties = turn_of(Some(&before), &lead, "order");
        let message_id = format!("lead-won-{}-{}", self.person_id(key), last.0.ms());
        self.happen(key, EVENT_STATUS, &message_id, properties, at)
    }

    /// Writes down how those whom this batch moved stand.
    pub(crate) fn finish_leads(&mut self, changes: &mut Changeset) {
        let moved = std::mem::take(&mut self.lead_rows);
        for key in moved {
            if !self.is_kept(key) {
                continue;
            }
            let Some(person) = self.people.get(&key) else { continue };
            let Some(lead) = &person.profile.lead else { continue };
            let row = LeadRow {
                profile: key.1,
                status: lead.status.to_string(),
                status_at: lead.status_at.0,
                assignee: lead.assignee.clone().unwrap_or_default(),
                handed_at: lead.handed_at.map_or(Timestamp::from_ms(0), |at| at.0),
                score: NO_SCORE,
            };
            changes.set_lead(key.0, row);
        }
    }
}

fn turn_of(before: Option<&LeadState>, after: &LeadState, by: &str) -> Value {
    json!({
        "status": after.status,
        "from": before.map(|lead| lead.status),
        "assignee": after.assignee,
        "assignee_before": before.and_then(|lead| lead.assignee.as_deref()),
        "by": by,
    })
}
