use std::time::Duration;

use kit::{SECOND_MS, Timestamp};
use reqwest::{Method, Request, Url};

use super::sign::{Signer, authorization};
use super::{KIND, SesConfig, wire};
use crate::email::compose;
use crate::http::{Http, NoReply, Reply};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, Rate, RejectClass};

/// SES does not know our key, so what may have been taken is not sent again.
pub struct SesChannel {
    http: Http,
    config: SesConfig,
}

impl SesChannel {
    /// Errors: the HTTP client can't be set up, or an address that the guard does not allow.
    pub fn new(config: &SesConfig, egress: &Egress) -> Result<SesChannel, String> {
        let http = Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(SesChannel { http, config: config.clone() })
    }

    /// A signed request. Errors: in words for the shop.
    fn request(&self, method: Method, path: &str, body: Vec<u8>, at: Timestamp) -> Result<Request, String> {
        let malformed = |_| "base_url is malformed".to_owned();
        let url = Url::parse(&format!("{}{path}", self.config.base())).map_err(malformed)?;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let at = basic_iso(at);
        let token = self.config.session_token.as_ref().map(|token| token.expose());
        let mut headers = vec![("host", host.as_str()), ("x-amz-date", at.as_str())];
        if method == Method::POST {
            headers.insert(0, ("content-type", "application/json"));
        }
        if let Some(token) = token {
            headers.push(("x-amz-security-token", token));
        }
        let signer = Signer {
            access_key_id: &self.config.access_key_id,
            secret_access_key: self.config.secret_access_key.as_ref().map_or("", |key| key.expose()),
            region: &self.config.region,
            service: "ses",
        };
        let value = authorization(&signer, method.as_str(), path, &headers, &body, &at);
        let mut request = self.http.client().request(method, url).header("authorization", value);
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        request.body(body).build().map_err(|_| "a key holds a character that no header can carry".to_owned())
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let invalid = |detail| Outcome::Rejected { class: RejectClass::Invalid, detail };
        let Content::Email(content) = &delivery.content else {
            return invalid(format!("this channel sends e-mail, not {}", delivery.content.kind()));
        };
        let mail = match compose(delivery, content, None) {
            Ok(mail) => mail,
            Err(detail) => return invalid(detail),
        };
        let body = match wire::body(&self.config, &delivery.key, content, &mail) {
            Ok(body) => body,
            Err(outcome) => return outcome,
        };
        let request = match self.request(Method::POST, wire::SEND_PATH, body, delivery.attempted_at) {
            Ok(request) => request,
            Err(detail) => return Outcome::Misconfigured { detail },
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }

    async fn asked(&self) -> Result<String, String> {
        // A check has no instant of its own, and a signature needs one: the server's clock is asked first.
        let url = format!("{}{}", self.config.base(), wire::ACCOUNT_PATH);
        let unsigned = self.http.client().get(url).build().map_err(|_| "base_url is malformed".to_owned())?;
        let reply: Reply = self.http.call(unsigned).await.map_err(NoReply::told)?;
        let date = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let since_1970 = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
        let Some(since_1970) = since_1970 else {
            return Err(format!("HTTP {} without a Date: this is not Amazon SES", reply.status));
        };
        let now = Timestamp::from_ms(i64::try_from(since_1970.as_millis()).unwrap_or_default());
        let request = self.request(Method::GET, wire::ACCOUNT_PATH, Vec::new(), now)?;
        wire::account(&self.http.call(request).await.map_err(NoReply::told)?)
    }
}

/// `20150830T123600Z`.
fn basic_iso(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

impl Channel for SesChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        16
    }

    fn rate(&self) -> Option<Rate> {
        Some(Rate { count: self.config.per_second, per_ms: SECOND_MS })
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(self.asked())
    }
}
