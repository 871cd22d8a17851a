//! How large an audience is and on which channels it can be reached: asked for while it is put together.

use super::audience::{self, REASONS};
use crate::EngineError;
use crate::dispatch::{Asked, address_of, ask_gate, suppression_of};
use crate::facts::zone_of;
use domain::campaign::Campaign;
use domain::consent::Channel;
use domain::gate::Decision;
use kit::Timestamp;
use std::collections::BTreeMap;
use store::Store;
use store::access::Workspace;

/// Of larger audiences so many people, evenly spread, stand for all.
const PEOPLE_MAX: u64 = 2_000;
const CHANNELS: [Channel; 4] = [Channel::Email, Channel::Sms, Channel::Zalo, Channel::Push];

/// Of the people looked at: on one channel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReachOf {
    /// Who has an address.
    pub address: u64,
    /// Whom the gate would let through, at once or after a wait.
    pub reachable: u64,
    /// Why it would not, by reason.
    pub refused: BTreeMap<String, u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// Whom the audience names.
    pub named: u64,
    /// Who is left out of these, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Who is to get it.
    pub audience: u64,
    /// How many of them were looked at for the channels; all when it is as many.
    pub looked_at: u64,
    pub channels: BTreeMap<String, ReachOf>,
}

/// As of `now`. Caps and hours only make a message wait, so they do not count here.
///
/// # Errors
/// The id of a segment whose members are not known, inside.
pub fn reach(
    store: &Store,
    workspace: &Workspace,
    campaign: &Campaign,
    now: Timestamp,
) -> Result<Result<Reach, String>, EngineError> {
    let id = workspace.workspace;
    let resolved = match audience::resolve(store, id, campaign, now, &mut || true)? {
        None => return Ok(Ok(Reach::default())),
        Some(Err(segment)) => return Ok(Err(segment)),
        Some(Ok(resolved)) => resolved,
    };
    let mut reach =
        Reach { named: resolved.named.len(), audience: resolved.members.len(), ..Reach::default() };
    for reason in REASONS {
        if let Some(out) = resolved.excluded.get(reason) {
            reach.excluded.insert(reason.to_owned(), out.len());
        }
    }
    let step = reach.audience.div_ceil(PEOPLE_MAX).max(1);
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    let of: Vec<_> = resolved.members.iter().step_by(step).map(|no| (id, no)).collect();
    let zone = workspace.settings.zone();
    let (profiles, listed) = store.read(|tx| {
        let profiles: Vec<_> = tx.profiles(&of)?.into_iter().map(|(_, stored)| stored.profile).collect();
        let mut listed = Vec::new();
        for channel in CHANNELS {
            let to = |profile| address_of(profile, channel).unwrap_or_default();
            let addresses: Vec<String> = profiles.iter().map(to).collect();
            let asked: Vec<_> = addresses.iter().map(|to| (id, channel.as_str(), to.as_str())).collect();
            listed.push(tx.suppressions_of(&asked)?);
        }
        Ok((profiles, listed))
    })?;
    reach.looked_at = profiles.len() as u64;
    for (channel, listed) in CHANNELS.into_iter().zip(listed) {
        let mut found = ReachOf::default();
        for (profile, listed) in profiles.iter().zip(listed) {
            found.address += u64::from(address_of(profile, channel).is_some());
            let own_zone = zone_of(profile, &zone);
            let suppression = listed.as_deref().map(suppression_of);
            let asked =
                Asked { channel, purpose: campaign.purpose, suppression, recent: &[], zone: &own_zone };
            match ask_gate(workspace, profile, &asked, now, now) {
                Decision::Refuse(reason) => *found.refused.entry(reason.code().to_owned()).or_default() += 1,
                Decision::Wait(..) | Decision::Send => found.reachable += 1,
            }
        }
        reach.channels.insert(channel.as_str().to_owned(), found);
    }
    Ok(Ok(reach))
}
