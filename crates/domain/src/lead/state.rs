//! What sales made of a lead.

use crate::profile::Ms;
use crate::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// How a lead stands with sales.
    Status {
        /// Nobody has it yet.
        New = "new",
        /// Somebody has it.
        Assigned = "assigned",
        /// They were talked to.
        Contacted = "contacted",
        /// They mean to buy.
        Qualified = "qualified",
        /// They are none: a mistake, a rival, somebody without need.
        Disqualified = "disqualified",
        /// They ordered.
        Won = "won",
        /// They bought elsewhere, or will not.
        Lost = "lost",
    }
}

impl Status {
    /// Whether sales still have something to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Status::New | Status::Assigned | Status::Contacted | Status::Qualified)
    }
}

/// What is kept with a person who was handed to sales, or whom somebody of the shop took up as a lead.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeadState {
    #[serde(rename = "s")]
    pub status: Status,
    /// Since when it stands so.
    #[serde(rename = "st")]
    pub status_at: Ms,
    /// An account's e-mail address, or a contact of staff.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(rename = "at")]
    pub assigned_at: Ms,
    /// When the score handed it over last, if it ever did.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub handed_at: Option<Ms>,
    /// How often it did.
    #[serde(rename = "n", default)]
    pub handovers: u32,
    /// Whether the score fell low enough since for it to be handed over again.
    #[serde(rename = "r", default)]
    pub is_armed: bool,
}

impl LeadState {
    pub fn new(at: Ms) -> LeadState {
        LeadState {
            status: Status::New,
            status_at: at,
            assignee: None,
            assigned_at: at,
            handed_at: None,
            handovers: 0,
            is_armed: false,
        }
    }

    /// Takes in what another profile of the same person knows: the later word holds, of two at one instant the one
    /// further on. The person was handed over if either was.
    pub fn absorb(&mut self, other: LeadState) {
        if (other.status_at, other.status) > (self.status_at, self.status) {
            (self.status, self.status_at) = (other.status, other.status_at);
        }
        if (other.assigned_at, &other.assignee) > (self.assigned_at, &self.assignee) {
            (self.assignee, self.assigned_at) = (other.assignee, other.assigned_at);
        }
        self.handed_at = self.handed_at.max(other.handed_at);
        self.handovers = self.handovers.max(other.handovers);
        self.is_armed &= other.is_armed;
    }
}
