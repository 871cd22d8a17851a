//! On which channels people can be reached: the members of a segment, the audience of a campaign.

use super::members::Population;
use crate::dispatch::{Asked, address_of, ask_gate, suppression_of};
use crate::facts::zone_of;
use domain::consent::{Channel, Purpose};
use domain::gate::Decision;
use domain::profile::Profile;
use kit::Timestamp;
use std::collections::BTreeMap;
use store::access::Workspace;
use store::{ReadTx, StoreError};

/// Of larger groups so many, evenly spread, stand for all.
const PEOPLE_MAX: u64 = 2_000;
const CHANNELS: [Channel; 4] = [Channel::Email, Channel::Sms, Channel::Zalo, Channel::Push];

/// Of the members looked at, on one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnChannel {
    pub channel: Channel,
    /// Who has an address.
    pub addressed: u64,
    /// Whom a message would get to, at once or after a wait.
    pub reachable: u64,
    /// Why it would not get to the others, by reason.
    pub refused: BTreeMap<&'static str, u64>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    pub looked_at: u64,
    pub channels: Vec<OnChannel>,
}

/// Caps and hours only make a message wait, so they do not count here.
pub fn reach(
    tx: &mut ReadTx<'_>,
    workspace: &Workspace,
    members: &Population,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Reach, StoreError> {
    let id = workspace.workspace;
    let step = usize::try_from(members.len().div_ceil(PEOPLE_MAX).max(1)).unwrap_or(usize::MAX);
    let of: Vec<_> = members.iter().step_by(step).map(|no| (id, no)).collect();
    let profiles: Vec<Profile> = tx.profiles(&of)?.into_iter().map(|(_, stored)| stored.profile).collect();
    let zone = workspace.settings.zone();
    let mut channels = Vec::with_capacity(CHANNELS.len());
    for channel in CHANNELS {
        let to = |profile| address_of(profile, channel).unwrap_or_default();
        let addresses: Vec<String> = profiles.iter().map(to).collect();
        let asked: Vec<_> = addresses.iter().map(|to| (id, channel.as_str(), to.as_str())).collect();
        let listed = tx.suppressions_of(&asked)?;
        let mut found = OnChannel { channel, addressed: 0, reachable: 0, refused: BTreeMap::new() };
        for (profile, listed) in profiles.iter().zip(listed) {
            found.addressed += u64::from(address_of(profile, channel).is_some());
            let zone = zone_of(profile, &zone);
            let suppression = listed.as_deref().map(suppression_of);
            let asked = Asked { suppression, ..Asked::of(channel, purpose, &zone) };
            match ask_gate(workspace, profile, &asked, now, now) {
                Decision::Refuse(reason) => *found.refused.entry(reason.code()).or_default() += 1,
                Decision::Wait(..) | Decision::Send => found.reachable += 1,
            }
        }
        channels.push(found);
    }
    Ok(Reach { looked_at: profiles.len() as u64, channels })
}
