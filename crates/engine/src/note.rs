//! What Quaylai tells itself through the inbox: clicks, answers of public pages, calls of the API. Like events of
//! clients they are acknowledged once durable and take effect in their order.

use domain::bots::Verdict;
use domain::commerce::Product;
use domain::consent::ConsentRecord;
use domain::profile::Ms;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::inbox::Arrival;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// Somebody or something opened, clicked or answered a message.
    Response { message_no: i64, response: Response, at: Ms, machine: Option<String>, url: Option<String> },
    /// Consent given or taken back on a page or through the API.
    Consent { profile_id: String, records: Vec<ConsentRecord> },
    /// Attributes, tags and lists set by the shop's staff or its programs.
    Change {
        profile_id: String,
        at: Ms,
        #[serde(default)]
        attributes: Map<String, Value>,
        #[serde(default)]
        tags_added: Vec<String>,
        #[serde(default)]
        tags_removed: Vec<String>,
        /// Ids of lists.
        #[serde(default)]
        lists_added: Vec<String>,
        #[serde(default)]
        lists_removed: Vec<String>,
        source: String,
    },
    /// Staff say that two profiles are one person.
    Merge { profile_id: String, other_id: String, at: Ms },
    /// A program starts a journey for a profile.
    Trigger { journey_id: String, profile_id: String, call_id: String, properties: Value, at: Ms },
    /// Staff take a run out of its journey.
    StopRun { run_id: String, reason: String, at: Ms },
    /// A date journey was published: give each profile from this number on its timer.
    ScanDates { journey_id: String, after: i64, at: Ms },
    /// Staff want those handed to sales who are above the threshold by rules of this version, from this number on.
    HandOver { version: i64, after: i64, at: Ms },
    /// Those for whom an occasion of a journey has come, from behind this number on.
    Occasion { journey_id: String, pass: crate::starts::Pass, occurs_at: Ms, after: i64, at: Ms },
    /// A message that a program or a person of the shop asks for, outside journeys.
    Send {
        profile_id: String,
        template_id: String,
        channel: domain::consent::Channel,
        purpose: domain::consent::Purpose,
        /// `api`, or `test`: a trial that goes to the address given and counts for nothing.
        origin: String,
        #[serde(default)]
        address: Option<String>,
        /// Names the decision: the same key is never sent twice.
        key: String,
        /// What the template sees as `event.properties`.
        #[serde(default)]
        properties: Value,
        /// Further ways for the same message.
        #[serde(default, skip_serializing_if = "domain::ways::Ways::is_single")]
        ways: domain::ways::Ways,
        at: Ms,
    },
    /// What a provider of a channel told.
    Receipts {
        channel: domain::consent::Channel,
        /// The provider's kind, such as `zalo`.
        provider: String,
        receipts: Vec<domain::delivery::Receipt>,
        at: Ms,
    },
    /// This message was not delivered in its time: its next way is tried.
    FallBack { message_no: i64, at: Ms },
    /// Somebody lets a browser or an app of theirs take notifications.
    DeviceAdded { device: crate::devices::DeviceTold, at: Ms },
    /// A device takes none any more: the person has withdrawn it, or the provider says that it is gone.
    DeviceGone { address: String, withdrawn: bool, at: Ms },
    /// A page tells what became of a message that waited for it, by the message's id.
    Onsite { message_id: String, what: ShownOnPage, url: Option<String>, at: Ms },
    /// These messages were accepted, refused or lost.
    MessagesTurned { messages: Vec<i64> },
    /// The shop's catalogue.
    Products { products: Vec<Product> },
    /// Somebody wants to be forgotten.
    Erase {
        profile_id: String,
        at: Ms,
        #[serde(default)]
        orders: crate::erasure::Orders,
        /// Their addresses stay on the suppression list, as keyed hashes.
        keep_away: bool,
    },
    /// The next slice of what is left of somebody.
    EraseOn { profile_no: i64, at: Ms },
    /// Somebody wants their data to be left alone, or no longer.
    Restrict { profile_id: String, on: bool, at: Ms },
    /// Events that were kept for long enough go, of names with a number above this one.
    Retain { after: i64, at: Ms },
    /// Events of this name were taken from these profiles.
    Recount { profiles: Vec<i64>, event: String },
    /// Visitors whom nobody has seen for long go, from below this number on.
    ForgetVisitors { before: i64, at: Ms },
    /// The shop's catalogue says that a product can be bought again or costs less: those with a number above `after`
    /// who lately looked at it, put it into a cart or bought it are told. `at` names the occasion.
    ProductTurned { product_id: String, what: crate::occasions::Occasion, after: i64, at: Ms },
    /// What people with a number above this one looked at long ago is forgotten.
    TrimSeen { after: i64, at: Ms },
    /// Staff say how it stands with a lead; the call is named, so that it counts once.
    Lead { profile_id: String, call_id: String, told: crate::leads::Told, at: Ms },
    /// Staff or a provider say that an address is not to be written to.
    Suppress { channel: String, address: String, reason: String, detail: String, at: Ms },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    Opened,
    Clicked,
    Unsubscribed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownOnPage {
    Shown,
    /// The person followed it; it is not shown again.
    Clicked,
    /// The person put it away; it is not shown again.
    Closed,
}

/// `None` for a person, else why it was a machine.
pub fn machine_of(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Person | Verdict::ProxiedPerson => None,
        Verdict::Machine(reason) => Some(reason.as_str().to_owned()),
    }
}

impl Note {
    /// The note as an inbox row.
    pub fn arrival(&self, workspace: WorkspaceId, now: Timestamp) -> Arrival {
        Arrival {
            workspace,
            received_at: now,
            kind: "internal".into(),
            items: 1,
            meta: "{}".into(),
            // A note has text keys only and cannot fail to be written.
            payload: serde_json::to_vec(self).unwrap_or_default(),
        }
    }
}
