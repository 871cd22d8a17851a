use std::time::Duration;

use kit::MINUTE_MS;

use super::{KIND, SpeedsmsConfig, wire};
use crate::http::{Http, NoReply};
use crate::sms::text_of;
use crate::{BoxFuture, Channel, Delivery, Egress, Outcome, Rate};

/// SpeedSMS does not know our key, so what may have been taken is not sent again.
pub struct SpeedsmsChannel {
    http: Http,
    config: SpeedsmsConfig,
}

impl SpeedsmsChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &SpeedsmsConfig, egress: &Egress) -> Result<SpeedsmsChannel, String> {
        let http = Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(SpeedsmsChannel { http, config: config.clone() })
    }

    fn token(&self) -> &str {
        self.config.token.as_ref().map(|token| token.expose()).unwrap_or_default()
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let body = match text_of(delivery).and_then(|text| wire::body(&self.config, delivery, text)) {
            Ok(body) => body,
            Err(outcome) => return outcome,
        };
        let url = format!("{}/index.php/sms/send", self.config.base());
        let request = self.http.client().post(url).basic_auth(self.token(), Some("x"));
        let request = request.header("content-type", "application/json").body(body.to_string()).build();
        let Ok(request) = request else {
            return Outcome::Misconfigured { detail: "the address of SpeedSMS cannot be used".to_owned() };
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }

    async fn balance(&self) -> Result<String, String> {
        let url = format!("{}/index.php/user/info", self.config.base());
        let request = self.http.client().get(url).basic_auth(self.token(), Some("x")).build();
        let request = request.map_err(|_| "the address of SpeedSMS cannot be used".to_owned())?;
        wire::balance(&self.http.call(request).await.map_err(NoReply::told)?)
    }
}

impl Channel for SpeedsmsChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        4
    }

    fn rate(&self) -> Option<Rate> {
        Some(Rate { count: 60, per_ms: MINUTE_MS })
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(self.balance())
    }
}
