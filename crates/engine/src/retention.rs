//! What is kept no longer than the shop said: old events, and visitors whom nobody has seen for long. A little at a
//! time, each slice a note in the inbox, so that other work goes on between them. Order totals never change by it:
//! they come from the orders.

use crate::EngineError;
use crate::note::Note;
use crate::world::World;
use domain::profile::Ms;
use domain::settings::Settings;
use kit::{DAY_MS, HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;

/// Events that one changeset deletes.
const SLICE_EVENTS: i64 = 1_000;
/// Names of events that one changeset asks about.
const SLICE_NAMES: usize = 200;
/// Profiles that one changeset looks at.
const SLICE_PROFILES: i64 = 300;

/// The instant before which events of a name are kept no longer; `None`: they are kept.
pub fn cutoff(settings: &Settings, event: &str, now: Timestamp) -> Option<Timestamp> {
    let rule = |name: &str| settings.retention.iter().find(|rule| rule.event == name);
    let rule = rule(event).or_else(|| rule("*"))?;
    Some(now.plus_ms(-i64::from(rule.days) * DAY_MS))
}

/// What housekeeping puts into the inbox of a workspace, every hour: nothing where nothing is limited.
pub fn notes(settings: &Settings, now: Timestamp) -> Vec<Note> {
    let mut notes = Vec::new();
    if !settings.retention.is_empty() {
        notes.push(Note::Retain { after: 0, at: now.into() });
    }
    // Visitors are gone through once a day: all profiles are read for it.
    if settings.visitor_retention_days > 0 && now.ms().rem_euclid(DAY_MS) < HOUR_MS {
        notes.push(Note::ForgetVisitors { before: i64::MAX, at: now.into() });
    }
    notes
}

impl World<'_> {
    /// Deletes events that are too old, of names with a number above `after`.
    pub fn retain_events(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let settings = self.shop(workspace)?.workspace.settings.clone();
        let store = self.store;
        let mut names: Vec<(i64, String)> = store
            .read(|tx| tx.event_names())?
            .into_iter()
            .filter(|(of, no, _)| *of == workspace && *no > after)
            .map(|(_, no, name)| (no, name))
            .collect();
        names.sort_unstable();
        let more = names.len() > SLICE_NAMES;
        names.truncate(SLICE_NAMES);
        let mut reached = after;
        for (name_no, name) in names {
            let Some(before) = cutoff(&settings, &name, at) else {
                reached = name_no;
                continue;
            };
            let old = store.read(|tx| tx.old_events(workspace, name_no, before, SLICE_EVENTS))?;
            if old.is_empty() {
                reached = name_no;
                continue;
            }
            let mut newest: BTreeMap<ProfileNo, Timestamp> = BTreeMap::new();
            for (event_no, profile, happened_at) in &old {
                self.erasures.last.delete_old_event(workspace, *event_no);
                let held = newest.entry(*profile).or_insert(*happened_at);
                *held = (*held).max(*happened_at);
            }
            // When somebody was last seen must not be forgotten with what they did then.
            for (profile, happened_at) in &newest {
                let Some(key) = self.current((workspace, *profile))? else { continue };
                let Some(person) = self.people.get_mut(&key) else { continue };
                let seen = person.profile.seen_at.max(Some(Ms(*happened_at)));
                if seen != person.profile.seen_at && person.profile.last_seen_at.0 <= before {
                    person.profile.seen_at = seen.max(Some(person.profile.last_seen_at));
                    person.dirty = true;
                }
            }
            tracing::info!(
                event.name_no = name_no,
                events = old.len(),
                "events past their retention are deleted"
            );
            let profiles = newest.keys().map(|no| no.0).collect();
            self.append(Note::Recount { profiles, event: name }.arrival(workspace, self.now()));
            let after = if (old.len() as i64) < SLICE_EVENTS { name_no } else { name_no - 1 };
            self.append(Note::Retain { after, at: at.into() }.arrival(workspace, self.now()));
            return Ok(());
        }
        if more {
            self.append(Note::Retain { after: reached, at: at.into() }.arrival(workspace, self.now()));
        }
        Ok(())
    }

    /// Asks the segments of people anew from whom events were taken.
    pub fn recount(
        &mut self,
        workspace: WorkspaceId,
        profiles: Vec<i64>,
        event: &str,
    ) -> Result<(), EngineError> {
        for no in profiles {
            if let Some(key) = self.current((workspace, ProfileNo(no)))? {
                self.touch(key, false, |touch| {
                    touch.events.insert(event.to_owned());
                });
            }
        }
        Ok(())
    }

    /// Forgets visitors who are known by a device only and were not seen for as long as the shop says, going down from
    /// below a number.
    pub fn forget_visitors(
        &mut self,
        workspace: WorkspaceId,
        before: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let days = self.shop(workspace)?.workspace.settings.visitor_retention_days;
        if days == 0 {
            return Ok(());
        }
        let cutoff = at.plus_ms(-i64::from(days) * DAY_MS);
        let store = self.store;
        let (page, highest) = store.read(|tx| {
            let page = tx.profile_page(workspace, ProfileNo(before), SLICE_PROFILES)?;
            Ok((page, tx.last_profile_no(workspace)?))
        })?;
        let last = page.last().map(|stored| stored.profile.no.0);
        let mut forgotten = 0;
        for stored in &page {
            let profile = &stored.profile;
            let is_old = !profile.is_known()
                && profile.last_seen_at.0 < cutoff
                && profile.totals.orders == 0
                // Its number would be given out again.
                && profile.no != highest;
            let key = (workspace, profile.no);
            // What came in with this very batch counts.
            let is_old = is_old && self.people.get(&key).is_none_or(|p| p.profile.last_seen_at.0 < cutoff);
            if !is_old || self.current(key)? != Some(key) {
                continue;
            }
            forgotten += 1;
            self.drop_visitor(key);
        }
        if forgotten > 0 {
            tracing::info!(profiles = forgotten, "visitors who were not seen for long are forgotten");
        }
        if let Some(last) = last.filter(|_| page.len() as i64 == SLICE_PROFILES) {
            self.append(Note::ForgetVisitors { before: last, at: at.into() }.arrival(workspace, self.now()));
        }
        Ok(())
    }
}
