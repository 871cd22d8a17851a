use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::agreement::{ECDH_P256, UnparsedPublicKey};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

/// Browsers write base64url without padding; some libraries of apps put it there.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const ENDPOINT_BYTES_MAX: usize = 2_000;
const TOKEN_BYTES_MAX: usize = 2_000;
const APP: &str = "fcm:";

/// Where a notification goes.
#[derive(Clone, PartialEq, Eq)]
pub enum Device {
    Browser(Subscription),
    /// A registration token of FCM.
    App(String),
}

/// A browser's `PushSubscription`.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    pub endpoint: String,
    /// The browser's public key: 65 bytes of an uncompressed point on P-256.
    pub p256dh: Vec<u8>,
    /// At least 16 bytes.
    pub auth: Vec<u8>,
}

impl Device {
    /// Reads `Delivery.to`. Errors: what is wrong with it, without saying it.
    pub fn parse(to: &str) -> Result<Device, String> {
        match to.strip_prefix(APP) {
            Some("") => Err("the token of the app is missing".into()),
            Some(token) if token.len() > TOKEN_BYTES_MAX => Err("the token of the app is too long".into()),
            Some(token) if token.contains(|c: char| c.is_whitespace() || c.is_control()) => {
                Err("the token of the app has characters that no token has".into())
            }
            Some(token) => Ok(Device::App(token.to_owned())),
            None => Subscription::parse(to).map(Device::Browser),
        }
    }

    /// By what it is known: the endpoint, or `fcm:` and the token.
    pub fn address(&self) -> String {
        match self {
            Device::App(token) => format!("{APP}{token}"),
            Device::Browser(subscription) => subscription.endpoint.clone(),
        }
    }

    /// What sealing a message for it takes, beside the address.
    pub fn keys(&self) -> Value {
        match self {
            Device::App(_) => json!({}),
            Device::Browser(subscription) => json!({
                "p256dh": BASE64URL.encode(&subscription.p256dh),
                "auth": BASE64URL.encode(&subscription.auth),
            }),
        }
    }

    /// Whether messages may go there at all; where exactly is looked at when one does. Errors: words for the page's
    /// author.
    pub fn is_servable(&self) -> Result<(), String> {
        match self {
            Device::App(_) => Ok(()),
            Device::Browser(subscription) => super::web::is_servable(&subscription.endpoint),
        }
    }

    /// The text form, as [`Device::parse`] reads it.
    pub fn to_text(&self) -> String {
        match self {
            Device::App(token) => format!("{APP}{token}"),
            Device::Browser(subscription) => {
                json!({ "endpoint": subscription.endpoint, "keys": self.keys() }).to_string()
            }
        }
    }
}

impl Subscription {
    fn parse(text: &str) -> Result<Subscription, String> {
        let told: Value = serde_json::from_str(text).map_err(|_| "the push subscription is no JSON")?;
        let endpoint = told["endpoint"].as_str().ok_or("the push subscription names no endpoint")?;
        if endpoint.len() > ENDPOINT_BYTES_MAX {
            return Err("the endpoint of the push subscription is longer than 2000 bytes".into());
        }
        let key = |name: &str| {
            let text =
                told["keys"][name].as_str().ok_or_else(|| format!("the push subscription has no {name}"))?;
            BASE64URL.decode(text).map_err(|_| format!("{name} of the push subscription is no base64url"))
        };
        let (p256dh, auth) = (key("p256dh")?, key("auth")?);
        if p256dh.len() != 65 || p256dh[0] != 4 || !is_on_curve(&p256dh) {
            return Err("p256dh of the push subscription is no public key on P-256".into());
        }
        if !(16..=64).contains(&auth.len()) {
            return Err("auth of the push subscription is shorter than 16 bytes".into());
        }
        Ok(Subscription { endpoint: endpoint.to_owned(), p256dh, auth })
    }
}

/// Agreeing on a secret is the one way in which the library tells.
fn is_on_curve(point: &[u8]) -> bool {
    let own = ring::agreement::EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
    own.is_ok_and(|own| {
        ring::agreement::agree_ephemeral(own, &UnparsedPublicKey::new(&ECDH_P256, point), |_| ()).is_ok()
    })
}

// Whoever knows these can send to the person's device.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Browser(_) => "Browser(..)",
            Device::App(_) => "App(..)",
        })
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn a_place_is_read_and_written() {
        let browser = |endpoint: &str, p256dh: &str, auth: &str| {
            json!({ "endpoint": endpoint, "expirationTime": null, "keys": { "p256dh": p256dh, "auth": auth } })
                .to_string()
        };
        let good = browser("https://push.example/x", P256DH, AUTH);
        for text in [good.as_str(), "fcm:abc:def-_1"] {
            let read = Device::parse(text).unwrap();
            assert_eq!(Device::parse(&read.to_text()).unwrap(), read);
            assert!(!format!("{read:?}").contains("abc") && !format!("{read:?}").contains("push.example"));
        }
        assert_eq!(Device::parse("fcm:abc").unwrap(), Device::App("abc".into()));
        // Padding is no fault.
        let padded = browser("https://push.example/x", &format!("{P256DH}="), &format!("{AUTH}=="));
        assert_eq!(Device::parse(&padded).unwrap(), Device::parse(&good).unwrap());
        let off_curve = format!("{}A", &P256DH[..P256DH.len() - 1]);
        for (bad, why) in [
            ("", "JSON"),
            ("an@example.vn", "JSON"),
            ("fcm:", "missing"),
            ("fcm:a b", "characters"),
            ("{}", "endpoint"),
            (r#"{"endpoint":"https://push.example/x"}"#, "p256dh"),
            (&browser("https://push.example/x", "AAAA", AUTH), "p256dh"),
            (&browser("https://push.example/x", &off_curve, AUTH), "P-256"),
            (&browser("https://push.example/x", P256DH, "AAAA"), "16 bytes"),
            (&browser(&format!("https://push.example/{}", "x".repeat(2_000)), P256DH, AUTH), "2000 bytes"),
        ] {
            let error = Device::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad:.40}: {error}");
        }
    }
}
