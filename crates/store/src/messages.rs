//! Templates, the message ledger, and what became of each message.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::consent::Channel;
use domain::ways::Results;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Debug)]
pub struct TemplateRow {
    pub template_id: String,
    pub name: String,
    pub channel: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The newest version's document as JSON.
    pub source: String,
}

/// One row of the ledger.
#[derive(Clone, PartialEq, Debug)]
pub struct MessageRow {
    pub message_no: i64,
    pub workspace: WorkspaceId,
    pub id: String,
    /// Names the decision; no two rows of a workspace share one.
    pub key: String,
    pub profile: ProfileNo,
    /// `journey`, `campaign`, `api`, `staff`, `test` or `notice`.
    pub origin: String,
    pub journey_id: Option<String>,
    pub run_id: Option<String>,
    pub node: Option<String>,
    pub campaign_id: Option<String>,
    pub campaign_run: Option<i64>,
    pub template_id: Option<String>,
    pub template_version: Option<i64>,
    pub channel: String,
    pub purpose: String,
    pub address: Option<String>,
    /// `queued`, `held`, `sending`, `accepted`, `refused`, `failed`, `unknown` or `cancelled`.
    pub state: String,
    /// Stable code; empty while nothing speaks against it.
    pub reason: String,
    pub detail: String,
    pub decided_at: Timestamp,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub attempted_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub provider_id: Option<String>,
    /// JSON of what the template sees beside the profile.
    pub context: String,
}

/// What was sent, word for word. The parts are LZ4 blocks with their size before them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Body {
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
    /// Where the links led, in their order in the message.
    pub links: Vec<String>,
}

/// What people did with a message, and beside it what machines did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Responses {
    pub opens: i64,
    pub clicks: i64,
    pub machine_opens: i64,
    pub machine_clicks: i64,
    pub first_opened_at: Option<Timestamp>,
    pub first_clicked_at: Option<Timestamp>,
    pub unsubscribed_at: Option<Timestamp>,
}

/// What became of a message after a provider took it, and what it cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Course {
    pub delivered_at: Option<Timestamp>,
    pub seen_at: Option<Timestamp>,
    /// Minor units of the shop's currency; `None`: not known.
    pub price: Option<i64>,
    /// When its next way is tried unless it was delivered.
    pub fall_back_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct MessageLogRow {
    pub at: Timestamp,
    pub what: String,
    pub detail: String,
}

/// By what the ledger is read: each has an index that gives the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerOf<'a> {
    Whole,
    /// `refused`, `failed`, `unknown`, `cancelled` or `held`; the other states are read with the whole.
    State(&'a str),
    /// Not empty.
    Reason(&'a str),
    Campaign(&'a str),
    Profile(ProfileNo),
}

/// Which part of the list of suppressed addresses; an empty filter lets everything through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SuppressionFilter<'a> {
    pub channel: &'a str,
    pub reason: &'a str,
    /// A part of the address.
    pub search: &'a str,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SuppressionRow {
    pub channel: String,
    pub address: String,
    pub reason: String,
    pub detail: String,
    pub at: Timestamp,
}

/// An accepted message whose fate is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct AskRow {
    pub message_no: i64,
    pub workspace: WorkspaceId,
    pub channel: String,
    /// Our id of it.
    pub id: String,
    /// The provider's.
    pub provider_id: String,
    pub address: String,
    pub accepted_at: Timestamp,
}

// It holds an address.
impl std::fmt::Debug for AskRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskRow").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Changeset {
    pub fn insert_template(&mut self, workspace: WorkspaceId, template: &TemplateRow) {
        let row = template.clone();
        self.one(
            q::TEMPLATE_INSERT,
            vals![workspace, row.template_id.clone(), row.name, row.channel, row.created_at],
        );
        self.one(
            q::TEMPLATE_VERSION_INSERT,
            vals![workspace, row.template_id, 1i64, row.source, row.created_at],
        );
    }

    /// Stores a new version over the version in `template`.
    pub fn update_template(&mut self, workspace: WorkspaceId, template: &TemplateRow) {
        let row = template.clone();
        self.one(
            q::TEMPLATE_UPDATE,
            vals![workspace, row.template_id.clone(), row.version, row.name, row.channel, row.updated_at],
        );
        self.one(
            q::TEMPLATE_VERSION_INSERT,
            vals![workspace, row.template_id, row.version + 1, row.source, row.updated_at],
        );
    }

    /// Writes a decision into the ledger; a decision of the same key that is there already is a
    /// [`StoreError::Duplicate`]. What attempts leave in a row (the detail, the version of the template, the
    /// attempts and their instants, the provider's id) starts empty, whatever `message` says.
    pub fn insert_message(&mut self, message: MessageRow) {
        let m = message;
        self.one(
            q::MESSAGE_INSERT,
            vals![
                m.message_no,
                m.workspace,
                m.id,
                m.key,
                m.profile,
                m.origin,
                m.journey_id,
                m.run_id,
                m.node,
                m.template_id,
                m.channel,
                m.purpose,
                m.address,
                m.state,
                m.reason,
                m.decided_at,
                m.due_at,
                m.context,
                m.campaign_id,
                m.campaign_run
            ],
        );
    }

    /// Marks a queued message as being handed over, before the channel is called.
    pub fn claim_message(&mut self, message: &MessageRow, address: &str, now: Timestamp) {
        self.one(
            q::MESSAGE_CLAIM,
            vals![message.message_no, now, address.to_owned(), message.template_version],
        );
    }

    pub fn accept_message(
        &mut self,
        message_no: i64,
        detail: String,
        at: Timestamp,
        provider_id: Option<String>,
    ) {
        self.one(q::MESSAGE_ACCEPT, vals![message_no, detail, at, provider_id]);
    }

    /// The provider says that it arrived; one that nobody knew about counts as accepted.
    pub fn message_delivered(&mut self, message_no: i64, at: Timestamp) {
        self.any(q::MESSAGE_DELIVERED, vals![message_no, at]);
    }

    /// The person has seen it.
    pub fn message_seen(&mut self, message_no: i64, at: Timestamp) {
        self.any(q::MESSAGE_SEEN, vals![message_no, at]);
    }

    /// The provider, which had accepted it, says that it did not arrive and will not.
    pub fn message_returned(&mut self, message_no: i64, reason: &str, detail: String) {
        self.any(q::MESSAGE_RETURNED, vals![message_no, reason.to_owned(), detail]);
    }

    /// What it cost, in minor units of the shop's currency.
    pub fn set_message_price(&mut self, message_no: i64, price: Option<i64>) {
        self.any(q::MESSAGE_PRICE, vals![message_no, price]);
    }

    /// Sends a message another way: it is queued anew on that channel, with that template. It must be in the state.
    #[expect(clippy::too_many_arguments, reason = "one column each")]
    pub fn switch_message(
        &mut self,
        message_no: i64,
        from: &'static str,
        channel: Channel,
        template_id: &str,
        context: String,
        reason: &str,
        detail: String,
        due_at: Timestamp,
    ) {
        self.one(
            q::MESSAGE_SWITCH,
            vals![
                message_no,
                from,
                channel.as_str(),
                template_id.to_owned(),
                context,
                reason.to_owned(),
                detail,
                due_at
            ],
        );
    }

    /// The last attempt counts as none: the other side only named a later hour.
    pub fn uncount_attempt(&mut self, message_no: i64) {
        self.any(q::MESSAGE_UNCOUNT, vals![message_no]);
    }

    /// When the message counts as not delivered; `None`: never.
    pub fn set_fall_back(&mut self, message_no: i64, at: Option<Timestamp>) {
        self.any(q::MESSAGE_FALL_BACK, vals![message_no, at]);
    }

    /// When the provider is asked next what became of a message; `None`: not any more.
    pub fn set_ask(&mut self, message_no: i64, at: Option<Timestamp>) {
        self.any(q::MESSAGE_ASK, vals![message_no, at]);
    }

    /// Remembers that something was told, so that it counts once; its name is looked for as that of an event.
    pub fn remember_telling(&mut self, workspace: WorkspaceId, name: &str, at: Timestamp) {
        let key = crate::history::MessageKey::of(name);
        self.any(q::EVENT_MESSAGE_INSERT, vals![crate::history::bucket(at), workspace, key.0.to_vec(), 0i64]);
    }

    /// Turns a message from one state to another with the reason. It must be in the first.
    #[expect(clippy::too_many_arguments, reason = "one column each")]
    pub fn turn_message(
        &mut self,
        message_no: i64,
        from: &'static str,
        to: &'static str,
        reason: &str,
        detail: String,
        due_at: Timestamp,
        address: Option<String>,
    ) {
        self.one(q::MESSAGE_TURN, vals![message_no, from, to, reason.to_owned(), detail, due_at, address]);
    }

    /// Calls off what a run's advertisements still wait to send.
    pub fn cancel_messages_of_run(&mut self, workspace: WorkspaceId, run_id: &str, reason: &str) {
        self.any(q::MESSAGE_CANCEL_RUN, vals![workspace, run_id.to_owned(), reason.to_owned()]);
    }

    pub fn log_message(
        &mut self,
        workspace: WorkspaceId,
        message_no: i64,
        at: Timestamp,
        what: &str,
        detail: String,
    ) {
        self.one(q::MESSAGE_LOG_INSERT, vals![workspace, message_no, at, what.to_owned(), detail]);
    }

    pub fn set_body(&mut self, workspace: WorkspaceId, message_no: i64, at: Timestamp, body: &Body) {
        let pack = |part: &Option<String>| {
            part.as_ref().map(|text| lz4_flex::compress_prepend_size(text.as_bytes()))
        };
        self.one(
            q::BODY_SET,
            vals![
                workspace,
                message_no,
                at,
                body.subject.clone(),
                pack(&body.html),
                pack(&body.text),
                crate::changeset::json(&body.links)
            ],
        );
    }

    /// Forgets the words of messages sent before the instant; their links stay, so that old mails still lead on.
    pub fn expire_bodies(&mut self, workspace: WorkspaceId, before: Timestamp) {
        self.any(q::BODY_EXPIRE, vals![workspace, before]);
    }

    pub fn add_responses(&mut self, workspace: WorkspaceId, message_no: i64, more: &Responses) {
        self.one(
            q::RESPONSE_ADD,
            vals![
                workspace,
                message_no,
                more.opens,
                more.clicks,
                more.machine_opens,
                more.machine_clicks,
                more.first_opened_at,
                more.first_clicked_at,
                more.unsubscribed_at
            ],
        );
    }

    /// Puts an address on the list; one that is there keeps its first reason.
    pub fn suppress(&mut self, workspace: WorkspaceId, row: SuppressionRow) {
        self.any(
            q::SUPPRESSION_SET,
            vals![workspace, row.channel, row.address, row.reason, row.detail, row.at],
        );
    }

    pub fn release_suppression(&mut self, workspace: WorkspaceId, channel: &str, address: &str) {
        self.any(q::SUPPRESSION_DELETE, vals![workspace, channel.to_owned(), address.to_owned()]);
    }
}

fn read_template(mut row: Row) -> Result<TemplateRow, StoreError> {
    Ok(TemplateRow {
        template_id: row.take_text(0)?,
        name: row.take_text(1)?,
        channel: row.take_text(2)?,
        version: row.int(3)?,
        created_at: row.at(4)?,
        updated_at: row.at(5)?,
        source: row.take_text(6)?,
    })
}

pub(crate) fn read_message(mut row: Row) -> Result<MessageRow, StoreError> {
    let owned = |row: &Row, at: usize| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    Ok(MessageRow {
        message_no: row.int(0)?,
        workspace: row.workspace(1)?,
        id: row.take_text(2)?,
        key: row.take_text(3)?,
        profile: row.profile(4)?,
        origin: row.take_text(5)?,
        journey_id: owned(&row, 6)?,
        run_id: owned(&row, 7)?,
        node: owned(&row, 8)?,
        template_id: owned(&row, 9)?,
        template_version: row.opt_int(10)?,
        channel: row.take_text(11)?,
        purpose: row.take_text(12)?,
        address: owned(&row, 13)?,
        state: row.take_text(14)?,
        reason: row.take_text(15)?,
        detail: row.take_text(16)?,
        decided_at: row.at(17)?,
        due_at: row.at(18)?,
        attempts: row.int(19)?,
        attempted_at: row.opt_at(20)?,
        accepted_at: row.opt_at(21)?,
        provider_id: owned(&row, 22)?,
        context: row.take_text(23)?,
        campaign_id: owned(&row, 24)?,
        campaign_run: row.opt_int(25)?,
    })
}

fn unpack(part: Option<&[u8]>) -> Result<Option<String>, StoreError> {
    let Some(bytes) = part else { return Ok(None) };
    let text = lz4_flex::decompress_size_prepended(bytes).map_err(|error| error.to_string());
    let text = text.and_then(|text| String::from_utf8(text).map_err(|error| error.to_string()));
    text.map(Some).map_err(|error| crate::changeset::unreadable("a message's body", error))
}

impl ReadTx<'_> {
    pub fn template(&mut self, workspace: WorkspaceId, id: &str) -> Result<Option<TemplateRow>, StoreError> {
        self.query_opt(q::TEMPLATE_FIND, &vals![workspace, id])?.map(read_template).transpose()
    }

    pub fn templates(&mut self, workspace: WorkspaceId) -> Result<Vec<TemplateRow>, StoreError> {
        self.query(q::TEMPLATE_LIST, &vals![workspace])?.into_iter().map(read_template).collect()
    }

    pub fn template_version(
        &mut self,
        workspace: WorkspaceId,
        id: &str,
        version: i64,
    ) -> Result<Option<String>, StoreError> {
        let row = self.query_opt(q::TEMPLATE_VERSION_FIND, &vals![workspace, id, version])?;
        row.map(|row| row.into_text(0)).transpose()
    }

    /// Messages of a channel, of one workspace or all, that are to go out at or before the instant: first what people
    /// wait for (transactional), then the rest, each in the order in which they were due.
    pub fn due_messages(
        &mut self,
        channel: Channel,
        workspace: Option<WorkspaceId>,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        // No workspace has a negative number.
        let of = workspace.map_or(-1, |workspace| workspace.0);
        let mut rows = self.query(q::MESSAGE_DUE_SERVICE, &vals![channel.as_str(), until, limit, of])?;
        let left = limit - rows.len() as i64;
        if left > 0 {
            rows.extend(self.query(q::MESSAGE_DUE, &vals![channel.as_str(), until, left, of])?);
        }
        rows.into_iter().map(read_message).collect()
    }

    /// When the next message of a channel is due.
    pub fn next_message_due(&mut self, channel: Channel) -> Result<Option<Timestamp>, StoreError> {
        let row = self.query_opt(q::MESSAGE_NEXT_DUE, &vals![channel.as_str()])?;
        Ok(row.map(|row| row.opt_at(0)).transpose()?.flatten())
    }

    /// Messages whose hand-over was begun and never settled: a process died on them.
    pub fn stranded_messages(&mut self, limit: i64) -> Result<Vec<MessageRow>, StoreError> {
        self.query(q::MESSAGE_STRANDED, &vals![limit])?.into_iter().map(read_message).collect()
    }

    pub fn message(&mut self, workspace: WorkspaceId, id: &str) -> Result<Option<MessageRow>, StoreError> {
        self.query_opt(q::MESSAGE_FIND, &vals![workspace, id])?.map(read_message).transpose()
    }

    pub fn message_by_no(
        &mut self,
        workspace: WorkspaceId,
        no: i64,
    ) -> Result<Option<MessageRow>, StoreError> {
        self.query_opt(q::MESSAGE_BY_NO, &vals![workspace, no])?.map(read_message).transpose()
    }

    /// The message of a decision.
    pub fn message_by_key(
        &mut self,
        workspace: WorkspaceId,
        key: &str,
    ) -> Result<Option<MessageRow>, StoreError> {
        self.query_opt(q::MESSAGE_BY_KEY, &vals![workspace, key])?.map(read_message).transpose()
    }

    pub fn message_key_is_taken(&mut self, workspace: WorkspaceId, key: &str) -> Result<bool, StoreError> {
        Ok(!self.query(q::MESSAGE_BY_KEY, &vals![workspace, key])?.is_empty())
    }

    /// Newest first, from below a number.
    pub fn messages_of_profile(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        before: i64,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let rows = self.query(q::MESSAGE_OF_PROFILE, &vals![workspace, profile, before, limit])?;
        rows.into_iter().map(read_message).collect()
    }

    /// Newest first, from below a number; an empty filter lets everything through.
    pub fn message_page(
        &mut self,
        workspace: WorkspaceId,
        before: i64,
        limit: i64,
        state: &str,
        channel: &str,
        journey_id: &str,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let rows =
            self.query(q::MESSAGE_PAGE, &vals![workspace, before, limit, state, channel, journey_id])?;
        rows.into_iter().map(read_message).collect()
    }

    /// The newest decisions first, from before an instant and a number, back to `since`.
    pub fn ledger(
        &mut self,
        workspace: WorkspaceId,
        of: LedgerOf<'_>,
        before: (Timestamp, i64),
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let (at, no) = before;
        let rows = match of {
            LedgerOf::Whole => self.query(q::LEDGER_WHOLE, &vals![workspace, at, no, since, limit])?,
            LedgerOf::State(state) => {
                self.query(q::LEDGER_OF_STATE, &vals![workspace, at, no, since, limit, state])?
            }
            LedgerOf::Reason(reason) => {
                self.query(q::LEDGER_OF_REASON, &vals![workspace, at, no, since, limit, reason])?
            }
            LedgerOf::Campaign(id) => {
                self.query(q::LEDGER_OF_CAMPAIGN, &vals![workspace, at, no, since, limit, id])?
            }
            LedgerOf::Profile(profile) => {
                self.query(q::LEDGER_OF_PROFILE, &vals![workspace, at, no, since, limit, profile])?
            }
        };
        rows.into_iter().map(read_message).collect()
    }

    /// The subject of each message whose words are kept.
    pub fn subjects(&mut self, of: &[(WorkspaceId, i64)]) -> Result<Vec<Option<String>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let found = self.query_many(q::BODY_SUBJECT, &params)?;
        found.iter().map(|rows| rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose()).collect()
    }

    /// Messages by channel, state and reason, decided since the instant.
    pub fn message_states(
        &mut self,
        workspace: WorkspaceId,
        since: Timestamp,
    ) -> Result<Vec<(String, String, String, i64)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?, row.take_text(2)?, row.int(3)?));
        self.query(q::MESSAGE_STATES, &vals![workspace, since])?.into_iter().map(read).collect()
    }

    pub fn message_log(&mut self, workspace: WorkspaceId, no: i64) -> Result<Vec<MessageLogRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(MessageLogRow { at: row.at(0)?, what: row.take_text(1)?, detail: row.take_text(2)? })
        };
        self.query(q::MESSAGE_LOG_LIST, &vals![workspace, no])?.into_iter().map(read).collect()
    }

    pub fn body(&mut self, workspace: WorkspaceId, no: i64) -> Result<Option<Body>, StoreError> {
        let Some(row) = self.query_opt(q::BODY_FIND, &vals![workspace, no])? else { return Ok(None) };
        Ok(Some(Body {
            subject: row.text(0)?.to_owned(),
            html: unpack(row.opt_bytes(1)?)?,
            text: unpack(row.opt_bytes(2)?)?,
            links: serde_json::from_str(row.text(3)?)
                .map_err(|error| crate::changeset::unreadable("a message's links", error))?,
        }))
    }

    pub fn responses(&mut self, workspace: WorkspaceId, no: i64) -> Result<Responses, StoreError> {
        let Some(row) = self.query_opt(q::RESPONSE_FIND, &vals![workspace, no])? else {
            return Ok(Responses::default());
        };
        Ok(Responses {
            opens: row.int(0)?,
            clicks: row.int(1)?,
            machine_opens: row.int(2)?,
            machine_clicks: row.int(3)?,
            first_opened_at: row.opt_at(4)?,
            first_clicked_at: row.opt_at(5)?,
            unsubscribed_at: row.opt_at(6)?,
        })
    }

    pub fn course(&mut self, workspace: WorkspaceId, no: i64) -> Result<Course, StoreError> {
        let Some(row) = self.query_opt(q::MESSAGE_COURSE, &vals![workspace, no])? else {
            return Ok(Course::default());
        };
        Ok(Course {
            delivered_at: row.opt_at(0)?,
            seen_at: row.opt_at(1)?,
            price: row.opt_int(2)?,
            fall_back_at: row.opt_at(3)?,
        })
    }

    /// Messages whose time to be delivered is over, the longest first.
    pub fn fall_backs_due(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(i64, WorkspaceId)>, StoreError> {
        let rows = self.query(q::MESSAGE_FALL_BACKS_DUE, &vals![now, limit])?;
        rows.iter().map(|row| Ok((row.int(0)?, row.workspace(1)?))).collect()
    }

    pub fn next_fall_back(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.query_opt(q::MESSAGE_NEXT_FALL_BACK, &vals![])?;
        Ok(row.map(|row| row.opt_at(0)).transpose()?.flatten())
    }

    /// Accepted messages whose fate is to be asked for, the longest due first.
    pub fn asks_due(&mut self, now: Timestamp, limit: i64) -> Result<Vec<AskRow>, StoreError> {
        let rows = self.query(q::MESSAGE_ASKS_DUE, &vals![now, limit])?;
        let read = |row: &Row| {
            Ok(AskRow {
                message_no: row.int(0)?,
                workspace: row.workspace(1)?,
                channel: row.text(2)?.to_owned(),
                id: row.text(3)?.to_owned(),
                provider_id: row.opt_text(4)?.unwrap_or_default().to_owned(),
                address: row.opt_text(5)?.unwrap_or_default().to_owned(),
                accepted_at: row.opt_at(6)?.unwrap_or(now),
            })
        };
        rows.iter().map(read).collect()
    }

    pub fn next_ask(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.query_opt(q::MESSAGE_NEXT_ASK, &vals![])?;
        Ok(row.map(|row| row.opt_at(0)).transpose()?.flatten())
    }

    /// What became of a person's last messages, by channel.
    pub fn channel_results(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
    ) -> Result<BTreeMap<Channel, Results>, StoreError> {
        let mut found = BTreeMap::new();
        for row in self.query(q::MESSAGE_RESULTS, &vals![workspace, profile])? {
            if let Ok(channel) = row.text(0)?.parse::<Channel>() {
                let results = Results {
                    accepted: row.int(1)?,
                    delivered: row.int(2)?,
                    clicked: row.int(3)?,
                    failed: row.int(4)?,
                    bought: row.int(5)?,
                };
                found.insert(channel, results);
            }
        }
        Ok(found)
    }

    /// The newest message of a channel that the provider knows by this name.
    pub fn message_by_provider_id(
        &mut self,
        workspace: WorkspaceId,
        provider_id: &str,
        channel: Channel,
    ) -> Result<Option<i64>, StoreError> {
        let row =
            self.query_opt(q::MESSAGE_BY_PROVIDER_ID, &vals![workspace, provider_id, channel.as_str()])?;
        row.map(|row| row.int(0)).transpose()
    }

    /// The reason for which each address of a channel is on the list, if it is.
    pub fn suppressions_of(
        &mut self,
        of: &[(WorkspaceId, &str, &str)],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|(workspace, channel, to)| vals![*workspace, *channel, *to]).collect();
        let found = self.query_many(q::SUPPRESSION_FIND, &params)?;
        let mut listed: Vec<Option<String>> = found
            .iter()
            .map(|rows| rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose())
            .collect::<Result<_, StoreError>>()?;
        let numbers: Vec<usize> = (0..of.len()).filter(|place| of[*place].1 == "sms").collect();
        let asked: Vec<_> = numbers.iter().map(|place| (of[*place].0, of[*place].2)).collect();
        for (place, on_register) in numbers.iter().zip(self.do_not_call(&asked)?) {
            // What stops every message stays the reason.
            if on_register && listed[*place].as_deref() != Some("hard_bounce") {
                listed[*place] = Some("do_not_call".to_owned());
            }
        }
        Ok(listed)
    }

    /// By channel and address, from behind one.
    pub fn suppression_page(
        &mut self,
        workspace: WorkspaceId,
        filter: SuppressionFilter<'_>,
        after: (&str, &str),
        limit: i64,
    ) -> Result<Vec<SuppressionRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(SuppressionRow {
                channel: row.take_text(0)?,
                address: row.take_text(1)?,
                reason: row.take_text(2)?,
                detail: row.take_text(3)?,
                at: row.at(4)?,
            })
        };
        let SuppressionFilter { channel, reason, search } = filter;
        let params = vals![workspace, after.0, after.1, limit, channel, reason, search];
        self.query(q::SUPPRESSION_PAGE, &params)?.into_iter().map(read).collect()
    }

    /// Suppressed addresses by channel and reason.
    pub fn suppression_counts(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?));
        self.query(q::SUPPRESSION_COUNTS, &vals![workspace])?.into_iter().map(read).collect()
    }
}
