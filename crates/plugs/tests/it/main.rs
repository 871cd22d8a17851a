//! Every channel against one contract, then each against a server of its own kind that misbehaves to order.
#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod contract;
mod download;
mod email;
mod esms_server;
mod http_server;
mod mail_apis;
mod mailgun_server;
mod push;
mod push_server;
mod returned;
mod sendgrid_server;
mod ses_server;
mod settings;
mod sms;
mod smtp;
mod smtp_server;
mod speedsms_server;
mod staff;
mod stringee_server;
mod twilio_server;
mod webhook;
mod zalo;
mod zalo_server;

use kit::Timestamp;
use plugs::{Content, Delivery, EmailContent, Outcome, Sender, WebhookContent};

pub const RECIPIENT: &str = "binh@example.vn";
/// Where text messages go to.
pub const PHONE: &str = "+84901234567";

pub fn email(key: &str) -> Delivery {
    let content = EmailContent {
        from: Sender { name: "Tiệm Bánh Mây".into(), address: "shop@may.example".into() },
        reply_to: None,
        return_path: Some("bounce+t0ken@may.example".into()),
        to_name: Some("Nguyễn Văn Bình".into()),
        subject: "Chào Bình, quay lại nhé".into(),
        html: Some("<p>Bánh mới ra lò</p>".into()),
        text: "Bánh mới ra lò\n.\n..hết\n".into(),
        headers: vec![
            ("List-Unsubscribe".into(), "<https://may.example/e/u/t0ken>".into()),
            ("List-Unsubscribe-Post".into(), "List-Unsubscribe=One-Click".into()),
        ],
        message_id: format!("{key}@may.example"),
        date_ms: 1_700_000_000_000,
    };
    delivery(key, RECIPIENT, Content::Email(content))
}

pub fn webhook(key: &str, url: &str) -> Delivery {
    let content = WebhookContent {
        url: url.to_owned(),
        method: "POST".into(),
        headers: vec![("X-Shop".into(), "may".into())],
        body: serde_json::json!({"event": "voucher_issued", "name": "Bình"}),
    };
    delivery(key, "", Content::Webhook(content))
}

pub fn delivery(key: &str, to: &str, content: Content) -> Delivery {
    Delivery {
        key: key.to_owned(),
        channel: "main".to_owned(),
        to: to.to_owned(),
        content,
        attempt: 1,
        attempted_at: Timestamp::from_ms(1_700_000_000_000),
    }
}

/// An outcome in the words of the tables: `accepted`, `retry Throttled 7000`, `rejected Policy`, `unknown`,
/// `misconfigured`.
pub fn named(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { .. } => "accepted".to_owned(),
        Outcome::Retry { class, after_ms: None, .. } => format!("retry {class:?}"),
        Outcome::Retry { class, after_ms: Some(ms), .. } => format!("retry {class:?} {ms}"),
        Outcome::Rejected { class, .. } => format!("rejected {class:?}"),
        Outcome::Unknown { .. } => "unknown".to_owned(),
        Outcome::Misconfigured { .. } => "misconfigured".to_owned(),
    }
}
