use std::time::Duration;

use super::{KIND, StringeeConfig, wire};
use crate::http::Http;
use crate::sms::text_of;
use crate::{BoxFuture, Channel, Delivery, Egress, Outcome, Secret};

/// Stringee does not know our key, so what may have been taken is not sent again.
pub struct StringeeChannel {
    http: Http,
    config: StringeeConfig,
}

impl StringeeChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &StringeeConfig, egress: &Egress) -> Result<StringeeChannel, String> {
        let http = Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(StringeeChannel { http, config: config.clone() })
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let body = match text_of(delivery).and_then(|text| wire::body(&self.config, delivery, text)) {
            Ok(body) => body,
            Err(outcome) => return outcome,
        };
        let nothing = Secret::new("");
        let secret = self.config.key_secret.as_ref().unwrap_or(&nothing);
        let token = wire::token(&self.config.key_sid, secret, delivery.attempted_at);
        let url = format!("{}/v1/sms", self.config.base());
        let request = self.http.client().post(url).header("x-stringee-auth", token);
        let request = request.header("content-type", "application/json").header("accept", "application/json");
        let Ok(request) = request.body(body.to_string()).build() else {
            return Outcome::Misconfigured { detail: "the address of Stringee cannot be used".to_owned() };
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }
}

impl Channel for StringeeChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        8
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let words = "Stringee offers no way to try a key without sending: send a message to yourself";
        Box::pin(std::future::ready(Ok(words.to_owned())))
    }
}
