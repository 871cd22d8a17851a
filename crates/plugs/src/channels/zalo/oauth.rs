//! The authorisation of version 4, with PKCE (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::SECOND_MS;
use reqwest::Url;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ZaloConfig;
use crate::Secret;
use crate::detail::quoted;
use crate::http::Reply;

/// Tokens as they were handed out.
pub(super) struct Issued {
    pub access_token: Secret,
    pub refresh_token: Secret,
    pub lives_ms: i64,
}

/// Why none were.
#[derive(Debug, PartialEq)]
pub(super) enum NotIssued {
    /// The code or the refresh token is not worth anything (any more).
    Worthless(String),
    /// The app or its secret key is wrong: the token is as good as before.
    Settings(String),
    /// Certainly not taken, for a reason that passes.
    Later(String),
    /// Nobody can tell.
    Unsure(String),
}

/// The challenge to a verifier: base64url of its SHA-256, without padding.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Where the shop grants its app the account. Errors: the settings' address is none.
pub(super) fn authorise_url(
    config: &ZaloConfig,
    redirect_uri: &str,
    state: &str,
    challenge: &str,
) -> Result<String, String> {
    let mut url = address(&config.oauth_base_url, "/v4/oa/permission")?;
    url.query_pairs_mut()
        .append_pair("app_id", &config.app_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_challenge", challenge)
        .append_pair("state", state);
    Ok(url.into())
}

pub(super) fn address(base: &str, path: &str) -> Result<Url, String> {
    Url::parse(&format!("{}{path}", base.trim_end_matches('/'))).map_err(|_| format!("{base} is no address"))
}

/// `a=1&b=2`, escaped.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let mut form = Url::parse("http://form/").map(|mut url| {
        url.query_pairs_mut().extend_pairs(fields);
        url
    });
    form.as_mut().map_or_else(|_| String::new(), |url| url.query().unwrap_or_default().to_owned())
}

/// What the answer to a code or a refresh token says. Zalo's errors come with HTTP 200 too.
pub(super) fn issued(reply: &Reply) -> Result<Issued, NotIssued> {
    let told = reply.json();
    let text = |name: &str| told[name].as_str().filter(|text| !text.is_empty());
    if let (Some(access), Some(refresh)) = (text("access_token"), text("refresh_token")) {
        // A number in a string, and at times a number.
        let seconds = match &told["expires_in"] {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        return Ok(Issued {
            access_token: Secret::new(access),
            refresh_token: Secret::new(refresh),
            lives_ms: seconds.unwrap_or(90_000).clamp(1, 10_000_000) * SECOND_MS,
        });
    }
    let code = match &told["error"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    let said = ["error_name", "error_description", "error_reason", "message"].map(|name| told[name].as_str());
    let said: Vec<&str> = said.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let said =
        quoted(&format!("{} {}", code.map_or_else(String::new, |code| code.to_string()), said.join(", ")));
    match (reply.status, code) {
        // As programs that use it have met them: a wrong and an outdated refresh token. Neither number is documented
        // where it could be read, so the words count as well.
        (_, Some(-14_014 | -14_020)) => Err(NotIssued::Worthless(said)),
        (_, Some(-14_002 | -14_004)) => Err(NotIssued::Settings(said)),
        (429, _) => Err(NotIssued::Later(said)),
        (500.., _) => Err(NotIssued::Unsure(format!("HTTP {} {said}", reply.status))),
        (_, Some(code)) if code != 0 => {
            let words = said.to_lowercase();
            let about_token =
                ["refresh token", "refresh_token", "authorization code", "auth code", "code_verifier"];
            let about_app = ["secret", "app id", "app_id"];
            if about_token.iter().any(|word| words.contains(word)) {
                Err(NotIssued::Worthless(said))
            } else if about_app.iter().any(|word| words.contains(word)) {
                Err(NotIssued::Settings(said))
            } else {
                Err(NotIssued::Later(said))
            }
        }
        (200..300, _) => Err(NotIssued::Unsure("the answer holds no tokens".to_owned())),
        (status, _) => Err(NotIssued::Later(format!("HTTP {status} {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn answers_are_told_apart() {
        let check = |status: u16, text: &str| {
            let reply = Reply { status, headers: Vec::new(), text: text.to_owned() };
            match issued(&reply) {
                Ok(issued) => format!("issued {}", issued.lives_ms),
                Err(NotIssued::Worthless(_)) => "worthless".into(),
                Err(NotIssued::Settings(_)) => "settings".into(),
                Err(NotIssued::Later(_)) => "later".into(),
                Err(NotIssued::Unsure(_)) => "unsure".into(),
            }
        };
        let good = r#"{"access_token":"a","refresh_token":"r","expires_in":"90000"}"#;
        assert_eq!(check(200, good), "issued 90000000");
        assert_eq!(
            check(200, r#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#),
            "issued 3600000"
        );
        let refused = r#"{"error":-14014,"error_name":"Invalid refresh token"}"#;
        assert_eq!(check(200, refused), "worthless");
        assert_eq!(
            check(200, r#"{"error":-1,"error_name":"x","error_reason":"Refresh token was used"}"#),
            "worthless"
        );
        assert_eq!(check(200, r#"{"error":-14004,"error_name":"Invalid secret key"}"#), "settings");
        assert_eq!(check(200, r#"{"error":-1,"error_name":"busy"}"#), "later");
        assert_eq!(check(502, "<html>"), "unsure");
        assert_eq!(check(200, "<html>"), "unsure");
        assert_eq!(check(404, ""), "later");
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(form(&[("a", "x y&z"), ("b", "é=")]), "a=x+y%26z&b=%C3%A9%3D");
    }
}
