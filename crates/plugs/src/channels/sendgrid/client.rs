use std::time::Duration;

use kit::SECOND_MS;

use super::{KIND, SendgridConfig, wire};
use crate::email::compose;
use crate::http::{Http, NoReply};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, Rate, RejectClass};

/// SendGrid does not know our key, so what may have been taken is not sent again.
pub struct SendgridChannel {
    http: Http,
    config: SendgridConfig,
}

impl SendgridChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &SendgridConfig, egress: &Egress) -> Result<SendgridChannel, String> {
        let http = Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(SendgridChannel { http, config: config.clone() })
    }

    fn bearer(&self) -> &str {
        self.config.api_key.as_ref().map_or("", |key| key.expose())
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let invalid = |detail| Outcome::Rejected { class: RejectClass::Invalid, detail };
        let Content::Email(content) = &delivery.content else {
            return invalid(format!("this channel sends e-mail, not {}", delivery.content.kind()));
        };
        let body = match compose(delivery, content, None) {
            Err(detail) => return invalid(detail),
            Ok(mail) => match wire::body(delivery, content, &mail) {
                Ok(body) => body.to_string(),
                Err(outcome) => return outcome,
            },
        };
        let request = self.http.client().post(format!("{}/v3/mail/send", self.config.base()));
        let request =
            request.bearer_auth(self.bearer()).header("content-type", "application/json").body(body);
        let Ok(request) = request.build() else {
            let detail = "the key holds a character that no header can carry".to_owned();
            return Outcome::Misconfigured { detail };
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }

    async fn asked(&self) -> Result<String, String> {
        let request = self.http.client().get(format!("{}/v3/scopes", self.config.base()));
        let request = request.bearer_auth(self.bearer()).build();
        let request = request.map_err(|_| "the key holds a character that no header can carry".to_owned())?;
        wire::scopes(&self.http.call(request).await.map_err(NoReply::told)?)
    }
}

impl Channel for SendgridChannel {
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
