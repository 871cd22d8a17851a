//! What providers tell after they accepted a message: it arrived, came back, was read, reported, or answered.
//!
//! Everything that is told twice counts once. What cannot be matched yet, because the provider was faster than our own
//! bookkeeping, is looked at again for a quarter of an hour and then written down as rejected.

use crate::EngineError;
use crate::conduct::RefusedTemplate;
use crate::dispatch::{context_with, message_in_brief, plan_of, reject_code, suppression_of_class};
use crate::note::Response;
use crate::world::{ProfileKey, World, timer_kind};
use domain::bots::{self, BURST_MS, HONEYPOT_MS, Kind, Method, OpenOrClick, REOPEN_MS, Reason};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::delivery::{About, Receipt, RejectClass, Told};
use domain::hook::Topic;
use domain::identifier::{Identifier, IdentifierKind};
use domain::sending::SOFT_BOUNCE_GAP_MS;
use kit::{MINUTE_MS, ProfileNo, SECOND_MS, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::history::MessageKey;
use store::messages::{MessageRow, SuppressionRow};

/// A receipt of a message that nobody knows yet is looked at again after this time.
const LOOK_AGAIN_MS: i64 = 3 * SECOND_MS;
/// Until this time after it was told.
const LOOK_FOR_MS: i64 = 15 * MINUTE_MS;
/// What of a person's own words is kept, in characters.
const WORDS_CHARS: usize = 1_000;

/// A receipt that waits for its message; it is the subject of its timer.
#[derive(Serialize, Deserialize)]
struct Waiting {
    channel: Channel,
    provider: String,
    receipt: Receipt,
    told_at: i64,
}

impl World<'_> {
    pub(crate) fn take_receipts(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        provider: &str,
        receipts: Vec<Receipt>,
        told_at: Timestamp,
    ) -> Result<(), EngineError> {
        let clicks: Vec<Click> = receipts.iter().filter_map(|receipt| Click::of(receipt, told_at)).collect();
        for receipt in receipts {
            self.take_receipt(workspace, channel, provider, receipt, told_at, &clicks)?;
        }
        Ok(())
    }

    /// A receipt that waited for its message.
    pub(crate) fn receipt_is_due(
        &mut self,
        workspace: WorkspaceId,
        subject: &str,
    ) -> Result<(), EngineError> {
        // It was written by this module.
        let Ok(waiting) = serde_json::from_str::<Waiting>(subject) else { return Ok(()) };
        let Waiting { channel, provider, receipt, told_at } = waiting;
        self.take_receipt(workspace, channel, &provider, receipt, Timestamp::from_ms(told_at), &[])
    }

    fn take_receipt(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        provider: &str,
        receipt: Receipt,
        told_at: Timestamp,
        clicks: &[Click],
    ) -> Result<(), EngineError> {
        let at = happened_at(&receipt, told_at);
        let found = self.message_of(workspace, channel, &receipt.about)?;
        if found.is_none() && matches!(receipt.about, About::Key(_) | About::Provider(_)) {
            return self.wait_for_message(workspace, channel, provider, receipt, told_at);
        }
        let name = match &receipt.event_id {
            Some(id) => format!("receipt {channel} {provider} {id}"),
            None => {
                let told = serde_json::to_string(&(&receipt.about, &receipt.what, receipt.at));
                format!("receipt {channel} {provider} {}", told.unwrap_or_default())
            }
        };
        if !self.is_first_telling(workspace, &name, told_at)? {
            return Ok(());
        }
        // Of what is billed in another currency the estimate in the shop's own stays.
        if let (Some(price), Some(message)) = (&receipt.price, &found)
            && (0..=1_000_000_000).contains(&price.minor)
            && price.currency == self.shop(workspace)?.workspace.settings.currency().code()
        {
            self.receipts.set_message_price(message.message_no, Some(price.minor));
        }
        let address = match &receipt.about {
            About::Address(address) => Some(address.clone()),
            _ => found.as_ref().and_then(|message| message.address.clone()),
        };
        let key = match &found {
            Some(message) => self.current((workspace, message.profile))?,
            None => {
                address.as_deref().map(|to| self.holder_of(workspace, channel, to)).transpose()?.flatten()
            }
        };
        let detail = receipt.detail.clone();
        match (receipt.what, &found) {
            (Told::Delivered, Some(message)) => {
                self.receipts.message_delivered(message.message_no, at);
                if let Some(address) = &address {
                    self.receipts.clear_soft_bounces(workspace, channel.as_str(), address);
                    self.soft_bounced.remove(&(workspace, channel, address.clone()));
                }
                self.log_receipt(message, at, "delivered", detail);
                self.tell_message(key, message, Topic::MessageDelivered, "", at);
            }
            (Told::Delayed, Some(message)) => self.log_receipt(message, at, "delayed", detail),
            (Told::Seen, Some(message)) => {
                self.receipts.message_seen(message.message_no, at);
                self.take_response(workspace, message.message_no, Response::Opened, at, None, None)?;
            }
            (Told::Failed { class }, found) => {
                if let Some(suppression) = suppression_of_class(class) {
                    self.suppress_address(workspace, channel, address, suppression, &detail, at);
                }
                if class == RejectClass::Stopped
                    && let Some(key) = key
                {
                    self.take_stop(key, channel, &format!("provider:{provider}"), at)?;
                }
                if let Some(message) = found {
                    let reason = reject_code(class);
                    self.receipts.message_returned(message.message_no, reason, detail.clone());
                    self.log_receipt(message, at, reason, detail);
                    self.tell_message(key, message, Topic::MessageFailed, reason, at);
                    self.receipts.set_fall_back(message.message_no, None);
                    self.fall_back(workspace, message.message_no, at)?;
                }
            }
            (Told::SoftBounced, found) => {
                if let Some(message) = found {
                    let reason = "soft_bounce";
                    self.receipts.message_returned(message.message_no, reason, detail.clone());
                    self.log_receipt(message, at, reason, detail.clone());
                    self.tell_message(key, message, Topic::MessageFailed, reason, at);
                }
                self.take_soft_bounce(workspace, channel, address, &detail, at)?;
            }
            (Told::Complained, found) => {
                self.suppress_address(workspace, channel, address, "complaint", &detail, at);
                if let Some(message) = found {
                    self.log_receipt(message, at, "complained", detail);
                }
                if let Some(key) = key {
                    self.take_stop(key, channel, "complaint", at)?;
                }
            }
            (Told::Stopped, found) => {
                if let Some(message) = found {
                    self.log_receipt(message, at, "stopped", detail);
                }
                if let Some(key) = key {
                    self.take_stop(key, channel, &format!("provider:{provider}"), at)?;
                }
            }
            (Told::Started, _) => {
                // To follow is no consent to advertisements; what the shop makes of it is a matter of its journeys.
                if let Some(key) = key {
                    let properties = json!({ "channel": channel, "provider": provider });
                    self.happen(key, "Channel Followed", &name, properties, at)?;
                }
            }
            (Told::Opened { user_agent, ip }, Some(message)) => {
                let seen = Seen { kind: Kind::Open, user_agent, ip, url: None, at };
                if let Some(machine) = self.judged(message, &receipt.about, seen, clicks)? {
                    self.take_response(workspace, message.message_no, Response::Opened, at, machine, None)?;
                }
            }
            (Told::Clicked { url, user_agent, ip }, Some(message)) => {
                let seen = Seen { kind: Kind::Click, user_agent, ip, url: url.clone(), at };
                if let Some(machine) = self.judged(message, &receipt.about, seen, clicks)? {
                    self.take_response(workspace, message.message_no, Response::Clicked, at, machine, url)?;
                }
            }
            (Told::Said { text }, _) => {
                if let Some(key) = key {
                    self.take_words(key, channel, provider, &text, &name, at)?;
                }
            }
            (Told::TemplateTurned { status, is_refused }, _) => {
                let About::Template(template_id) = receipt.about else { return Ok(()) };
                self.receipts.turn_provider_template(workspace, channel.as_str(), &template_id, &status);
                if is_refused {
                    self.refused_templates.push(RefusedTemplate {
                        workspace,
                        channel,
                        template_id,
                        why: detail,
                    });
                }
            }
            // Without a message there is nothing to write these on.
            (
                Told::Delivered | Told::Delayed | Told::Seen | Told::Opened { .. } | Told::Clicked { .. },
                None,
            ) => {}
        }
        if let Some(key) = key {
            self.touch(key, false, |touch| touch.messages = true);
            self.changed.insert(key);
        }
        Ok(())
    }

    /// A message that was accepted did not arrive: a new one goes its next way.
    pub(crate) fn fall_back(
        &mut self,
        workspace: WorkspaceId,
        message_no: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let (found, course) = store
            .read(|tx| Ok((tx.message_by_no(workspace, message_no)?, tx.course(workspace, message_no)?)))?;
        let Some(message) = found.filter(|_| course.delivered_at.is_none()) else { return Ok(()) };
        let context: Value = serde_json::from_str(&message.context).unwrap_or_default();
        let Some(mut plan) = plan_of(&context) else { return Ok(()) };
        let Some(way) = plan.give_up() else { return Ok(()) };
        let Some(key) = self.current((workspace, message.profile))? else { return Ok(()) };
        let root = message.key.rsplit_once("#way").map_or(message.key.as_str(), |(root, _)| root);
        let next_key = format!("{root}#way{}", plan.tried + 1);
        let taken = store.read(|tx| tx.message_key_is_taken(workspace, &next_key))?;
        if taken || self.messages.iter().any(|m| m.workspace == workspace && m.key == next_key) {
            return Ok(());
        }
        let next = self.new_message(key, &next_key, at);
        let detail = format!("{} was not delivered; {} is tried", message.channel, way.channel);
        self.log_receipt(&message, at, "fell_back", detail);
        self.messages.push(MessageRow {
            origin: message.origin,
            journey_id: message.journey_id,
            run_id: message.run_id,
            node: message.node,
            campaign_id: message.campaign_id,
            campaign_run: message.campaign_run,
            template_id: Some(way.template.clone()),
            channel: way.channel.to_string(),
            purpose: message.purpose,
            reason: String::new(),
            context: context_with(&context, Some(&plan)),
            ..next
        });
        Ok(())
    }

    /// Somebody wrote back.
    fn take_words(
        &mut self,
        key: ProfileKey,
        channel: Channel,
        provider: &str,
        text: &str,
        name: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let text: String = text.chars().take(WORDS_CHARS).collect();
        if domain::stop_words::is_stop(&text) {
            self.take_stop(key, channel, "reply", at)?;
        }
        let properties = json!({ "channel": channel, "provider": provider, "text": text });
        self.happen(key, "Message Received", name, properties, at)
    }

    /// Somebody wants no more advertisements on a channel.
    pub(crate) fn take_stop(
        &mut self,
        key: ProfileKey,
        channel: Channel,
        source: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let record = ConsentRecord::new(channel, Purpose::Marketing, ConsentState::Denied, at, source);
        self.refuse_from_now(key, record)
    }

    fn message_of(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        about: &About,
    ) -> Result<Option<MessageRow>, EngineError> {
        let store = self.store;
        Ok(match about {
            About::Key(id) => store.read(|tx| tx.message(workspace, id))?,
            About::Provider(id) => store.read(|tx| {
                let no = tx.message_by_provider_id(workspace, id, channel)?;
                no.map(|no| tx.message_by_no(workspace, no)).transpose().map(Option::flatten)
            })?,
            About::Address(_) | About::Template(_) => None,
        })
    }

    /// Who holds an address of a channel.
    fn holder_of(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        address: &str,
    ) -> Result<Option<ProfileKey>, EngineError> {
        let kind = match channel {
            Channel::Email => IdentifierKind::Email,
            Channel::Sms => IdentifierKind::Phone,
            Channel::Zalo if address.starts_with('+') => IdentifierKind::Phone,
            Channel::Zalo => IdentifierKind::ZaloId,
            Channel::Push => IdentifierKind::PushEndpoint,
            Channel::Onsite | Channel::Webhook => return Ok(None),
        };
        match Identifier::new(kind, address) {
            Ok(identifier) => self.owner(workspace, &identifier),
            Err(_) => Ok(None),
        }
    }

    /// Whether something is told for the first time; remembers it.
    fn is_first_telling(
        &mut self,
        workspace: WorkspaceId,
        name: &str,
        told_at: Timestamp,
    ) -> Result<bool, EngineError> {
        let store = self.store;
        let key = MessageKey::of(name);
        let told = store.read(|tx| tx.seen_messages(&[(workspace, key, told_at)]))?.contains(&true);
        if told || self.is_repeated(workspace, name) {
            return Ok(false);
        }
        self.receipts.remember_telling(workspace, name, told_at);
        Ok(true)
    }

    fn wait_for_message(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        provider: &str,
        receipt: Receipt,
        told_at: Timestamp,
    ) -> Result<(), EngineError> {
        if self.at.since_ms(told_at) >= LOOK_FOR_MS {
            let detail = format!("{provider} told of a message on {channel} that the ledger does not know");
            self.reject(workspace, told_at, "receipt_unmatched", detail, String::new());
            return Ok(());
        }
        let waiting = Waiting { channel, provider: provider.to_owned(), receipt, told_at: told_at.ms() };
        if let Ok(subject) = serde_json::to_string(&waiting) {
            let due_at = self.at.plus_ms(LOOK_AGAIN_MS);
            self.set_timer((workspace, ProfileNo(0)), timer_kind::RECEIPT, &subject, Some(due_at));
        }
        Ok(())
    }

    fn log_receipt(&mut self, message: &MessageRow, at: Timestamp, what: &str, detail: String) {
        self.receipts.log_message(message.workspace, message.message_no, at, what, detail);
    }

    fn tell_message(
        &mut self,
        key: Option<ProfileKey>,
        message: &MessageRow,
        topic: Topic,
        reason: &str,
        at: Timestamp,
    ) {
        let is_trial = matches!(message.origin.as_str(), "test" | "staff");
        if let (Some(key), false) = (key, is_trial) {
            self.tell_hooks(key, topic, at, || {
                let mut brief = message_in_brief(message);
                if !reason.is_empty() {
                    brief["reason"] = Value::from(reason);
                }
                brief
            });
        }
    }

    /// The mailbox was full or away once more; when it was so for days, nothing goes there any more.
    fn take_soft_bounce(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        address: Option<String>,
        detail: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(address) = address else { return Ok(()) };
        let channel_name = channel.as_str();
        let key = (workspace, channel, address.clone());
        let store = self.store;
        // What this batch counted already is not in the store yet.
        let before = match self.soft_bounced.get(&key) {
            Some(counted) => Some(*counted),
            None => store
                .read(|tx| tx.soft_bounces(workspace, channel_name, &address))?
                .filter(|found| found.last_at >= at.plus_ms(-SOFT_BOUNCE_GAP_MS))
                .map(|found| (u32::try_from(found.count).unwrap_or(u32::MAX), found.first_at)),
        };
        let (count, first) =
            before.map_or((1, at), |(count, first)| (count.saturating_add(1), first.min(at)));
        self.soft_bounced.insert(key, (count, first));
        let since = at.plus_ms(-SOFT_BOUNCE_GAP_MS);
        self.receipts.count_soft_bounce(workspace, channel_name, &address, at, since);
        if self.shop(workspace)?.workspace.settings.deliverability.is_worn_out(count, first, at) {
            self.suppress_address(workspace, channel, Some(address), "soft_bounce", detail, at);
        }
        Ok(())
    }

    fn suppress_address(
        &mut self,
        workspace: WorkspaceId,
        channel: Channel,
        address: Option<String>,
        reason: &str,
        detail: &str,
        at: Timestamp,
    ) {
        let Some(address) = address else { return };
        let row = SuppressionRow {
            channel: channel.to_string(),
            address,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            at,
        };
        self.suppress(workspace, row);
    }
}

/// When it happened. A provider's clock may be wrong; nothing happens after it was told.
fn happened_at(receipt: &Receipt, told_at: Timestamp) -> Timestamp {
    receipt.at.map_or(told_at, |at| Timestamp::from_ms(at).min(told_at))
}

/// A click that a provider told of together with others.
struct Click {
    about: About,
    url: String,
    at: Timestamp,
}

impl Click {
    fn of(receipt: &Receipt, told_at: Timestamp) -> Option<Click> {
        let Told::Clicked { url, .. } = &receipt.what else { return None };
        let url = url.clone().unwrap_or_default();
        Some(Click { about: receipt.about.clone(), url, at: happened_at(receipt, told_at) })
    }
}

/// What a provider saw.
struct Seen {
    kind: Kind,
    user_agent: Option<String>,
    ip: Option<String>,
    url: Option<String>,
    at: Timestamp,
}

/// What came of a message about the same time.
#[derive(Default)]
struct Around {
    links: BTreeSet<String>,
    honeypot_hit: bool,
    /// By people, by machines.
    is_opened: [bool; 2],
}

impl Around {
    /// A line of the message's log that far from the request.
    fn add(&mut self, what: &str, detail: &str, apart_ms: i64) {
        match what {
            "clicked" if apart_ms <= BURST_MS => drop(self.links.insert(detail.to_owned())),
            "machine_clicked" if detail == Reason::Honeypot.as_str() => {
                self.honeypot_hit |= apart_ms <= HONEYPOT_MS;
            }
            // Which links they were is not kept: they are one at least.
            "machine_clicked" if apart_ms <= BURST_MS => drop(self.links.insert(String::new())),
            "opened" => self.is_opened[0] |= apart_ms <= REOPEN_MS,
            "machine_opened" => self.is_opened[1] |= apart_ms <= REOPEN_MS,
            _ => {}
        }
    }
}

/// Whether an address is that of a link of ours, of this kind: `c` counts a click, `h` is hidden from people.
fn is_own_link(url: Option<&str>, kind: &str) -> bool {
    let path = url.and_then(|url| url.split_once("://")?.1.split_once('/')).map(|(_, path)| path);
    path.is_some_and(|path| path.starts_with(&format!("e/{kind}/")))
}

impl World<'_> {
    /// Why what a provider counted was a machine's doing, judged as our own links are: `Some(None)` is a person.
    /// `None`: it was counted already, by our own link or a moment ago.
    fn judged(
        &self,
        message: &MessageRow,
        about: &About,
        seen: Seen,
        clicks: &[Click],
    ) -> Result<Option<Option<String>>, EngineError> {
        let Seen { kind, user_agent, ip, url, at } = seen;
        if is_own_link(url.as_deref(), "c") {
            return Ok(None);
        }
        let mut around = Around::default();
        let (store, workspace, no) = (self.store, message.workspace, message.message_no);
        for line in store.read(|tx| tx.message_log(workspace, no))? {
            around.add(&line.what, &line.detail, line.at.since_ms(at).abs());
        }
        // What this batch has found is not in the store yet.
        for (on, what, detail) in self.responses_to(workspace, no) {
            around.add(what, detail, on.since_ms(at).abs());
        }
        // A provider tells much at once: of a burst the first click is known by those behind it.
        for click in clicks.iter().filter(|click| click.about == *about) {
            let apart_ms = click.at.since_ms(at).abs();
            if is_own_link(Some(&click.url), "h") {
                around.honeypot_hit |= apart_ms <= HONEYPOT_MS;
            } else if apart_ms <= BURST_MS {
                around.links.insert(click.url.clone());
            }
        }
        if kind == Kind::Click {
            around.links.insert(url.clone().unwrap_or_default());
        }
        let sent_at = message.accepted_at.or(message.attempted_at);
        let verdict = bots::classify(&OpenOrClick {
            kind,
            method: Method::Get,
            user_agent: user_agent.as_deref().unwrap_or_default(),
            purpose: "",
            ip: ip.and_then(|ip| ip.parse().ok()),
            ms_since_sent: sent_at.map(|sent_at| at.since_ms(sent_at)),
            links_within_burst: u32::try_from(around.links.len()).unwrap_or(u32::MAX),
            honeypot_hit: around.honeypot_hit || is_own_link(url.as_deref(), "h"),
        });
        let is_repeated = kind == Kind::Open && around.is_opened[usize::from(!verdict.is_person())];
        Ok((!is_repeated).then(|| crate::note::machine_of(verdict)))
    }
}
