//! What becomes of one message that is due: it goes with its words, waits, or is refused.

use super::claim::DueMessage;
use super::{Asked, CHANNEL_WAIT_MS, Dispatcher, Identity, ask_gate};
use crate::EngineError;
use crate::contents::{self, Parts, Unfit};
use crate::facts::zone_of;
use crate::render::{Occasion, RenderFailure};
use crate::turns::{Rank, Turns, topic_of};
use domain::consent::{Channel, Purpose};
use domain::delivery::{Content, Delivery, MessageClass, TextContent, WebhookContent};
use domain::gate::{Decision, Reason};
use domain::profile::Profile;
use domain::template::design::Design;
use domain::ways::Plan;
use kit::{HOUR_MS, Timestamp, WorkspaceId};
use serde_json::Value;
use std::sync::Arc;
use store::access::Workspace;
use store::messages::{MessageRow, TemplateRow};

pub(super) enum Fate {
    Go(Box<Delivery>, store::messages::Body),
    Wait(Timestamp, &'static str, String),
    Refuse(&'static str, String),
}

impl Dispatcher {
    /// The address to which this message returns when it cannot be delivered.
    fn return_path(&self, message: &MessageRow, identity: &Identity) -> Option<String> {
        let Some((local, domain)) = identity.returns.as_deref().and_then(|address| address.split_once('@'))
        else {
            return identity.return_path.clone();
        };
        let token = self.composer.key.return_token(message.workspace, message.message_no);
        Some(format!("{local}+{token}@{domain}"))
    }

    #[expect(clippy::too_many_arguments, reason = "all that a decision depends on, each once")]
    pub(super) fn fate(
        &mut self,
        asked: &mut DueMessage,
        workspace: &Workspace,
        channel: Channel,
        purpose: Purpose,
        profile: Option<&Profile>,
        turns: &Turns,
        now: Timestamp,
    ) -> Result<Fate, EngineError> {
        let Some(profile) = profile else {
            return Ok(Fate::Refuse("profile_gone", "the profile no longer exists".into()));
        };
        let DueMessage { row: message, context, address, suppression, order, plan, .. } = asked;
        let (context, address) = (&*context, address.take());
        if channel != Channel::Webhook && !matches!(message.origin.as_str(), "staff" | "test") {
            let zone = zone_of(profile, &workspace.settings.zone());
            let topic = self.topic(message, context)?;
            let recent = turns.recent(message, channel, address.as_deref());
            let sends_by = |channel| self.identities.contains_key(&(message.workspace, channel));
            let ahead = turns.ahead(message, Rank::of(message, context), now, sends_by);
            let about = Asked {
                topic: topic.as_deref(),
                suppression: *suppression,
                recent: &recent,
                ahead: &ahead,
                ..Asked::of(channel, purpose, &zone)
            };
            match ask_gate(workspace, profile, &about, message.decided_at, now) {
                Decision::Send => {}
                Decision::Wait(until, reason) => return Ok(Fate::Wait(until, reason.code(), String::new())),
                Decision::Refuse(reason) => return Ok(Fate::Refuse(reason.code(), String::new())),
            }
        }
        let Some(address) = address else { return Ok(Fate::Refuse(Reason::NoAddress.code(), String::new())) };
        let identity = self.identities.get(&(message.workspace, channel)).cloned();
        let identity = match (identity, channel) {
            (Some(identity), _) => identity,
            // A webhook needs no set-up: its node says where it goes.
            (None, Channel::Webhook) => Identity::default(),
            (None, _) if plan.as_ref().is_some_and(Plan::has_another) => {
                return Ok(Fate::Refuse(
                    "channel_not_set_up",
                    format!("the channel {channel} is not set up"),
                ));
            }
            (None, _) => {
                let wait_ms_max = i64::from(workspace.settings.policy.wait_hours_max) * HOUR_MS;
                if now.since_ms(message.decided_at) > wait_ms_max {
                    return Ok(Fate::Refuse(
                        Reason::WaitedTooLong.code(),
                        "the channel was never set up".into(),
                    ));
                }
                let detail = format!("the channel {channel} is not set up");
                return Ok(Fate::Wait(now.plus_ms(CHANNEL_WAIT_MS), "channel_not_set_up", detail));
            }
        };
        let insight = self.insights.of(message.workspace);
        let occasion = Occasion {
            workspace,
            insight: &insight,
            message_no: message.message_no,
            channel: channel.as_str(),
            purpose,
            campaign: "",
            context,
            order: order.as_ref(),
            now,
            preview: false,
        };
        if channel == Channel::Webhook && context.get("staff").is_none() {
            let told = context["webhook"]["body"].as_str();
            let filled = told.map(|text| self.composer.fill_in("", text, profile, &occasion)).transpose();
            return Ok(match filled {
                Ok(filled) => self.webhook(message, profile, context, filled.map(|(_, text)| text), now),
                Err(failure) => Fate::Refuse(failure.code(), failure.detail()),
            });
        }
        if let Some(staff) = context.get("staff").or_else(|| context.get("notice")) {
            let word = |key: &str| staff[key].as_str().unwrap_or_default();
            // A notice with a gap tells staff more than none.
            let occasion = Occasion { preview: true, ..occasion };
            let filled = self.composer.fill_in(word("subject"), word("message"), profile, &occasion);
            let (subject, text) = match filled {
                Ok(filled) => filled,
                Err(failure) => return Ok(Fate::Refuse(failure.code(), failure.detail())),
            };
            let body = store::messages::Body { subject, html: None, text: Some(text), links: Vec::new() };
            let parts = Parts {
                message,
                identity: &identity,
                to_name: None,
                unsubscribe_url: None,
                return_path: self.return_path(message, &identity),
                now,
            };
            let content = match channel {
                Channel::Email => contents::email(&parts, &body),
                Channel::Webhook => Some(contents::notice(&body)),
                _ => Some(Content::Text(TextContent {
                    body: body.text.clone().unwrap_or_default(),
                    class: MessageClass::Care,
                })),
            };
            return Ok(handed_over(message, address, content, body, channel, now));
        }
        let template_id = message.template_id.clone().unwrap_or_default();
        let Some(template) = self.template(message.workspace, &template_id)? else {
            let missing = RenderFailure::TemplateMissing;
            return Ok(Fate::Refuse(missing.code(), missing.detail()));
        };
        message.template_version = Some(template.version);
        let occasion = Occasion { campaign: &template.template_id, ..occasion };
        let composed = match self.composer.compose(&template, profile, &occasion) {
            Err(failure) => return Ok(Fate::Refuse(failure.code(), failure.detail())),
            Ok(composed) => composed,
        };
        let mut body = composed.body;
        let parts = Parts {
            message,
            identity: &identity,
            to_name: profile.full_name(),
            unsubscribe_url: (purpose == Purpose::Marketing).then_some(composed.unsubscribe_url),
            return_path: self.return_path(message, &identity),
            now,
        };
        let known = self.composer.known(message.workspace, &template);
        let content = match (channel, &known.design) {
            (Channel::Email, _) => Ok(contents::email(&parts, &body)),
            (Channel::Push | Channel::Onsite, design) => {
                let push = match design {
                    Some(Design::Push(push)) => Some(push),
                    _ => None,
                };
                contents::push(&self.composer, push, &mut body, profile, &occasion, message).map(Some)
            }
            (Channel::Zalo, Some(Design::Zns(zns))) => {
                contents::zns(&self.composer, zns, profile, &occasion).map(Some)
            }
            // What is no approved template goes to those alone whom the account knows.
            (Channel::Zalo, _) if address.starts_with('+') => {
                let detail =
                    "without a template that Zalo approved, only to who follows the account".to_owned();
                Err(Unfit { code: Reason::NoAddress.code(), detail })
            }
            _ => contents::text(&occasion, known.sms_marks, &mut body).map(Some),
        };
        Ok(match content {
            Ok(content) => handed_over(message, address, content, body, channel, now),
            Err(Unfit { code, detail }) => Fate::Refuse(code, detail),
        })
    }

    /// `filled` is the text that the journey's author wrote; without it the run is told as JSON.
    fn webhook(
        &self,
        message: &MessageRow,
        profile: &Profile,
        context: &Value,
        filled: Option<String>,
        now: Timestamp,
    ) -> Fate {
        let told = &context["webhook"];
        let headers = told["headers"].as_object().into_iter().flatten();
        let headers =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let body = match filled {
            Some(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            None => serde_json::json!({
                "message_id": message.id,
                "journey_id": message.journey_id,
                "run_id": message.run_id,
                "node": message.node,
                "profile": profile_told(profile),
                "event": context.get("event"),
            }),
        };
        let url = told["url"].as_str().unwrap_or_default().to_owned();
        let kept = store::messages::Body {
            subject: url.clone(),
            html: None,
            text: Some(body.to_string()),
            links: Vec::new(),
        };
        let content =
            Content::Webhook(WebhookContent { url, method: "POST".into(), headers: headers.collect(), body });
        let delivery = Delivery {
            key: message.id.clone(),
            channel: Channel::Webhook.to_string(),
            to: String::new(),
            content,
            attempt: u32::try_from(message.attempts + 1).unwrap_or(u32::MAX),
            attempted_at: now,
        };
        Fate::Go(Box::new(delivery), kept)
    }

    /// What a message is about: as its sender says, else as its template does.
    fn topic(&mut self, message: &MessageRow, context: &Value) -> Result<Option<String>, EngineError> {
        if let Some(topic) = topic_of(context) {
            return Ok(Some(topic.to_owned()));
        }
        let Some(named) = message.template_id.as_deref().filter(|_| message.purpose != "transactional")
        else {
            return Ok(None);
        };
        let template = self.template(message.workspace, named)?;
        Ok(template.and_then(|template| self.composer.topic(message.workspace, &template)))
    }

    /// By its id, else by its name.
    fn template(
        &mut self,
        workspace: WorkspaceId,
        named: &str,
    ) -> Result<Option<Arc<TemplateRow>>, EngineError> {
        let key = (workspace, named.to_owned());
        if let Some(row) = self.templates.get(&key) {
            return Ok(Some(Arc::clone(row)));
        }
        let found = self.store.read(|tx| match tx.template(workspace, named)? {
            Some(row) => Ok(Some(row)),
            None => Ok(tx.templates(workspace)?.into_iter().find(|row| row.name == named)),
        })?;
        let found = found.map(Arc::new);
        if let Some(row) = &found {
            self.templates.insert(key, Arc::clone(row));
        }
        Ok(found)
    }
}

/// `None` of a content: the channel lacks what it takes.
fn handed_over(
    message: &MessageRow,
    to: String,
    content: Option<Content>,
    body: store::messages::Body,
    channel: Channel,
    now: Timestamp,
) -> Fate {
    let Some(content) = content else {
        let detail = "the e-mail channel names no sender".to_owned();
        return Fate::Wait(now.plus_ms(CHANNEL_WAIT_MS), "channel_not_set_up", detail);
    };
    let delivery = Delivery {
        key: message.id.clone(),
        channel: channel.to_string(),
        to,
        content,
        attempt: u32::try_from(message.attempts + 1).unwrap_or(u32::MAX),
        attempted_at: now,
    };
    Fate::Go(Box::new(delivery), body)
}

/// A profile as a webhook tells it.
fn profile_told(profile: &Profile) -> Value {
    let identifiers: Vec<String> =
        profile.identifiers.iter().map(|known| known.identifier.to_string()).collect();
    let attributes = profile.attributes.iter().filter(|(_, held)| !held.value.is_null());
    let attributes: serde_json::Map<String, Value> =
        attributes.map(|(name, held)| (name.clone(), held.value.clone())).collect();
    serde_json::json!({
        "id": profile.id.to_string(),
        "identifiers": identifiers,
        "attributes": attributes,
        "tags": profile.active_tags().collect::<Vec<_>>(),
    })
}
