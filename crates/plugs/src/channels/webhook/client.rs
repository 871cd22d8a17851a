use std::time::Duration;

use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{KIND, WebhookConfig, wire};
use crate::http::{ANSWER_BYTES_MAX, failed, guarded_client, opening, out_of_bounds, silent};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, RejectClass, Secret};

/// Accepted means: the receiver answered 2xx. Everything that ends without an answer may be sent again, for the
/// receiver can tell a repeated message by its `Idempotency-Key`.
pub struct WebhookChannel {
    client: Client,
    egress: Egress,
    secret: Option<Secret>,
    total: Duration,
    requests: Semaphore,
    concurrency: usize,
}

impl WebhookChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &WebhookConfig, egress: &Egress) -> Result<WebhookChannel, String> {
        let total = Duration::from_millis(config.timeout_ms);
        let client = guarded_client(egress, Duration::from_millis(config.connect_timeout_ms))?;
        Ok(WebhookChannel {
            client,
            egress: egress.clone(),
            secret: config.secret.clone(),
            total,
            requests: Semaphore::new(config.concurrency),
            concurrency: config.concurrency,
        })
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let Content::Webhook(content) = &delivery.content else {
            let detail = format!("this channel calls webhooks and sends no {}", delivery.content.kind());
            return Outcome::Rejected { class: RejectClass::Invalid, detail };
        };
        let request = match wire::encode(delivery, content, self.secret.as_ref()) {
            Ok(request) => request,
            Err(outcome) => return outcome,
        };
        // A name is checked when it is resolved; an address in the URL is never resolved.
        if let Err(error) = self.egress.permits_host(request.url.host_str().unwrap_or_default()) {
            return out_of_bounds(&error);
        }
        let answer = async {
            // Never closed, so there is always a permit in the end.
            let permit = self.requests.acquire().await;
            let request =
                self.client.request(request.method, request.url).headers(request.headers).body(request.body);
            (request.send().await, permit)
        };
        let (sent, _permit) = match timeout(self.total, answer).await {
            Ok(answered) => answered,
            Err(_) => return silent(),
        };
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        // The status is the answer: a body that does not come to its end changes nothing about it.
        let text = timeout(self.total, opening(&mut response, ANSWER_BYTES_MAX)).await.unwrap_or_default();
        wire::judged(status, retry_after.as_deref(), &text, delivery.attempted_at)
    }
}

impl Channel for WebhookChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        // The URL belongs to the message: there is no place to ask.
        Box::pin(std::future::ready(Ok(match self.secret {
            Some(_) => "ready, requests are signed".to_owned(),
            None => "ready, requests are not signed".to_owned(),
        })))
    }
}
