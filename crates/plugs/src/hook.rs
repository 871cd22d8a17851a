//! Calls of the shop's own systems, signed by the Standard Webhooks specification: `webhook-id`, `webhook-timestamp`
//! and `webhook-signature: v1,<base64>` over `<id>.<timestamp>.<body>` with HMAC-SHA256.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use sha2::Sha256;
use tokio::time::timeout;

use crate::http::{fault_of, guarded_client, opening};
use crate::{Egress, Secret};

/// How a secret begins, before its base64.
pub const SECRET_PREFIX: &str = "whsec_";

const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// The specification asks receivers to answer within 15 to 30 seconds.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// A secret of 32 random bytes as receivers enter it.
pub fn secret_of(random: &[u8; 32]) -> Secret {
    Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(random)))
}

/// `v1,<base64>` for each secret, the newest first, with spaces between.
pub fn signatures(secrets: &[Secret], id: &str, at_s: i64, body: &str) -> String {
    let of = |secret: &Secret| {
        let key = secret.expose().strip_prefix(SECRET_PREFIX).unwrap_or(secret.expose());
        let key = STANDARD.decode(key).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{at_s}.").as_bytes());
        mac.update(body.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(of).collect::<Vec<_>>().join(" ")
}

/// What one call came to: the status with the beginning of the answer, or why there is none.
pub type Answered = Result<(u16, String), String>;

#[derive(Clone)]
pub struct Caller {
    client: Client,
    egress: Egress,
}

impl Caller {
    /// Errors: the HTTP client can't be set up.
    pub fn new(egress: &Egress) -> Result<Caller, String> {
        Ok(Caller { client: guarded_client(egress, CONNECT_WAIT)?, egress: egress.clone() })
    }

    /// Makes one call; it always ends.
    pub async fn call(&self, url: &str, secrets: &[Secret], id: &str, at_s: i64, body: String) -> Answered {
        let parsed = reqwest::Url::parse(url).map_err(|_| "the URL is malformed")?;
        // A name is checked when it is resolved; an address in the URL is never resolved.
        self.egress.permits_host(parsed.host_str().unwrap_or_default()).map_err(|error| error.to_string())?;
        let request = self
            .client
            .post(parsed)
            .header("content-type", "application/json")
            .header("user-agent", "Quaylai/1")
            .header("webhook-id", id)
            .header("webhook-timestamp", at_s.to_string())
            .header("webhook-signature", signatures(secrets, id, at_s, &body))
            .body(body);
        let mut response = match timeout(ANSWER_WAIT, request.send()).await {
            Err(_) => return Err("no answer from the receiver in time".into()),
            Ok(Err(error)) => return Err(fault_of(&error)),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        // The status is the answer: a body that does not come to its end changes nothing about it.
        let text = timeout(ANSWER_WAIT, opening(&mut response, 1_024)).await.unwrap_or_default();
        Ok((status, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_as_the_specification_has_it() {
        // The example of the specification's reference libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed =
            signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let (a, b) = (secret_of(&[1; 32]), secret_of(&[2; 32]));
        let both = signatures(&[a.clone(), b], "m", 1, "{}");
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.starts_with(&signatures(&[a], "m", 1, "{}")));
    }
}
