use std::time::Duration;

use kit::SECOND_MS;

use super::{KIND, MailgunConfig, wire};
use crate::email::compose;
use crate::http::{Http, NoReply};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, Rate, RejectClass};

/// Mailgun does not know our key, so what may have been taken is not sent again.
pub struct MailgunChannel {
    http: Http,
    config: MailgunConfig,
}

impl MailgunChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &MailgunConfig, egress: &Egress) -> Result<MailgunChannel, String> {
        let http = Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(MailgunChannel { http, config: config.clone() })
    }

    fn key(&self) -> Option<&str> {
        self.config.api_key.as_ref().map(|key| key.expose())
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let invalid = |detail| Outcome::Rejected { class: RejectClass::Invalid, detail };
        let Content::Email(content) = &delivery.content else {
            return invalid(format!("this channel sends e-mail, not {}", delivery.content.kind()));
        };
        let (kind, body) = match compose(delivery, content, None) {
            Err(detail) => return invalid(detail),
            Ok(mail) => match wire::form(delivery, &mail) {
                Ok(form) => form,
                Err(outcome) => return outcome,
            },
        };
        let url = format!("{}/v3/{}/messages.mime", self.config.base(), self.config.domain);
        let request = self.http.client().post(url).basic_auth("api", self.key());
        let Ok(request) = request.header("content-type", kind).body(body).build() else {
            let detail = "the key holds a character that no header can carry".to_owned();
            return Outcome::Misconfigured { detail };
        };
        self.http.call_once(request, |reply| wire::judged(reply, delivery.attempted_at)).await
    }

    async fn asked(&self) -> Result<String, String> {
        let url = format!("{}/v3/domains/{}", self.config.base(), self.config.domain);
        let request = self.http.client().get(url).basic_auth("api", self.key()).build();
        let request = request.map_err(|_| "the key holds a character that no header can carry".to_owned())?;
        wire::domain(&self.http.call(request).await.map_err(NoReply::told)?)
    }
}

impl Channel for MailgunChannel {
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
