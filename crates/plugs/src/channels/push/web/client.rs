use super::super::config::WebPushConfig;
use super::super::device::Subscription;
use super::seal::{Agreed, sealed};
use super::vapid::VapidKey;
use super::wire;
use crate::http::Http;
use crate::{Delivery, Egress, Outcome, PushContent, RejectClass, Secret};

/// Sends to browsers.
pub(in super::super) struct WebPush {
    key: VapidKey,
    subject: String,
}

impl WebPush {
    /// Errors: the keys cannot be used.
    pub fn new(config: &WebPushConfig) -> Result<WebPush, String> {
        let none = Secret::new("");
        let private = config.private_key.as_ref().unwrap_or(&none);
        let key = VapidKey::new(&config.public_key, private).map_err(|(_, message)| message)?;
        Ok(WebPush { key, subject: config.subject.clone() })
    }

    /// Push services tell no repeated message, so one that may have been accepted is not sent again.
    pub async fn deliver(
        &self,
        http: &Http,
        egress: &Egress,
        to: &Subscription,
        delivery: &Delivery,
        content: &PushContent,
    ) -> Outcome {
        let invalid = |detail: String| Outcome::Rejected { class: RejectClass::Invalid, detail };
        let request = wire::endpoint(&to.endpoint, egress).and_then(|url| {
            let plain = wire::payload(delivery, content)?;
            let agreed = Agreed::with(&to.p256dh).map_err(invalid)?;
            let body = sealed(&agreed, &to.p256dh, &to.auth, &plain).map_err(invalid)?;
            let token =
                self.key.authorization(&url, &self.subject, delivery.attempted_at).map_err(invalid)?;
            let mut request = http.client().post(url).header("Authorization", token);
            for (name, value) in wire::headers(content) {
                request = request.header(name, value);
            }
            request.body(body).build().map_err(|_| invalid("the request could not be made".into()))
        });
        let request = match request {
            Ok(request) => request,
            Err(outcome) => return outcome,
        };
        match http.call(request).await {
            Ok(reply) => wire::judged(&reply, &to.endpoint, delivery.attempted_at),
            Err(none) => match none.once() {
                // The address is the browser's, so it is the message that cannot go.
                Outcome::Misconfigured { detail } => invalid(detail),
                other => other,
            },
        }
    }
}
