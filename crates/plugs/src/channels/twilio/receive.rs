//! What Twilio calls back with: the signature, states of messages, and what people answer.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;

use super::wire::class_of;
use crate::sms::{pairs_of, value_of};
use crate::{About, Callback, CallbackRefusal, Receipt, Received, RejectClass, Secret, Told};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// With the account's auth token.
    Sha1,
    /// With a shared key.
    Sha256,
}

impl Algorithm {
    fn key(self, secret: &Secret) -> hmac::Key {
        let algorithm = match self {
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
        };
        hmac::Key::new(algorithm, secret.expose().as_bytes())
    }
}

/// The address, then each name with each of its values, in their order and once.
fn signed_text(url: &str, pairs: &[(String, String)]) -> String {
    let sorted: BTreeSet<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut text = url.to_owned();
    for (name, value) in sorted {
        text.push_str(name);
        text.push_str(value);
    }
    text
}

/// The value of `X-Twilio-Signature` for a form that is posted to `url`.
pub fn signature(algorithm: Algorithm, secret: &Secret, url: &str, pairs: &[(String, String)]) -> String {
    STANDARD.encode(hmac::sign(&algorithm.key(secret), signed_text(url, pairs).as_bytes()))
}

/// The address without its port, and with it.
fn spellings(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let port = if scheme == "https" { "443" } else { "80" };
    let with_port = if host == authority { format!("{host}:{port}") } else { authority.to_owned() };
    vec![format!("{scheme}://{host}{path}"), format!("{scheme}://{with_port}{path}")]
}

/// `key=..,algorithm=HMAC_SHA256`; without the header it is the token's. `None`: one that is not known here.
fn algorithm_of(settings: Option<&str>) -> Option<Algorithm> {
    let named = settings.unwrap_or_default().split(',').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == "algorithm" && !value.trim().is_empty()).then_some(value.trim())
    });
    match named.map(str::to_ascii_uppercase).as_deref() {
        None | Some("HMAC_SHA1") => Some(Algorithm::Sha1),
        Some("HMAC_SHA256") => Some(Algorithm::Sha256),
        Some(_) => None,
    }
}

fn is_signed(
    token: Option<&Secret>,
    webhook_key: Option<&Secret>,
    callback: &Callback<'_>,
    pairs: &[(String, String)],
) -> bool {
    let Some(algorithm) = algorithm_of(callback.header("x-twilio-webhooks-signature-settings")) else {
        return false;
    };
    let secret = match algorithm {
        Algorithm::Sha1 => token,
        Algorithm::Sha256 => webhook_key,
    };
    let given = callback.header("x-twilio-signature").and_then(|text| STANDARD.decode(text.trim()).ok());
    let (Some(secret), Some(given)) = (secret.filter(|secret| !secret.expose().is_empty()), given) else {
        return false;
    };
    let key = algorithm.key(secret);
    spellings(callback.url)
        .iter()
        .any(|url| hmac::verify(&key, signed_text(url, pairs).as_bytes(), &given).is_ok())
}

pub(super) fn received(
    token: Option<&Secret>,
    webhook_key: Option<&Secret>,
    callback: &Callback<'_>,
) -> Result<Received, CallbackRefusal> {
    // What is not a form stands in the signature by its digest, which is part of the address.
    let query = pairs_of(callback.query);
    let body_digest = value_of(&query, "bodySHA256");
    if !body_digest.is_empty() {
        let hex: String =
            digest(&SHA256, callback.body).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        // Nothing secret is compared here: the digest itself is signed.
        if !body_digest.eq_ignore_ascii_case(&hex) || !is_signed(token, webhook_key, callback, &[]) {
            return Err(CallbackRefusal::Unsigned);
        }
        return Ok(Received::default());
    }
    let posted = match callback.method {
        "POST" => pairs_of(&String::from_utf8_lossy(callback.body)),
        _ => Vec::new(),
    };
    if !is_signed(token, webhook_key, callback, &posted) {
        return Err(CallbackRefusal::Unsigned);
    }
    let pairs = if callback.method == "GET" { query } else { posted };
    let told = |name: &str| value_of(&pairs, name);
    let sid = match told("MessageSid") {
        "" => told("SmsSid"),
        sid => sid,
    };
    if sid.is_empty() {
        return Err(CallbackRefusal::Malformed("no MessageSid".to_owned()));
    }
    let status = match told("MessageStatus") {
        "" => told("SmsStatus"),
        status => status,
    };
    let receipt = |about, what, detail: String| {
        let event_id = Some(format!("{sid} {status}"));
        Received::of(vec![Receipt { about, what, at: None, detail, event_id, price: None }])
    };
    let about = About::Provider(sid.to_owned());
    Ok(match status {
        "delivered" => receipt(about, Told::Delivered, String::new()),
        "read" => receipt(about, Told::Seen, String::new()),
        "failed" | "undelivered" => {
            let code = told("ErrorCode");
            let class = class_of(code).unwrap_or(RejectClass::Refused);
            let detail = if code.is_empty() {
                format!("Twilio: {status}")
            } else {
                format!("Twilio {code}: {status}")
            };
            receipt(about, Told::Failed { class }, crate::detail::quoted(&detail))
        }
        // On its way: accepted, queued, sending, sent.
        _ if !told("MessageStatus").is_empty() => Received::default(),
        _ if pairs.iter().any(|(name, _)| name == "Body") && !told("From").is_empty() => {
            let text = told("Body").to_owned();
            receipt(About::Address(told("From").to_owned()), Told::Said { text }, String::new())
        }
        _ => Received::default(),
    })
}
