use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, redirect};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{KIND, WebhookConfig, wire};
use crate::{
    BoxFuture, Channel, Content, Delivery, Egress, EgressError, Outcome, RejectClass, RetryClass, Secret, tls,
};

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

/// Of an answer no more than this is read.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// An HTTP client that connects to nothing the guard did not see. Errors: it can't be set up.
pub(crate) fn guarded_client(egress: &Egress, connect_wait: Duration) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls::client_config(tls::Trust::default())?)
        .redirect(redirect::Policy::none())
        // A proxy would connect on our behalf to what the guard never saw.
        .no_proxy()
        .dns_resolver(Arc::new(GuardedResolver(egress.clone())))
        .connect_timeout(connect_wait)
        .pool_idle_timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| error.to_string())
}

/// Why a call had no answer, in words for the shop.
pub(crate) fn fault_of(error: &reqwest::Error) -> String {
    failed(error).detail().to_owned()
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

/// Gives the HTTP client only addresses that were checked; it connects to these, so a name that changes between the
/// check and the connection gains nothing.
struct GuardedResolver(Egress);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.0.clone();
        Box::pin(async move {
            let addresses = egress.resolve(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The first bytes of the answer. What is left unread goes with the connection.
pub(crate) async fn opening(response: &mut Response, bytes_max: usize) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk[..chunk.len().min(bytes_max - bytes.len())]);
        if bytes.len() == bytes_max {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text of such an error holds the URL, which may hold secrets: only what kind it is goes on.
fn failed(error: &reqwest::Error) -> Outcome {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<EgressError>() {
            return match error {
                EgressError::Unresolved { .. } => network("the host name has no address"),
                EgressError::Private { .. } | EgressError::Special { .. } => out_of_bounds(error),
            };
        }
        if let Some(rustls::Error::InvalidCertificate(_)) = inner.downcast_ref::<rustls::Error>() {
            return network("the receiver's certificate is not valid");
        }
        // An io::Error hides what it carries from the chain of sources.
        if let Some(rustls::Error::InvalidCertificate(_)) = inner
            .downcast_ref::<std::io::Error>()
            .and_then(|error| error.get_ref())
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return network("the receiver's certificate is not valid");
        }
        source = inner.source();
    }
    if error.is_timeout() {
        silent()
    } else if error.is_connect() {
        network("no connection to the receiver")
    } else {
        network("the connection broke before the answer")
    }
}

fn network(detail: &str) -> Outcome {
    Outcome::Retry { class: RetryClass::Network, after_ms: None, detail: detail.to_owned() }
}

fn silent() -> Outcome {
    let detail = "no answer from the receiver in time".to_owned();
    Outcome::Retry { class: RetryClass::Timeout, after_ms: None, detail }
}

/// The URL is the message's, so it is the message that can't go; other messages of the channel can.
fn out_of_bounds(error: &EgressError) -> Outcome {
    Outcome::Rejected { class: RejectClass::Invalid, detail: error.to_string() }
}
