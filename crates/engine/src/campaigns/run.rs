//! The steps of a run.

use super::audience::{self, LOOK_PROFILES};
use super::{Doc, definition_of, run_key};
use crate::EngineError;
use crate::facts::zone_of;
use crate::habits::best_hours;
use crate::segments::Population;
use crate::world::World;
use domain::campaign::{Campaign, Late, Rate, local_time_of};
use domain::ways::{Plan, Way};
use jiff::civil::DateTime;
use kit::{MINUTE_MS, ProfileNo, SECOND_MS, Timestamp, WorkspaceId};
use roaring::RoaringBitmap;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::campaigns::{CampaignRow, CampaignRunRow, RunKey};
use store::messages::MessageRow;

/// People that one step decides on.
const SLICE: usize = 1_000;
/// How far ahead of their time people are decided on, so that a pause has few messages to hold.
const AHEAD_MS: i64 = MINUTE_MS;
/// While so many messages of the channel wait to be handed over, nobody more is decided on.
const BACKLOG_MAX: i64 = 4_000;
/// How soon the backlog is looked at again.
const BACKLOG_WAIT_MS: i64 = 500;
/// How soon a segment that is not computed is looked at again.
const SEGMENT_WAIT_MS: i64 = 5 * SECOND_MS;
/// How often it is looked at whether the last messages have come to an end, while one of them waits for long.
const END_WAIT_MS_MAX: i64 = 10 * MINUTE_MS;

/// Part of an audience whose instant is not known yet.
const UNPLANNED: i64 = 0;
/// Part of an audience whose instant was past when the run began.
const PAST: i64 = 1;
/// While gathering: who is on a list that is left out.
const LEFT_OUT: i64 = -1;

/// What one step works on, and writes back.
struct Step {
    workspace: WorkspaceId,
    row: CampaignRow,
    definition: Campaign,
    run: CampaignRunRow,
    doc: Doc,
}

impl Step {
    fn key(&self) -> RunKey<'_> {
        run_key(self.workspace, &self.row)
    }
}

impl World<'_> {
    /// The timer of a campaign has come.
    pub fn campaign_is_due(&mut self, workspace: WorkspaceId, campaign_id: &str) -> Result<(), EngineError> {
        let store = self.store;
        let Some(row) = store.read(|tx| tx.campaign(workspace, campaign_id))? else { return Ok(()) };
        if !matches!(row.state.as_str(), "scheduled" | "sending") {
            return Ok(());
        }
        let definition = definition_of(&row)?;
        if row.state == "scheduled" {
            return self.begin_campaign_run(workspace, row, definition);
        }
        let key = run_key(workspace, &row);
        let Some(run) = store.read(|tx| tx.campaign_run(key))? else { return Ok(()) };
        let doc = Doc::read(&run.doc)?;
        let step = Step { workspace, row, definition, run, doc };
        match step.run.state.as_str() {
            "gathering" => self.gather(step),
            "planning" => self.plan_waves(step),
            "sending" => self.send_slice(step),
            _ => Ok(()),
        }
    }

    /// Writes a step down and says when the next one is.
    fn stepped(&mut self, mut step: Step, next: Option<Timestamp>) -> Result<(), EngineError> {
        step.run.doc = serde_json::to_string(&step.doc)
            .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
        let now = self.now();
        let Step { workspace, row, run, .. } = step;
        self.campaign_changes.update_campaign_run(workspace, &row.campaign_id, run);
        self.campaign_changes.update_campaign(workspace, &row, now);
        if let Some(next) = next {
            self.wake_campaign(workspace, &row.campaign_id, next);
        }
        Ok(())
    }

    fn begin_campaign_run(
        &mut self,
        workspace: WorkspaceId,
        mut row: CampaignRow,
        definition: Campaign,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let id = row.campaign_id.clone();
        let Some(next_at) = row.next_at else { return Ok(()) };
        if next_at > now {
            self.wake_campaign(workspace, &id, next_at);
            return Ok(());
        }
        let zone = self.shop(workspace)?.zone.clone();
        let (planned, next) = definition.schedule.due(next_at, now, &zone);
        let next_at = next.map(|next| next.starts_at);
        let Some(planned) = planned else {
            // Every run that was due is too long ago.
            row.next_at = next_at;
            row.detail = "the last run was missed: nothing ran at its time".into();
            if next_at.is_none() {
                row.state = "done".into();
            }
            self.campaign_changes.update_campaign(workspace, &row, now);
            if let Some(next_at) = next_at {
                self.wake_campaign(workspace, &id, next_at);
            }
            return Ok(());
        };
        let store = self.store;
        let at_once = match store.read(|tx| audience::at_once(tx, workspace, &definition, now))? {
            Ok(at_once) => at_once,
            Err(segment) => {
                let told = format!("the segment {segment} is not computed yet, or is archived");
                if row.detail != told {
                    row.detail = told;
                    self.campaign_changes.update_campaign(workspace, &row, now);
                }
                self.wake_campaign(workspace, &id, now.plus_ms(SEGMENT_WAIT_MS));
                return Ok(());
            }
        };
        row.run_no += 1;
        row.state = "sending".into();
        row.detail.clear();
        row.next_at = next_at;
        let local = planned.local.map(|local| local.to_string());
        let mut doc = Doc { local, ..Doc::default() };
        let mut run = CampaignRunRow {
            run_no: row.run_no,
            state: "gathering".into(),
            started_at: now,
            ended_at: None,
            doc: String::new(),
        };
        let rows = if audience::asks_lists(&definition) {
            audience::rows(&at_once.named, UNPLANNED)
        } else {
            let resolved = audience::settled(at_once.named.clone(), &at_once, &Population::default());
            freeze(&mut doc, &resolved);
            let wave = begin_sending(&mut run, &mut doc, now);
            audience::rows(&resolved.members, wave)
        };
        run.doc = serde_json::to_string(&doc)
            .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
        self.campaign_changes.insert_campaign_run(workspace, &id, run);
        let key = run_key(workspace, &row);
        for one in rows {
            self.campaign_changes.set_audience(key, one);
        }
        self.campaign_changes.update_campaign(workspace, &row, now);
        self.wake_campaign(workspace, &id, now);
        Ok(())
    }

    /// Looks at the next profiles for the lists that they are on; behind the last, freezes the audience.
    fn gather(&mut self, mut step: Step) -> Result<(), EngineError> {
        let now = self.now();
        let store = self.store;
        let (workspace, after) = (step.workspace, ProfileNo(step.doc.scanned_to));
        let page = store.read(|tx| tx.profiles_after(workspace, after, LOOK_PROFILES))?;
        if let Some(last) = page.last() {
            step.doc.scanned_to = last.profile.no.0;
            let mut more: BTreeMap<(i64, i64), RoaringBitmap> = BTreeMap::new();
            for stored in &page {
                let no = stored.profile.no.0;
                let mut put = |wave| {
                    more.entry((wave, no >> 16)).or_default().insert((no & 0xffff) as u32);
                };
                if audience::is_on(&stored.profile, &step.definition.audience.lists) {
                    put(UNPLANNED);
                }
                if audience::is_on(&stored.profile, &step.definition.exclude.lists) {
                    put(LEFT_OUT);
                }
            }
            for row in store.read(|tx| audience::added(tx, step.key(), &more))? {
                self.campaign_changes.set_audience(step.key(), row);
            }
            return self.stepped(step, Some(now));
        }
        let read = store.read(|tx| {
            let named = audience::part(tx, step.key(), UNPLANNED)?;
            let on_lists = audience::part(tx, step.key(), LEFT_OUT)?;
            Ok((named, on_lists, audience::at_once(tx, workspace, &step.definition, now)?))
        })?;
        let (named, on_lists, Ok(at_once)) = read else {
            // A segment was archived meanwhile.
            return self.stepped(step, Some(now.plus_ms(SEGMENT_WAIT_MS)));
        };
        let resolved = audience::settled(named, &at_once, &on_lists);
        freeze(&mut step.doc, &resolved);
        self.campaign_changes.clear_audience(step.key());
        let wave = begin_sending(&mut step.run, &mut step.doc, now);
        for row in audience::rows(&resolved.members, wave) {
            self.campaign_changes.set_audience(step.key(), row);
        }
        self.stepped(step, Some(now))
    }

    /// Sorts the next people by the instant at which their wall clock shows the time.
    fn plan_waves(&mut self, mut step: Step) -> Result<(), EngineError> {
        let now = self.now();
        let store = self.store;
        let (shop, insight) = (self.shop(step.workspace)?.zone.clone(), self.insight(step.workspace)?);
        let (at_best_hour, channel) = (step.definition.schedule.is_at_best_hour(), step.definition.channel);
        let Some(local) = step.doc.local.as_ref().and_then(|local| local.parse::<DateTime>().ok()) else {
            return Err(EngineError::UnreadableCampaign("a run has no local time".into()));
        };
        let workspace = step.workspace;
        let (members, known, hours) = store.read(|tx| {
            let limit = LOOK_PROFILES as usize;
            let members = audience::members_after(tx, step.key(), UNPLANNED, step.doc.scanned_to, limit)?;
            let of: Vec<_> = members.iter().map(|no| (workspace, *no)).collect();
            let people = tx.profiles(&of)?;
            let hours = match at_best_hour {
                true => {
                    let profiles = people.iter().map(|(_, stored)| &stored.profile);
                    best_hours(tx, (workspace, &shop), &insight, profiles, channel, now)?
                }
                false => BTreeMap::new(),
            };
            let zones = people.iter().map(|(_, stored)| (stored.profile.no, zone_of(&stored.profile, &shop)));
            Ok((members, zones.collect::<BTreeMap<_, _>>(), hours))
        })?;
        let Some(last) = members.last() else {
            step.run.state = "sending".into();
            step.doc.after = 0;
            self.campaign_changes.clear_wave(step.key(), UNPLANNED);
            return self.stepped(step, Some(now));
        };
        step.doc.scanned_to = last.0;
        let mut more: BTreeMap<(i64, i64), RoaringBitmap> = BTreeMap::new();
        for no in &members {
            // Of somebody who is another profile by now the zone of the shop will do.
            let own = hours.get(no).map_or(local, |hour| local.date().at(*hour, 0, 0, 0));
            let due_at = local_time_of(own, known.get(no).unwrap_or(&shop));
            let wave = if due_at < step.run.started_at { PAST } else { due_at.ms() };
            more.entry((wave, no.0 >> 16)).or_default().insert((no.0 & 0xffff) as u32);
        }
        for row in store.read(|tx| audience::added(tx, step.key(), &more))? {
            self.campaign_changes.set_audience(step.key(), row);
        }
        self.stepped(step, Some(now))
    }

    /// Decides on the next people whose time has come, or is about to.
    fn send_slice(&mut self, mut step: Step) -> Result<(), EngineError> {
        let now = self.now();
        let store = self.store;
        let (workspace, id) = (step.workspace, step.row.campaign_id.clone());
        let channel = step.definition.channel;
        let (waves, backlog) = store.read(|tx| {
            Ok((tx.audience_waves(step.key())?, tx.channel_backlog(channel, now, BACKLOG_MAX)?))
        })?;
        let wave = if waves.contains(&step.doc.wave) {
            Some(step.doc.wave)
        } else {
            waves.iter().copied().find(|wave| *wave > step.doc.wave)
        };
        let Some(wave) = wave else { return self.end_run_if_over(step) };
        if wave != step.doc.wave {
            (step.doc.wave, step.doc.after) = (wave, 0);
        }
        let due_at = if wave == PAST { now } else { Timestamp::from_ms(wave) };
        if due_at.since_ms(now) > AHEAD_MS {
            self.wake_campaign(workspace, &id, due_at.plus_ms(-AHEAD_MS));
            return Ok(());
        }
        if backlog >= BACKLOG_MAX {
            self.wake_campaign(workspace, &id, now.plus_ms(BACKLOG_WAIT_MS));
            return Ok(());
        }
        let base = due_at.max(now);
        let limit = match step.definition.rate {
            None => SLICE,
            Some(rate) => {
                let line = Line::of(&step.doc, rate, base);
                let until = now.plus_ms(AHEAD_MS);
                let within =
                    (0..SLICE as i64).take_while(|more| rate.due_at(line.from, line.placed + more) <= until);
                match within.count() {
                    0 => {
                        let next = rate.due_at(line.from, line.placed).plus_ms(-AHEAD_MS / 2);
                        self.wake_campaign(workspace, &id, next.max(now.plus_ms(1)));
                        return Ok(());
                    }
                    count => count,
                }
            }
        };
        let members =
            store.read(|tx| audience::members_after(tx, step.key(), wave, step.doc.after, limit))?;
        let Some(last) = members.last().copied() else {
            // This part is done. What is left of it in the store is looked at for who is a member at all.
            match waves.iter().copied().find(|other| *other > wave) {
                Some(other) => (step.doc.wave, step.doc.after) = (other, 0),
                None => return self.end_run_if_over(step),
            }
            return self.stepped(step, Some(now));
        };
        let people = self.people_of_slice(&mut step, &waves, &members)?;
        let skips = wave == PAST && step.definition.schedule.late() == Late::Skip;
        let context = context_of(&step.definition, &id);
        for (member, no) in people {
            let mut message = self.campaign_message(&step, member, no, &context, now);
            step.doc.decided += 1;
            if skips {
                message.state = "refused".into();
                message.reason = "local_time_past".into();
            } else {
                message.due_at = base;
                if let Some(rate) = step.definition.rate {
                    let line = Line::of(&step.doc, rate, base);
                    message.due_at = rate.due_at(line.from, line.placed);
                    step.doc.rate_from = Some(line.from.ms());
                    step.doc.placed = line.placed + 1;
                }
            }
            if wave == PAST {
                let told = if skips { "skipped" } else { "sent at once" };
                let detail = format!("the time had passed in the recipient's zone: {told}");
                self.campaign_changes.log_message(
                    workspace,
                    message.message_no,
                    now,
                    "local_time_past",
                    detail,
                );
            }
            self.messages.push(message);
        }
        step.doc.after = last.0;
        self.stepped(step, Some(now))
    }

    /// Who of these is to get a message, each once, beside the number under which the audience has them: whoever is
    /// another profile by now is left to that one's own turn, or takes it if there is none.
    fn people_of_slice(
        &mut self,
        step: &mut Step,
        waves: &[i64],
        members: &[ProfileNo],
    ) -> Result<Vec<(ProfileNo, ProfileNo)>, EngineError> {
        let store = self.store;
        let workspace = step.workspace;
        let here: Vec<bool> = store.read(|tx| tx.profiles_exist(workspace, members))?;
        let mut people: Vec<(ProfileNo, ProfileNo)> = Vec::with_capacity(members.len());
        let mut taken: BTreeSet<ProfileNo> = BTreeSet::new();
        for (no, here) in members.iter().zip(here) {
            let stored_as =
                if here { Some(*no) } else { store.read(|tx| tx.profile_became(workspace, *no))? };
            // And joined with another once more in this batch.
            let now_is = stored_as.map(|no| self.final_no((workspace, no)));
            match now_is {
                None => step.doc.gone += 1,
                Some(same) if same == *no => {
                    taken.insert(*no);
                    people.push((*no, *no));
                }
                Some(other) => {
                    let (has_a_turn, is_there) = store.read(|tx| {
                        let turn = audience::is_member(tx, step.key(), waves, other)?;
                        Ok((turn, tx.profiles_exist(workspace, &[other])?.contains(&true)))
                    })?;
                    if !is_there && !self.people.contains_key(&(workspace, other)) {
                        step.doc.gone += 1;
                    } else if has_a_turn || !taken.insert(other) {
                        step.doc.merged += 1;
                    } else {
                        people.push((*no, other));
                    }
                }
            }
        }
        let of: Vec<ProfileNo> = people.iter().map(|(_, no)| *no).collect();
        let has = store.read(|tx| tx.campaign_has(step.key(), &of))?;
        let before = people.len();
        let mut has = has.into_iter();
        people.retain(|_| !has.next().unwrap_or(false));
        step.doc.merged += (before - people.len()) as i64;
        Ok(people)
    }

    /// `member` names the decision: the number under which the audience was frozen, each of which has one turn.
    fn campaign_message(
        &mut self,
        step: &Step,
        member: ProfileNo,
        no: ProfileNo,
        context: &str,
        now: Timestamp,
    ) -> MessageRow {
        let key = format!("campaign:{}:{}:{}", step.row.campaign_id, step.row.run_no, member.0);
        let message = self.new_message((step.workspace, no), &key, now);
        MessageRow {
            origin: "campaign".into(),
            campaign_id: Some(step.row.campaign_id.clone()),
            campaign_run: Some(step.row.run_no),
            template_id: Some(step.definition.template.clone()),
            channel: step.definition.channel.to_string(),
            purpose: step.definition.purpose.to_string(),
            context: context.to_owned(),
            ..message
        }
    }

    /// Everybody is decided on; the run is over when the last message has come to its end.
    fn end_run_if_over(&mut self, mut step: Step) -> Result<(), EngineError> {
        let now = self.now();
        let store = self.store;
        let (open, due_at) = store.read(|tx| tx.campaign_open(step.key()))?;
        if open > 0 {
            let soonest = now.plus_ms(SECOND_MS);
            let next = due_at.map_or(soonest, |due_at| due_at.plus_ms(SECOND_MS));
            let next = next.clamp(soonest, now.plus_ms(END_WAIT_MS_MAX));
            self.wake_campaign(step.workspace, &step.row.campaign_id, next);
            return Ok(());
        }
        let tally = store.read(|tx| tx.campaign_states(step.key()))?;
        step.doc.tally = Some(tally);
        step.run.state = "done".into();
        step.run.ended_at = Some(now);
        self.campaign_changes.clear_audience(step.key());
        let next = step.row.next_at;
        step.row.state = if next.is_some() { "scheduled" } else { "done" }.into();
        self.stepped(step, next)
    }
}

/// Places in the line of a rate.
#[derive(Clone, Copy)]
struct Line {
    from: Timestamp,
    placed: i64,
}

impl Line {
    /// Behind its time the line starts anew at `base`, so that it does not make up for it in a rush.
    fn of(doc: &Doc, rate: Rate, base: Timestamp) -> Line {
        let known = doc.rate_from.map(|from| Line { from: Timestamp::from_ms(from), placed: doc.placed });
        let in_time = known.filter(|line| rate.due_at(line.from, line.placed) >= base);
        in_time.unwrap_or(Line { from: base, placed: 0 })
    }
}

fn freeze(doc: &mut Doc, resolved: &audience::Resolved) {
    let count = |population: &Population| population.len() as i64;
    doc.named = count(&resolved.named);
    doc.audience = count(&resolved.members);
    doc.excluded = resolved.excluded.iter().map(|(reason, out)| ((*reason).to_owned(), count(out))).collect();
}

/// The state behind gathering, and the part in which everybody is first.
fn begin_sending(run: &mut CampaignRunRow, doc: &mut Doc, now: Timestamp) -> i64 {
    doc.scanned_to = 0;
    if doc.local.is_some() {
        run.state = "planning".into();
        return UNPLANNED;
    }
    run.state = "sending".into();
    now.ms()
}

/// What templates and links see of the campaign.
fn context_of(definition: &Campaign, id: &str) -> String {
    let mut utm = definition.utm.clone();
    utm.campaign = definition.utm_campaign();
    let mut context =
        json!({ "campaign": { "id": id, "name": definition.name, "topic": definition.topic }, "utm": utm });
    crate::turns::put_turn(&mut context, definition.priority, "");
    let first = Way { channel: definition.channel, template: definition.template.clone() };
    if let Some(plan) = Plan::of(first, &definition.ways) {
        context["ways"] = json!(plan);
    }
    context.to_string()
}
