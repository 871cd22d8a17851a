use std::time::Duration;

use super::{KIND, TwilioConfig, wire};
use crate::http::{Http, NoReply};
use crate::sms::text_of;
use crate::{BoxFuture, Channel, Delivery, Outcome, Surroundings};

/// Twilio does not know our key, so what may have been taken is not sent again.
pub struct TwilioChannel {
    http: Http,
    config: TwilioConfig,
    callback_url: String,
}

impl TwilioChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &TwilioConfig, surroundings: &Surroundings) -> Result<TwilioChannel, String> {
        let http = Http::new(&surroundings.egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(TwilioChannel { http, config: config.clone(), callback_url: surroundings.callback_url.clone() })
    }

    fn url(&self, call: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}/{call}", self.config.base(), self.config.account_sid)
    }

    fn token(&self) -> Option<&str> {
        self.config.auth_token.as_ref().map(|token| token.expose())
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let form = match text_of(delivery)
            .and_then(|text| wire::body(&self.config, &self.callback_url, delivery, text))
        {
            Ok(form) => form,
            Err(outcome) => return outcome,
        };
        let request = self.http.client().post(self.url("Messages.json"));
        let request = request.basic_auth(&self.config.account_sid, self.token());
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form).build();
        let Ok(request) = request else {
            return Outcome::Misconfigured { detail: "the address of Twilio cannot be used".to_owned() };
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }

    async fn balance(&self) -> Result<String, String> {
        let request = self.http.client().get(self.url("Balance.json"));
        let request = request.basic_auth(&self.config.account_sid, self.token()).build();
        let request = request.map_err(|_| "the address of Twilio cannot be used".to_owned())?;
        wire::balance(&self.http.call(request).await.map_err(NoReply::told)?)
    }
}

impl Channel for TwilioChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        16
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(self.balance())
    }
}
