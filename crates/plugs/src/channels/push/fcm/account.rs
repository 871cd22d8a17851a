use kit::{HOUR_MS, SECOND_MS, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::super::jwt;
use crate::Secret;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// Google takes no longer one.
const GRANT_LIFE_MS: i64 = HOUR_MS;

/// What is read of the JSON file of a service account.
pub(in super::super) struct ServiceAccount {
    pub project: String,
    pub email: String,
    key_id: Option<String>,
    /// Whom a grant is meant for: it is Google's address even where the request goes elsewhere.
    audience: String,
    key: RsaKeyPair,
}

impl ServiceAccount {
    /// Errors: what the file lacks, in words for the shop and without its contents.
    pub fn read(file: &Secret) -> Result<ServiceAccount, String> {
        let file: Value = serde_json::from_str(file.expose()).map_err(
            |_| "paste the whole JSON file that Google's console downloads for the service account",
        )?;
        if file["type"] != "service_account" {
            return Err(
                "this is not the file of a service account; make a key for one in the Firebase console"
                    .into(),
            );
        }
        let text = |name: &str| {
            let text = file[name].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| format!("the file has no {name}"))
        };
        let project = text("project_id")?;
        if !project.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b)) {
            return Err("project_id in the file is none".into());
        }
        let unusable = "private_key in the file is no RSA key";
        let key =
            match PrivateKeyDer::from_pem_slice(text("private_key")?.as_bytes()).map_err(|_| unusable)? {
                PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                _ => return Err(unusable.into()),
            };
        Ok(ServiceAccount {
            project,
            email: text("client_email")?,
            key_id: text("private_key_id").ok(),
            audience: text("token_uri").unwrap_or_else(|_| "https://oauth2.googleapis.com/token".into()),
            key: key.map_err(|_| unusable)?,
        })
    }

    /// What is exchanged for an access token (RFC 7523).
    pub fn grant(&self, now: Timestamp) -> Result<String, String> {
        let issued_at = now.ms() / SECOND_MS;
        let mut header = json!({ "typ": "JWT", "alg": "RS256" });
        if let Some(key_id) = &self.key_id {
            header["kid"] = Value::from(key_id.as_str());
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + GRANT_LIFE_MS / SECOND_MS,
        });
        jwt::signed(&header, &claims, |text| {
            let mut signature = vec![0; self.key.public().modulus_len()];
            let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
            signed.map(|()| signature).map_err(|_| "the service account's key cannot sign".to_owned())
        })
    }
}
