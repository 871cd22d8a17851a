use std::time::Duration;

use tokio::sync::Semaphore;

use super::KIND;
use super::config::PushConfig;
use super::device::Device;
use super::fcm::Fcm;
use super::web::WebPush;
use crate::http::Http;
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, RejectClass};

/// Accepted means: the push service took the notification. Whether the device shows it nobody tells.
pub struct PushChannel {
    http: Http,
    egress: Egress,
    web: Option<WebPush>,
    fcm: Option<Fcm>,
    requests: Semaphore,
    concurrency: usize,
}

impl PushChannel {
    /// Errors: the keys cannot be used, or the HTTP client can't be set up.
    pub fn new(config: &PushConfig, egress: &Egress) -> Result<PushChannel, String> {
        Ok(PushChannel {
            http: Http::new(egress)?.waiting(Duration::from_millis(config.timeout_ms)),
            egress: egress.clone(),
            web: config.web.as_ref().map(WebPush::new).transpose()?,
            fcm: config.fcm.as_ref().map(Fcm::new).transpose()?,
            requests: Semaphore::new(config.concurrency),
            concurrency: config.concurrency,
        })
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let invalid = |detail: String| Outcome::Rejected { class: RejectClass::Invalid, detail };
        let Content::Push(content) = &delivery.content else {
            return invalid(format!("this channel sends notifications and no {}", delivery.content.kind()));
        };
        let device = match Device::parse(&delivery.to) {
            Ok(device) => device,
            Err(detail) => return invalid(detail),
        };
        // This person cannot be reached here; others can.
        let unserved =
            |detail: &str| Outcome::Rejected { class: RejectClass::Recipient, detail: detail.to_owned() };
        // Never closed, so there is always a permit in the end.
        let _permit = self.requests.acquire().await;
        match (&device, &self.web, &self.fcm) {
            (Device::Browser(to), Some(web), _) => {
                web.deliver(&self.http, &self.egress, to, delivery, content).await
            }
            (Device::App(token), _, Some(fcm)) => fcm.deliver(&self.http, token, delivery, content).await,
            (Device::Browser(_), None, _) => unserved("notifications in browsers are not set up"),
            (Device::App(_), _, None) => unserved("notifications in the app are not set up"),
        }
    }

    async fn checked(&self) -> Result<String, String> {
        let mut ready = Vec::new();
        if self.web.is_some() {
            // The push services are the browsers': there is no one place to ask.
            ready.push("browsers: the keys fit together".to_owned());
        }
        if let Some(fcm) = &self.fcm {
            ready.push(format!("app: {}", fcm.check(&self.http).await?));
        }
        Ok(ready.join("; "))
    }
}

impl Channel for PushChannel {
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
        Box::pin(self.checked())
    }
}
