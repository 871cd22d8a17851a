//! HTTP to providers: a client that connects to nothing the guard did not see, and what its answers mean.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use kit::{DAY_MS, SECOND_MS, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Request, Response, Url, redirect};
use tokio::time::timeout;

use crate::{Egress, EgressError, Outcome, RejectClass, RetryClass, tls};

/// Of an answer no more than this is read.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1_024;
const CONNECT_WAIT: Duration = Duration::from_secs(5);
const ANSWER_WAIT: Duration = Duration::from_secs(20);

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

/// A provider's address: `scheme://host` or `scheme://host:port`, and nothing behind it.
pub(crate) fn base_of(base: &str) -> Option<Url> {
    let url = Url::parse(base).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.path() == "/" && url.query().is_none();
    (plain && url.host_str().is_some() && url.username().is_empty()).then_some(url)
}

/// A provider's API behind the guard.
pub(crate) struct Http {
    client: Client,
    egress: Egress,
    answer_wait: Duration,
}

/// An answer, whatever its status.
pub(crate) struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its beginning.
    pub text: String,
}

impl Reply {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// How long the other side wants to be left alone, in milliseconds.
    pub fn retry_after_ms(&self, now: Timestamp) -> Option<i64> {
        retry_after_ms(self.header("retry-after"), now)
    }
}

/// A call that had no answer.
pub(crate) struct NoReply {
    /// What the settings or the guard do not allow, or no connection: the other side has certainly seen nothing.
    /// Without it the request may have been carried out.
    pub is_unseen: bool,
    /// As a channel whose other side knows repeated messages would tell it.
    pub outcome: Outcome,
}

impl NoReply {
    /// Why there is none, in words for the shop.
    pub fn told(self) -> String {
        self.outcome.detail().to_owned()
    }

    /// What it means for a message that must not arrive twice: sent again only when it was certainly not seen.
    pub fn once(self) -> Outcome {
        match self.outcome {
            Outcome::Retry { detail, .. } if !self.is_unseen => Outcome::Unknown { detail },
            other => other,
        }
    }
}

/// Fetches a public document of a provider: a certificate, a confirmation. At most 64 KiB. Errors: in words for the
/// log, without the address.
pub async fn fetch(egress: &Egress, url: &str) -> Result<String, String> {
    let http = Http::new(egress)?;
    let request = http.client().get(url).build().map_err(|_| "the address is malformed".to_owned())?;
    let reply = http.call(request).await.map_err(NoReply::told)?;
    match reply.status {
        200..300 => Ok(reply.text),
        status => Err(format!("HTTP {status}")),
    }
}

impl Http {
    /// Errors: the client can't be set up.
    pub fn new(egress: &Egress) -> Result<Http, String> {
        Ok(Http {
            client: guarded_client(egress, CONNECT_WAIT)?,
            egress: egress.clone(),
            answer_wait: ANSWER_WAIT,
        })
    }

    /// With another limit for an answer.
    pub fn waiting(self, answer_wait: Duration) -> Http {
        Http { answer_wait, ..self }
    }

    /// For making requests; they are sent by [`Http::call`] alone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes one call for a message that must not arrive twice; an answer is judged.
    pub async fn call_once(&self, request: Request, judged: impl FnOnce(&Reply) -> Outcome) -> Outcome {
        match self.call(request).await {
            Ok(reply) => judged(&reply),
            Err(no_reply) => no_reply.once(),
        }
    }

    /// Makes one call. It ends within the limit.
    pub async fn call(&self, request: Request) -> Result<Reply, NoReply> {
        // A name is checked when it is resolved; an address in the URL is never resolved.
        if let Err(error) = self.egress.permits_host(request.url().host_str().unwrap_or_default()) {
            return Err(NoReply {
                is_unseen: true,
                outcome: Outcome::Misconfigured { detail: error.to_string() },
            });
        }
        let answered = async {
            let mut response = self.client.execute(request).await?;
            let status = response.status().as_u16();
            let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            };
            let headers = response.headers().iter().filter_map(header).collect();
            let text = opening(&mut response, ANSWER_BYTES_MAX).await;
            Ok(Reply { status, headers, text })
        };
        match timeout(self.answer_wait, answered).await {
            Err(_) => Err(NoReply { is_unseen: false, outcome: silent() }),
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => {
                let error: reqwest::Error = error;
                let outcome = match failed(&error) {
                    // The address is the provider's, so it is the channel that cannot work.
                    Outcome::Rejected { detail, .. } => Outcome::Misconfigured { detail },
                    other => other,
                };
                Err(NoReply { is_unseen: error.is_connect() || error.is_builder(), outcome })
            }
        }
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
pub(crate) fn failed(error: &reqwest::Error) -> Outcome {
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

pub(crate) fn network(detail: &str) -> Outcome {
    Outcome::Retry { class: RetryClass::Network, after_ms: None, detail: detail.to_owned() }
}

pub(crate) fn silent() -> Outcome {
    let detail = "no answer from the receiver in time".to_owned();
    Outcome::Retry { class: RetryClass::Timeout, after_ms: None, detail }
}

/// The URL is the message's, so it is the message that can't go; other messages of the channel can.
pub(crate) fn out_of_bounds(error: &EgressError) -> Outcome {
    Outcome::Rejected { class: RejectClass::Invalid, detail: error.to_string() }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date. At most a day, in milliseconds.
pub(crate) fn retry_after_ms(header: Option<&str>, now: Timestamp) -> Option<i64> {
    let header = header?.trim();
    let ms = match header.parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * SECOND_MS,
        Err(_) => {
            let date = httpdate::parse_http_date(header).ok()?;
            let since_1970 = date.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            Timestamp::from_ms(i64::try_from(since_1970.as_millis()).ok()?).since_ms(now)
        }
    };
    Some(ms.clamp(0, DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_ms(1_445_412_420_000); // Wed, 21 Oct 2015 07:27:00 GMT
        let check = |header: &str, expect: Option<i64>| {
            assert_eq!(retry_after_ms(Some(header), now), expect, "{header}")
        };
        check("120", Some(120_000));
        check(" 0 ", Some(0));
        check("Wed, 21 Oct 2015 07:28:00 GMT", Some(60_000));
        check("Wed, 21 Oct 2015 07:26:00 GMT", Some(0));
        check("99999999", Some(DAY_MS));
        check("-1", None);
        check("soon", None);
    }
}
