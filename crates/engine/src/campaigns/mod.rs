//! Campaigns: a run freezes its audience, decides on it slice by slice into the ledger, and ends when every message
//! has come to an end. See docs/campaigns.md.
//!
//! One timer a campaign (profile 0) wakes it; each time it does one step, whose place is stored in the changeset of
//! what the step did, so that no crash makes a person come twice or be forgotten. What the shop does to a campaign as
//! a whole ([`launch`], [`pause`], [`resume`], [`cancel`]) is a changeset of its own; the revision of the campaign's
//! row keeps it apart from a step at the same moment.

mod audience;
mod check;
mod conduct;
mod reach;
mod report;
mod run;

pub use audience::{Resolved, resolve};
pub use check::{CheckProgress, Checked, Found, Rendered, check};
pub use conduct::{
    Conducted, Refused, cancel, edit, launch, launch_after, pause, pause_because, put_away, recall, resume,
};
pub use reach::{Reach, ReachOf, reach};
pub use report::{Counts, Progress, RunReport, Totals, domains, progress, report, totals};

use crate::EngineError;
use domain::campaign::Campaign;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::campaigns::{CampaignRow, RunKey};
use store::journeys::TimerRow;

/// The kind of the timer that wakes a campaign.
pub const TIMER: &str = "campaign";
/// Whose timer it is: nobody's, profiles are numbered from 1.
pub(crate) const NOBODY: ProfileNo = ProfileNo(0);

/// Where a run stands and what it counted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Doc {
    /// The wall-clock time at which each recipient is to get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// Whom the audience names, before anybody is left out.
    pub named: i64,
    /// Who was left out, by `excluded_segment`, `excluded_list` or `excluded_recent`.
    pub excluded: BTreeMap<String, i64>,
    /// Who is to get it, frozen.
    pub audience: i64,
    /// Of the audience: found to be the same person as another one of it.
    pub merged: i64,
    /// Of the audience: no longer there when their turn came.
    pub gone: i64,
    /// Of the audience: who has a row in the ledger.
    pub decided: i64,
    /// Of the audience: whose turn had not come when the campaign was cancelled.
    pub called_off: i64,
    /// While gathering and planning: the last profile looked at.
    pub scanned_to: i64,
    /// While sending: the part of the audience at hand, and the last profile decided on.
    pub wave: i64,
    pub after: i64,
    /// With a rate: since when, and how many have had their place since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_from: Option<i64>,
    pub placed: i64,
    /// The messages by state and reason, once the run is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tally: Option<Vec<(String, String, i64)>>,
}

impl Doc {
    pub fn read(text: &str) -> Result<Doc, EngineError> {
        serde_json::from_str(text).map_err(|error| EngineError::UnreadableCampaign(error.to_string()))
    }

    /// Of the audience: whose turn is still to come.
    pub fn to_come(&self) -> i64 {
        (self.audience - self.merged - self.gone - self.decided - self.called_off).max(0)
    }
}

pub fn definition_of(row: &CampaignRow) -> Result<Campaign, EngineError> {
    serde_json::from_str(&row.definition).map_err(|error| EngineError::UnreadableCampaign(error.to_string()))
}

pub(crate) fn run_key<'a>(workspace: WorkspaceId, row: &'a CampaignRow) -> RunKey<'a> {
    RunKey { workspace, campaign_id: &row.campaign_id, run_no: row.run_no }
}

pub(crate) fn timer(workspace: WorkspaceId, campaign_id: &str, due_at: Timestamp) -> TimerRow {
    TimerRow { due_at, workspace, kind: TIMER.into(), profile: NOBODY, subject: campaign_id.to_owned() }
}
