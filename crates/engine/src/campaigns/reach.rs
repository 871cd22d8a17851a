//! How large an audience is and on which channels it can be reached: asked for while it is put together.

use super::audience::{self, REASONS};
use crate::EngineError;
use crate::segments;
use domain::campaign::Campaign;
use kit::Timestamp;
use std::collections::BTreeMap;
use store::Store;
use store::access::Workspace;

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
    let found =
        store.read(|tx| segments::reach::reach(tx, workspace, &resolved.members, campaign.purpose, now))?;
    reach.looked_at = found.looked_at;
    for on in found.channels {
        let refused = on.refused.into_iter().map(|(reason, n)| (reason.to_owned(), n)).collect();
        let of = ReachOf { address: on.addressed, reachable: on.reachable, refused };
        reach.channels.insert(on.channel.as_str().to_owned(), of);
    }
    Ok(Ok(reach))
}
