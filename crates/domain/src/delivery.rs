//! What is handed to a channel, and what became of it: the words between the engine and the providers.

use kit::{Currency, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One message to one recipient, rendered and allowed to go.
#[derive(Clone, PartialEq)]
pub struct Delivery {
    /// The idempotency key: unique for the message, the same for every attempt at it.
    pub key: String,
    /// The id of the workspace's channel this goes out by; for the record only.
    pub channel: String,
    /// The address in the terms of the channel: an e-mail address, a phone number as E.164 (`+84901234567`), a
    /// user id of Zalo, a push subscription; unused by webhooks.
    pub to: String,
    pub content: Content,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The instant of this attempt. Signed webhooks carry it, so that receivers can refuse old ones.
    pub attempted_at: Timestamp,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Email(EmailContent),
    Webhook(WebhookContent),
    Text(TextContent),
    Template(TemplateContent),
    Rich(RichContent),
    Push(PushContent),
}

impl Content {
    /// The tag of the content: `email`, `webhook`, `text`, `template`, `rich` or `push`.
    pub fn kind(&self) -> &'static str {
        match self {
            Content::Email(_) => "email",
            Content::Webhook(_) => "webhook",
            Content::Text(_) => "text",
            Content::Template(_) => "template",
            Content::Rich(_) => "rich",
            Content::Push(_) => "push",
        }
    }
}

/// The sender that recipients see.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// May be empty: then the address alone is shown.
    pub name: String,
    pub address: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmailContent {
    pub from: Sender,
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The envelope sender, to which bounces return; the sender's address when absent.
    #[serde(default)]
    pub return_path: Option<String>,
    #[serde(default)]
    pub to_name: Option<String>,
    pub subject: String,
    #[serde(default)]
    pub html: Option<String>,
    pub text: String,
    /// Further headers, such as `List-Unsubscribe`. The ones that the message itself sets are refused.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Without the angle brackets, and a function of [`Delivery::key`]: a second attempt carries the same one, so
    /// that a mailbox which got both can drop the copy.
    pub message_id: String,
    /// The `Date` header and the time of the DKIM signature, in milliseconds since 1970.
    pub date_ms: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookContent {
    /// `https:` or `http:`.
    pub url: String,
    /// `POST`, `PUT` or `PATCH`.
    pub method: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    pub body: serde_json::Value,
}

/// Plain text for a phone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TextContent {
    pub body: String,
    #[serde(default)]
    pub class: MessageClass,
}

/// How networks and the law tell messages apart: they have different senders, hours and prices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageClass {
    /// About something that the person did, and nothing beside it.
    #[default]
    Care,
    Advertising,
}

/// A message by a template that the other side has approved, such as one of Zalo.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateContent {
    /// The other side's number of the template.
    pub template_id: String,
    pub parameters: BTreeMap<String, String>,
}

/// A message of an official account: words, a picture, rows and buttons.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RichContent {
    pub class: MessageClass,
    pub headline: String,
    pub text: String,
    pub image_url: String,
    /// Label and value.
    pub rows: Vec<(String, String)>,
    /// Label and address.
    pub buttons: Vec<(String, String)>,
}

/// A notification on a phone or in a browser.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PushContent {
    pub title: String,
    pub body: String,
    /// Where a tap leads to.
    pub url: String,
    pub icon_url: String,
    pub image_url: String,
    /// Label and address.
    pub actions: Vec<(String, String)>,
    /// How long it is worth showing, in seconds.
    pub ttl_s: u32,
    pub urgency: Urgency,
    /// A notification of the same topic that was not shown yet is replaced.
    pub topic: Option<String>,
}

/// RFC 8030, section 5.3.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    VeryLow,
    Low,
    #[default]
    Normal,
    High,
}

// Debug output ends up in logs and panics, and these hold addresses, names and bodies: only what names the message
// is shown.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("key", &self.key)
            .field("channel", &self.channel)
            .field("attempt", &self.attempt)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender(..)")
    }
}

impl fmt::Debug for EmailContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailContent").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookContent").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for TextContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextContent(..)")
    }
}

impl fmt::Debug for TemplateContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateContent").field("template_id", &self.template_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for RichContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RichContent(..)")
    }
}

impl fmt::Debug for PushContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushContent(..)")
    }
}

/// What became of one attempt. `detail` is one line for the shop, in the words of the other side where it spoke;
/// e-mail addresses in it are masked and it holds at most 300 characters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The other side took responsibility for the message.
    Accepted {
        /// The other side's name for the message, where it gave one.
        provider_id: Option<String>,
        detail: String,
    },
    /// Certainly not accepted, or accepted by somebody who knows the idempotency key: worth another attempt.
    Retry {
        class: RetryClass,
        /// How long the other side asked to be left alone, in milliseconds.
        after_ms: Option<i64>,
        detail: String,
    },
    /// Refused for good: the same message would be refused again.
    Rejected { class: RejectClass, detail: String },
    /// It may have been accepted. Sending again could reach the customer twice, so nobody does that unasked.
    Unknown { detail: String },
    /// Nothing was sent and nothing will be with these settings (wrong password, untrusted certificate, a host that
    /// may not be reached): stop the channel and tell the shop. The message itself is as good as before.
    Misconfigured { detail: String },
}

impl Outcome {
    pub fn detail(&self) -> &str {
        match self {
            Outcome::Accepted { detail, .. }
            | Outcome::Retry { detail, .. }
            | Outcome::Rejected { detail, .. }
            | Outcome::Unknown { detail }
            | Outcome::Misconfigured { detail } => detail,
        }
    }
}

/// Why another attempt is worth it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// No connection, or it broke before the message was accepted.
    Network,
    /// The other side stayed silent for longer than the settings allow.
    Timeout,
    /// The other side wants fewer messages for a while (421, 4.7.x, 429).
    Throttled,
    /// The recipient's mailbox is full: a soft bounce. Several in a row end in suppression.
    MailboxFull,
    /// Any other passing trouble of the other side (4xx of SMTP, 5xx of HTTP).
    Temporary,
    /// Not now, but at an hour that the other side names or is known for: a quota of the day, a rule of the night.
    /// It counts as no attempt.
    Rescheduled,
}

/// Why the same message would be refused again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectClass {
    /// The address does not exist or was switched off: suppress it.
    HardBounce,
    /// The receiver's rules refuse the sender or the message (5.7.x). The address is not bad: don't suppress it,
    /// tell the shop.
    Policy,
    TooLarge,
    /// The message can't be sent by this channel: a malformed address, header or URL, or the wrong kind of content.
    Invalid,
    /// Refused without a reason that says more.
    Refused,
    /// This person cannot or does not want to be reached here (no account, the sender blocked): the same message to
    /// others is as good as before.
    Recipient,
    /// The person told the other side to stop: no advertisement goes there any more.
    Stopped,
    /// The template is not approved, switched off or filled wrongly: every message of it would be refused, so what
    /// sends it is to stop.
    Template,
}

/// What a provider tells after it accepted a message: by a callback, a mailbox or when it is asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub about: About,
    pub what: Told,
    /// When it happened, as the provider says; `None`: when it was told.
    #[serde(default)]
    pub at: Option<i64>,
    /// One line for the shop, without addresses.
    #[serde(default)]
    pub detail: String,
    /// The provider's name of this telling: what is told twice counts once.
    #[serde(default)]
    pub event_id: Option<String>,
    /// What the message cost, where the provider says. It counts in a shop of this currency.
    #[serde(default)]
    pub price: Option<Paid>,
}

/// An amount in the currency in which a provider bills.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Paid {
    /// In minor units.
    pub minor: i64,
    /// ISO 4217, such as `VND`.
    pub currency: String,
}

impl Paid {
    /// Đồng have no smaller unit.
    pub fn vnd(minor: i64) -> Paid {
        Paid { minor, currency: Currency::VND.code().to_owned() }
    }
}

/// Which message, or whom, a receipt is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Our own id of the message: [`Delivery::key`].
    Key(String),
    /// The other side's, from [`Outcome::Accepted`].
    Provider(String),
    /// No message, but somebody: an address in the terms of the channel.
    Address(String),
    /// A template, by the other side's number of it: [`TemplateContent::template_id`].
    Template(String),
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    Delivered,
    /// The person has seen it, where the other side knows.
    Seen,
    /// The other side still tries.
    Delayed,
    /// It did not arrive, and will not.
    Failed {
        class: RejectClass,
    },
    /// The mailbox is full or away: several in a row end in suppression.
    SoftBounced,
    /// Reported as spam.
    Complained,
    /// The person wants no more advertisements here: unsubscribed, blocked, unfollowed, replied STOP.
    Stopped,
    /// The person asks for messages again, or follows.
    Started,
    Opened {
        #[serde(default)]
        user_agent: Option<String>,
        #[serde(default)]
        ip: Option<String>,
    },
    Clicked {
        #[serde(default)]
        url: Option<String>,
        #[serde(default)]
        user_agent: Option<String>,
        #[serde(default)]
        ip: Option<String>,
    },
    /// The person wrote: an answer to an SMS or an e-mail, a message to the official account.
    Said {
        text: String,
    },
    /// The other side looked at a template again.
    TemplateTurned {
        /// In the other side's words, as its list of templates has it.
        status: String,
        /// Nothing of it goes out any more: what sends it is to stop.
        is_refused: bool,
    },
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("what", &self.what).finish_non_exhaustive()
    }
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            About::Key(_) => "Key(..)",
            About::Provider(_) => "Provider(..)",
            About::Address(_) => "Address(..)",
            About::Template(_) => "Template(..)",
        })
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Told::Delivered => "Delivered",
            Told::Seen => "Seen",
            Told::Delayed => "Delayed",
            Told::Failed { class } => return write!(f, "Failed({class:?})"),
            Told::SoftBounced => "SoftBounced",
            Told::Complained => "Complained",
            Told::Stopped => "Stopped",
            Told::Started => "Started",
            Told::Opened { .. } => "Opened",
            Told::Clicked { .. } => "Clicked",
            Told::Said { .. } => "Said",
            Told::TemplateTurned { .. } => "TemplateTurned",
        })
    }
}
