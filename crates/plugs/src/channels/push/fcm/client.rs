use std::time::UNIX_EPOCH;

use kit::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use reqwest::Request;
use serde_json::Value;
use tokio::sync::Mutex;

use super::super::config::FcmConfig;
use super::account::ServiceAccount;
use super::wire::{self, Judged};
use crate::detail::quoted;
use crate::http::{Http, Reply};
use crate::{Delivery, Outcome, PushContent, RejectClass, RetryClass, Secret};

/// An access token is asked for anew this long before its end.
const SPARE_MS: i64 = MINUTE_MS;

/// Sends to the shop's app.
pub(in super::super) struct Fcm {
    account: ServiceAccount,
    send_url: String,
    token_url: String,
    /// Held while a new one is fetched, so that only one is.
    access: Mutex<Option<Access>>,
}

#[derive(Clone)]
struct Access {
    token: Secret,
    ends_at: Timestamp,
}

impl Fcm {
    /// Errors: the service account cannot be used.
    pub fn new(config: &FcmConfig) -> Result<Fcm, String> {
        let account = config.service_account.as_ref().ok_or("the service account is missing")?;
        let account = ServiceAccount::read(account)?;
        let at = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Fcm {
            send_url: format!("{}/v1/projects/{}/messages:send", at(&config.base_url), account.project),
            token_url: format!("{}/token", at(&config.auth_url)),
            account,
            access: Mutex::default(),
        })
    }

    /// FCM tells no repeated message, so one that may have been accepted is not sent again.
    pub async fn deliver(
        &self,
        http: &Http,
        to: &str,
        delivery: &Delivery,
        content: &PushContent,
    ) -> Outcome {
        let message = match wire::message(to, delivery, content) {
            Ok(message) => message,
            Err(outcome) => return outcome,
        };
        let now = delivery.attempted_at;
        let mut spent = None;
        loop {
            let access = match self.access(http, spent.as_ref(), now).await {
                Ok(access) => access,
                Err(outcome) => return outcome,
            };
            let request = match self.request(http, &message, &access) {
                Ok(request) => request,
                Err(outcome) => return outcome,
            };
            let reply = match http.call(request).await {
                Ok(reply) => reply,
                Err(none) => return none.once(),
            };
            match wire::judged(&reply, to, now) {
                Judged::Outcome(outcome) => return outcome,
                Judged::TokenSpent(detail) if spent.is_some() => return Outcome::Misconfigured { detail },
                Judged::TokenSpent(_) => spent = Some(access),
            }
        }
    }

    fn request(&self, http: &Http, message: &Value, access: &Secret) -> Result<Request, Outcome> {
        let request = http.client().post(&self.send_url).bearer_auth(access.expose());
        let request =
            request.header("content-type", "application/json; charset=UTF-8").body(message.to_string());
        let fault = "the request could not be made".to_owned();
        request.build().map_err(|_| Outcome::Rejected { class: RejectClass::Invalid, detail: fault })
    }

    /// The access token at hand, or a new one where there is none that is not `spent`.
    async fn access(&self, http: &Http, spent: Option<&Secret>, now: Timestamp) -> Result<Secret, Outcome> {
        let mut held = self.access.lock().await;
        if let Some(access) = held.as_ref()
            && Some(&access.token) != spent
            && now.plus_ms(SPARE_MS) < access.ends_at
        {
            return Ok(access.token.clone());
        }
        *held = None;
        let access = self.fetch(http, now).await?;
        Ok(held.insert(access).token.clone())
    }

    /// Nothing has been sent before there is a token: whatever fails can be tried again.
    async fn fetch(&self, http: &Http, now: Timestamp) -> Result<Access, Outcome> {
        let grant = self.account.grant(now).map_err(|detail| Outcome::Misconfigured { detail })?;
        let reply = self.exchanged(http, &grant).await?;
        let told = reply.json();
        let detail = || {
            let said = told["error_description"].as_str().or(told["error"].as_str()).unwrap_or(&reply.text);
            quoted(&format!("Google gives no access: HTTP {}: {said}", reply.status))
        };
        match reply.status {
            200..300 => {}
            429 => {
                let after_ms = reply.retry_after_ms(now);
                return Err(Outcome::Retry { class: RetryClass::Throttled, after_ms, detail: detail() });
            }
            408 | 500.. => {
                let after_ms = reply.retry_after_ms(now);
                return Err(Outcome::Retry { class: RetryClass::Temporary, after_ms, detail: detail() });
            }
            _ => return Err(Outcome::Misconfigured { detail: detail() }),
        }
        let Some(token) = told["access_token"].as_str().filter(|token| !token.is_empty()) else {
            let detail = "Google answered without an access token".to_owned();
            return Err(Outcome::Retry { class: RetryClass::Temporary, after_ms: None, detail });
        };
        let life_ms = told["expires_in"].as_i64().map_or(HOUR_MS, |s| s.clamp(0, 86_400) * SECOND_MS);
        Ok(Access { token: Secret::new(token), ends_at: now.plus_ms(life_ms) })
    }

    async fn exchanged(&self, http: &Http, grant: &str) -> Result<Reply, Outcome> {
        // Base64url and dots need no escaping.
        let form =
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={grant}");
        let request =
            http.client().post(&self.token_url).header("content-type", "application/x-www-form-urlencoded");
        let fault = |_| Outcome::Misconfigured { detail: "the address of access tokens is malformed".into() };
        let request = request.body(form).build().map_err(fault)?;
        http.call(request).await.map_err(|none| none.outcome)
    }

    /// Whether Google gives the account access. There is no clock here, so the time is what the server itself says it
    /// is in its answer to a grant of long ago.
    pub async fn check(&self, http: &Http) -> Result<String, String> {
        let words = |outcome: Outcome| outcome.detail().to_owned();
        let reply = self.exchanged(http, &self.account.grant(Timestamp::from_ms(0))?).await.map_err(words)?;
        let date = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let since_1970 = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        let now = since_1970.and_then(|since| i64::try_from(since.as_millis()).ok());
        let now = now.ok_or("the server of access tokens tells no time")?;
        self.fetch(http, Timestamp::from_ms(now)).await.map_err(words)?;
        Ok(format!("Google gives access to the project {}", self.account.project))
    }
}
