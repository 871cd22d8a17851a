//! Who is in an audience, and who is left out of it.

use crate::EngineError;
use crate::segments::{Population, segment_members, serialise};
use domain::campaign::Campaign;
use domain::profile::Profile;
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use store::campaigns::{AudienceRow, RunKey};
use store::{ReadTx, Store, StoreError};

/// Profiles that one look for the members of lists reads.
pub(super) const LOOK_PROFILES: i64 = 2_000;

/// Why somebody whom the audience names is left out; the first that applies.
pub const REASONS: [&str; 3] = ["excluded_segment", "excluded_list", "excluded_recent"];

/// An audience.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Whom it names.
    pub named: Population,
    /// Who is left out of these, by reason.
    pub excluded: BTreeMap<&'static str, Population>,
    /// Who is to get it.
    pub members: Population,
}

/// What can be told of an audience without looking at every profile.
pub(super) struct AtOnce {
    pub named: Population,
    pub in_segments: Population,
    pub got_one: Population,
}

/// # Errors
/// The id of a segment whose members are not known, inside.
pub(super) fn at_once(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    campaign: &Campaign,
    now: Timestamp,
) -> Result<Result<AtOnce, String>, StoreError> {
    let mut named = Population::default();
    if campaign.audience.everybody {
        named = tx.profile_numbers(workspace)?.into_iter().collect();
    }
    let mut in_segments = Population::default();
    for (ids, into) in
        [(&campaign.audience.segments, &mut named), (&campaign.exclude.segments, &mut in_segments)]
    {
        for id in ids {
            match segment_members(tx, workspace, id)? {
                Some(members) => *into = std::mem::take(into).or(&members),
                None => return Ok(Err(id.clone())),
            }
        }
    }
    let mut got_one = Population::default();
    if let Some(days) = campaign.exclude.got_campaign_within_days {
        let since = now.plus_ms(-i64::from(days) * DAY_MS);
        got_one = tx.campaign_people_since(workspace, since)?.into_iter().collect();
    }
    Ok(Ok(AtOnce { named, in_segments, got_one }))
}

/// Whether profiles have to be looked at one by one.
pub(super) fn asks_lists(campaign: &Campaign) -> bool {
    !(campaign.audience.lists.is_empty() && campaign.exclude.lists.is_empty())
}

pub(super) fn is_on(profile: &Profile, lists: &[String]) -> bool {
    lists.iter().any(|list| profile.in_list(list))
}

/// Leaves out of `named` whoever is to be left out.
pub(super) fn settled(named: Population, at_once: &AtOnce, on_lists: &Population) -> Resolved {
    let mut resolved = Resolved { members: named.clone(), named, ..Resolved::default() };
    for (reason, out) in REASONS.into_iter().zip([&at_once.in_segments, on_lists, &at_once.got_one]) {
        let left_out = resolved.members.clone().and(out);
        if !left_out.is_empty() {
            resolved.members = resolved.members.without(&left_out);
            resolved.excluded.insert(reason, left_out);
        }
    }
    resolved
}

/// The audience of a campaign as it is now, in one go: for a look ahead, where nothing has to outlive a crash.
/// `tell` hears of every step and says whether to go on; `None` when it said no.
///
/// # Errors
/// The id of a segment whose members are not known, inside.
pub fn resolve(
    store: &Store,
    workspace: WorkspaceId,
    campaign: &Campaign,
    now: Timestamp,
    tell: &mut dyn FnMut() -> bool,
) -> Result<Option<Result<Resolved, String>>, EngineError> {
    let at_once = match store.read(|tx| at_once(tx, workspace, campaign, now))? {
        Ok(known) => known,
        Err(segment) => return Ok(Some(Err(segment))),
    };
    let mut named = at_once.named.clone();
    let mut on_lists = Population::default();
    let mut after = ProfileNo(0);
    while asks_lists(campaign) {
        if !tell() {
            return Ok(None);
        }
        let page = store.read(|tx| tx.profiles_after(workspace, after, LOOK_PROFILES))?;
        let Some(last) = page.last() else { break };
        after = last.profile.no;
        for stored in &page {
            if is_on(&stored.profile, &campaign.audience.lists) {
                named.insert(stored.profile.no);
            }
            if is_on(&stored.profile, &campaign.exclude.lists) {
                on_lists.insert(stored.profile.no);
            }
        }
    }
    Ok(Some(Ok(settled(named, &at_once, &on_lists))))
}

/// A population as rows of a run's audience.
pub(super) fn rows(population: &Population, wave: i64) -> Vec<AudienceRow> {
    let row = |(chunk, members): (u32, &RoaringBitmap)| AudienceRow {
        wave,
        chunk: i64::from(chunk),
        members: serialise(members),
    };
    population.chunks().map(row).collect()
}

fn bitmap(bytes: &[u8]) -> Result<RoaringBitmap, StoreError> {
    RoaringBitmap::deserialize_from(bytes)
        .map_err(|error| StoreError::Bug(format!("the audience of a campaign cannot be read: {error}")))
}

fn number(chunk: i64, low: u32) -> ProfileNo {
    ProfileNo((chunk << 16) | i64::from(low))
}

/// One part of a run's audience, all of it.
pub(super) fn part(tx: &mut ReadTx<'_>, run: RunKey<'_>, wave: i64) -> Result<Population, StoreError> {
    let mut population = Population::default();
    for row in tx.audience(run)?.into_iter().filter(|row| row.wave == wave) {
        let chunk = u32::try_from(row.chunk).unwrap_or(u32::MAX);
        population.set_chunk(chunk, bitmap(&row.members)?);
    }
    Ok(population)
}

/// Up to `limit` members of a part behind a number, in ascending order.
pub(super) fn members_after(
    tx: &mut ReadTx<'_>,
    run: RunKey<'_>,
    wave: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<ProfileNo>, StoreError> {
    let mut found = Vec::new();
    let first = after + 1;
    let mut chunk = first >> 16;
    while found.len() < limit
        && let Some(row) = tx.audience_from(run, wave, chunk)?
    {
        let from = if row.chunk == first >> 16 { (first & 0xffff) as u32 } else { 0 };
        let members = bitmap(&row.members)?;
        found.extend(members.range(from..).take(limit - found.len()).map(|low| number(row.chunk, low)));
        chunk = row.chunk + 1;
    }
    Ok(found)
}

/// Whether somebody is in any part of a run's audience.
pub(super) fn is_member(
    tx: &mut ReadTx<'_>,
    run: RunKey<'_>,
    waves: &[i64],
    no: ProfileNo,
) -> Result<bool, StoreError> {
    for wave in waves {
        if let Some(bytes) = tx.audience_of_chunk(run, *wave, no.0 >> 16)?
            && bitmap(&bytes)?.contains((no.0 & 0xffff) as u32)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds people to parts of a run's audience; the rows that change.
pub(super) fn added(
    tx: &mut ReadTx<'_>,
    run: RunKey<'_>,
    people: &BTreeMap<(i64, i64), RoaringBitmap>,
) -> Result<Vec<AudienceRow>, StoreError> {
    let mut rows = Vec::with_capacity(people.len());
    for ((wave, chunk), more) in people {
        let mut members = match tx.audience_of_chunk(run, *wave, *chunk)? {
            Some(bytes) => bitmap(&bytes)?,
            None => RoaringBitmap::new(),
        };
        members |= more;
        rows.push(AudienceRow { wave: *wave, chunk: *chunk, members: serialise(&members) });
    }
    Ok(rows)
}
