//! What is handed to a channel, made of a rendered template: an e-mail with its headers, a text as the law and the
//! networks want it, the parameters of a template that Zalo approved, a notification.

use crate::dispatch::Identity;
use crate::render::{Composer, Occasion, RenderFailure};
use crate::token::Link;
use domain::consent::Purpose;
use domain::delivery::{
    Content, EmailContent, MessageClass, PushContent, TemplateContent, TextContent, Urgency,
};
use domain::profile::Profile;
use domain::sms::{self, Marks};
use domain::template::design::{Push, Zns, zns_param_max};
use kit::Timestamp;
use std::collections::BTreeMap;
use store::messages::{Body, MessageRow};

/// How long a notification is worth showing, in seconds: a day.
const PUSH_TTL_S: u32 = 24 * 60 * 60;

/// Why nothing can be handed over: the code of the ledger, with a word for the shop.
pub(crate) struct Unfit {
    pub code: &'static str,
    pub detail: String,
}

impl From<RenderFailure> for Unfit {
    fn from(failure: RenderFailure) -> Unfit {
        Unfit { code: failure.code(), detail: failure.detail() }
    }
}

/// The class by which networks and the law tell a message.
pub(crate) fn class_of(purpose: Purpose) -> MessageClass {
    if purpose == Purpose::Transactional { MessageClass::Care } else { MessageClass::Advertising }
}

/// What a message is made of.
pub(crate) struct Parts<'a> {
    pub message: &'a MessageRow,
    pub identity: &'a Identity,
    pub to_name: Option<String>,
    pub unsubscribe_url: Option<String>,
    /// Where the message returns when it cannot be delivered; the sender's address when absent.
    pub return_path: Option<String>,
    pub now: Timestamp,
}

/// An e-mail; `None` where the channel names no sender.
pub(crate) fn email(parts: &Parts<'_>, body: &Body) -> Option<Content> {
    let from = parts.identity.from.clone()?;
    let domain = from.address.rsplit('@').next().unwrap_or("localhost").to_owned();
    let mut headers = Vec::new();
    if let Some(url) = &parts.unsubscribe_url {
        headers.push(("List-Unsubscribe".to_owned(), format!("<{url}>")));
        headers.push(("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()));
    }
    Some(Content::Email(EmailContent {
        from,
        reply_to: parts.identity.reply_to.clone(),
        return_path: parts.return_path.clone(),
        to_name: parts.to_name.clone(),
        subject: body.subject.clone(),
        html: body.html.clone(),
        text: body.text.clone().unwrap_or_default(),
        headers,
        message_id: format!("{}@{domain}", parts.message.id),
        date_ms: parts.message.attempted_at.unwrap_or(parts.now).ms(),
    }))
}

/// A notice to the shop's staff in a chat: its subject is the first line.
pub(crate) fn notice(body: &Body) -> Content {
    let text = body.text.as_deref().unwrap_or_default().trim();
    let body = [body.subject.trim(), text]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    Content::Text(TextContent { body, class: MessageClass::Care })
}

/// A text as it goes out: labelled, with its way out, with or without its marks, within the shop's limit. The ledger
/// keeps these words. `own`: what the template says of its marks.
pub(crate) fn text(occasion: &Occasion<'_>, own: Option<Marks>, body: &mut Body) -> Result<Content, Unfit> {
    let texting = &occasion.workspace.settings.texting;
    let class = class_of(occasion.purpose);
    let told = body.text.clone().unwrap_or_default();
    let told = match occasion.channel {
        "sms" => sms::outgoing(&told, class, own.unwrap_or(texting.sms_marks), &texting.sms_opt_out),
        _ => told,
    };
    let parts = sms::measure(&told).parts;
    let limit = texting.sms_parts_max.of(class);
    if occasion.channel == "sms" && parts > limit {
        let detail = format!("{parts} parts, and the shop's limit is {limit}");
        return Err(Unfit { code: "too_long", detail });
    }
    body.text = Some(told.clone());
    Ok(Content::Text(TextContent { body: told, class }))
}

/// The parameters of a template of Zalo's, each filled for this person and cut to what Zalo takes.
pub(crate) fn zns(
    composer: &Composer,
    zns: &Zns,
    profile: &Profile,
    occasion: &Occasion<'_>,
) -> Result<Content, Unfit> {
    let mut parameters = BTreeMap::new();
    for (name, value) in &zns.params {
        let (_, filled) = composer.fill_in("", value, profile, occasion)?;
        let cut: String =
            domain::normalise::text::nfc(filled.trim()).chars().take(zns_param_max(name)).collect();
        parameters.insert(name.clone(), cut);
    }
    if let Some(missing) =
        zns.asked().into_iter().find(|name| parameters.get(name).is_none_or(|value| value.is_empty()))
    {
        return Err(Unfit { code: "value_missing", detail: format!("<{missing}>") });
    }
    Ok(Content::Template(TemplateContent { template_id: zns.template_id.clone(), parameters }))
}

/// A notification whose links are counted like those of an e-mail.
pub(crate) fn push(
    composer: &Composer,
    push: Option<&Push>,
    body: &mut Body,
    profile: &Profile,
    occasion: &Occasion<'_>,
    message: &MessageRow,
) -> Result<Content, Unfit> {
    let base_url = composer.base_url(occasion.workspace).to_owned();
    let fill = |text: &str| -> Result<String, RenderFailure> {
        if text.is_empty() {
            return Ok(String::new());
        }
        Ok(composer.fill_in("", text, profile, occasion)?.1.trim().to_owned())
    };
    // A picture of the shop's own is on this server.
    let absolute = |url: String| if url.starts_with('/') { format!("{base_url}{url}") } else { url };
    // Links of the text come first: it names them by their places.
    let mut links = std::mem::take(&mut body.links);
    let mut tracked = |url: String| {
        if url.is_empty() {
            return url;
        }
        links.push(url);
        let link = Link::Click(u32::try_from(links.len() - 1).unwrap_or(u32::MAX));
        format!("{base_url}{}", composer.key.path(link, occasion.workspace.workspace, message.message_no))
    };
    let none = Push::default();
    let design = push.unwrap_or(&none);
    let url = tracked(fill(&design.url)?);
    let mut actions = Vec::new();
    for action in &design.actions {
        actions.push((fill(&action.label)?, tracked(fill(&action.url)?)));
    }
    let content = PushContent {
        title: body.subject.clone(),
        body: body.text.clone().unwrap_or_default().trim().to_owned(),
        url,
        icon_url: String::new(),
        image_url: absolute(fill(&design.image)?),
        actions,
        ttl_s: PUSH_TTL_S,
        urgency: if occasion.purpose == Purpose::Transactional { Urgency::High } else { Urgency::Normal },
        topic: None,
    };
    body.links = links;
    Ok(Content::Push(content))
}
