//! Writes a batch down: everything that was folded, as one changeset.

use super::{ProfileKey, World, timer_kind};
use crate::Tick;
use crate::segments::Turned;
use kit::{ProfileNo, WorkspaceId};
use store::Changeset;
use store::journeys::{CountRow, TimerRow};

/// Rejected messages that are kept; older ones give way.
const REJECTIONS_KEPT: i64 = 100_000;

/// What a batch comes to.
pub struct Finished {
    pub changes: Changeset,
    pub tick: Tick,
    /// Event names that it introduces.
    pub new_names: Vec<((WorkspaceId, String), i64)>,
    pub turned: Turned,
}

impl World<'_> {
    pub fn final_no(&self, key: ProfileKey) -> ProfileNo {
        let mut key = key;
        while let Some(kept) = self.merged_into.get(&key) {
            key = (key.0, *kept);
        }
        key.1
    }

    /// The changeset of the batch, and what holds in memory once it is stored.
    pub fn finish(mut self) -> Finished {
        let mut changes = Changeset::new();
        changes.extend(std::mem::take(&mut self.erasures.first));
        self.finish_imports(&mut changes);
        for (workspace, identifier, no) in std::mem::take(&mut self.dropped_identifiers) {
            changes.remove_identifier(workspace, &identifier, no);
        }
        for ((workspace, name), no) in &self.new_names {
            changes.insert_event_name(*workspace, *no, name);
        }
        let mut keys: Vec<ProfileKey> = self.people.keys().copied().collect();
        keys.sort_unstable();
        let finals: Vec<ProfileKey> = keys.iter().map(|key| (key.0, self.final_no(*key))).collect();
        // Profiles that are new and stay come first, so that whatever follows has an owner.
        for (key, last) in keys.iter().zip(&finals) {
            let person = &self.people[key];
            if person.version.is_none() && key == last {
                changes.insert_profile(key.0, &person.profile);
            }
        }
        let merges = std::mem::take(&mut self.merges);
        for merge in &merges {
            if merge.joined
                && let Some(version) = merge.other_version
            {
                let kept = self.final_no((merge.workspace, merge.kept));
                changes.absorb_profile(merge.workspace, &merge.other, version, kept);
            }
        }
        for (key, last) in keys.iter().zip(&finals) {
            let person = &self.people[key];
            for identifier in &person.new_identifiers {
                changes.insert_identifier(key.0, identifier, last.1);
            }
            if key != last {
                continue;
            }
            if let (Some(version), true) = (person.version, person.dirty) {
                changes.update_profile(key.0, version, &person.profile);
            }
            if person.search_dirty {
                changes.set_search_text(key.0, key.1, person.profile.search_text());
            }
        }
        self.batch_events.clear();
        for mut event in std::mem::take(&mut self.events) {
            event.profile = self.final_no((event.workspace, event.profile));
            changes.insert_event(event);
        }
        for (workspace, no, change, source) in std::mem::take(&mut self.attribute_changes) {
            self.numbers.last.change += 1;
            let no = self.final_no((workspace, no));
            changes.log_attribute_change(self.numbers.last.change, workspace, no, &change, &source);
        }
        for (workspace, no, record) in std::mem::take(&mut self.consent_records) {
            self.numbers.last.consent += 1;
            let no = self.final_no((workspace, no));
            changes.insert_consent(self.numbers.last.consent, workspace, no, &record);
        }
        for merge in &merges {
            self.numbers.last.merge += 1;
            let no = self.final_no((merge.workspace, merge.kept));
            changes.log_merge(
                self.numbers.last.merge,
                merge.workspace,
                merge.at,
                no,
                &merge.other,
                merge.joined,
                &merge.reason,
                &merge.link,
            );
        }
        self.finish_seen(&mut changes);
        self.finish_leads(&mut changes);
        self.finish_ranks(&mut changes);
        for key in std::mem::take(&mut self.dirty_products) {
            if let Some(Some(product)) = self.products.get(&key) {
                changes.set_product(key.0, product);
            }
        }
        for key in std::mem::take(&mut self.dirty_orders) {
            if let Some(Some((owner, order))) = self.orders.get(&key) {
                changes.set_order(key.0, self.final_no((key.0, *owner)), order);
            }
        }
        self.finish_runs(&keys, &mut changes);
        for mut message in std::mem::take(&mut self.messages) {
            message.profile = self.final_no((message.workspace, message.profile));
            self.tick.decided += 1;
            let (workspace, no, at) = (message.workspace, message.message_no, message.decided_at);
            changes.insert_message(message);
            changes.log_message(workspace, no, at, "decided", String::new());
        }
        for merge in merges.iter().filter(|merge| merge.joined) {
            changes.one_message_a_run(merge.workspace, self.final_no((merge.workspace, merge.kept)));
        }
        changes.extend(std::mem::take(&mut self.campaign_changes));
        changes.extend(std::mem::take(&mut self.receipts));
        self.write_devices(&mut changes);
        for (workspace, run_id) in std::mem::take(&mut self.silenced) {
            changes.silence_run(workspace, &run_id);
        }
        for (workspace, run_id, reason) in std::mem::take(&mut self.cancelled_runs) {
            changes.cancel_messages_of_run(workspace, &run_id, &reason);
        }
        for timer in std::mem::take(&mut self.finished_timers) {
            changes.finish_timer(timer);
        }
        for ((workspace, no, kind, subject), due_at) in std::mem::take(&mut self.timers) {
            let profile = self.final_no((workspace, no));
            match due_at {
                Some(due_at) => changes.set_timer(TimerRow { due_at, workspace, kind, profile, subject }),
                None if kind == timer_kind::CART => {
                    changes.clear_timer(workspace, timer_kind::CART, profile, &subject);
                }
                None => changes.clear_timer(workspace, timer_kind::DATE, profile, &subject),
            }
        }
        for (workspace, message_no, at, responses, what, detail) in std::mem::take(&mut self.responses) {
            changes.add_responses(workspace, message_no, &responses);
            changes.log_message(workspace, message_no, at, &what, detail);
        }
        for (workspace, row) in std::mem::take(&mut self.suppressions) {
            changes.suppress(workspace, row);
        }
        for (workspace, at, code, detail, sample) in std::mem::take(&mut self.rejections) {
            self.numbers.last.rejection += 1;
            let no = self.numbers.last.rejection;
            changes.insert_rejection(no, workspace, at, code, detail, sample);
            if no % 1_000 == 0 {
                changes.trim_rejections(no - REJECTIONS_KEPT);
            }
        }
        self.finish_hooks(&mut changes);
        for arrival in std::mem::take(&mut self.arrivals) {
            changes.append(arrival);
        }
        for seq in &self.seqs {
            changes.take_from_inbox(*seq);
        }
        let processed = self.seqs.last().copied();
        if let Some(seq) = processed {
            changes.set_progress(crate::PROCESSED, seq);
        }
        let turned = self.finish_segments(&mut changes);
        changes.extend(std::mem::take(&mut self.erasures.last));
        self.tick.processed = processed;
        Finished { changes, tick: self.tick, new_names: self.new_names, turned }
    }

    fn finish_runs(&mut self, keys: &[ProfileKey], changes: &mut Changeset) {
        for key in keys {
            for entry in self.runs.get(key).into_iter().flatten().filter(|entry| entry.dirty) {
                let mut row = entry.row(key.1);
                let live = (row.journey_id.clone(), entry.run.version);
                let journeys = self.directory.workspaces.get(&key.0).map(|shop| &shop.journeys);
                if !journeys.and_then(|journeys| journeys.get(&live)).is_some_and(|live| live.moving) {
                    // Its journey is paused or cannot be read: it stands still without an alarm clock.
                    row.due_at = None;
                }
                match entry.revision {
                    None => changes.insert_run(key.0, row),
                    Some(_) => changes.update_run(key.0, row),
                }
            }
        }
        for (workspace, run_id, step) in std::mem::take(&mut self.steps) {
            changes.insert_step(workspace, &run_id, step);
        }
        for ((workspace, journey_id, version, node, code), count) in std::mem::take(&mut self.counts) {
            let row = CountRow { version: i64::from(version), node, code, count };
            changes.add_count(workspace, &journey_id, row);
        }
    }
}
