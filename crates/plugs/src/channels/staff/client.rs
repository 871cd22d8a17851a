use std::collections::BTreeMap;
use std::sync::Arc;

use super::{StaffContact, wire};
use crate::http::{Http, NoReply};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, RejectClass};

/// The channel of webhooks with the shop's contacts beside it.
pub struct StaffChannel {
    contacts: BTreeMap<String, StaffContact>,
    http: Http,
    webhook: Arc<dyn Channel>,
    zalo: Option<Arc<dyn Channel>>,
}

impl StaffChannel {
    /// `contacts` by their names. Errors: the HTTP client can't be set up.
    pub fn new(
        contacts: BTreeMap<String, StaffContact>,
        egress: &Egress,
        webhook: Arc<dyn Channel>,
        zalo: Option<Arc<dyn Channel>>,
    ) -> Result<StaffChannel, String> {
        Ok(StaffChannel { contacts, http: Http::new(egress)?, webhook, zalo })
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        if delivery.to.is_empty() {
            return self.webhook.deliver(delivery).await;
        }
        let rejected = |class, detail: String| Outcome::Rejected { class, detail };
        let Content::Text(content) = &delivery.content else {
            let detail = format!("contacts of staff take a text and no {}", delivery.content.kind());
            return rejected(RejectClass::Invalid, detail);
        };
        let Some(contact) = self.contacts.get(&delivery.to) else {
            let detail = "no contact of this name; set it up under messages to staff".to_owned();
            return rejected(RejectClass::Recipient, detail);
        };
        if let StaffContact::Zalo { user_id } = contact {
            let Some(zalo) = &self.zalo else {
                return rejected(RejectClass::Recipient, "the Zalo channel is not set up".into());
            };
            return zalo.deliver(&Delivery { to: user_id.clone(), ..delivery.clone() }).await;
        }
        let Some(post) = wire::post(contact, &content.body) else {
            return rejected(RejectClass::Recipient, "the contact is not complete".into());
        };
        let request = self.http.client().post(&post.url).header("content-type", "application/json");
        let Ok(request) = request.body(post.body.to_string()).build() else {
            return rejected(RejectClass::Invalid, "the contact's address is malformed".into());
        };
        match self.http.call(request).await {
            Ok(reply) => wire::judged(contact, &reply, delivery.attempted_at),
            // The address is one contact's: other messages of the channel go on.
            Err(none) => match none.once() {
                Outcome::Misconfigured { detail } => rejected(RejectClass::Invalid, detail),
                other => other,
            },
        }
    }

    /// Whether a contact works, as far as that can be told without writing to it.
    pub async fn check_contact(&self, name: &str) -> Result<String, String> {
        let contact = self.contacts.get(name).ok_or("no contact of this name")?;
        let StaffContact::Telegram { bot_token: Some(token), chat_id, base_url } = contact else {
            return Ok("ready; whether it arrives a test tells".to_owned());
        };
        let url = wire::telegram_url(base_url, token, "getChat");
        let request = self.http.client().post(&url).header("content-type", "application/json");
        let body = serde_json::json!({ "chat_id": chat_id }).to_string();
        let request = request.body(body).build().map_err(|_| "the contact's address is malformed")?;
        let reply = self.http.call(request).await.map_err(NoReply::told)?;
        match wire::judged(contact, &reply, kit::Timestamp::from_ms(0)) {
            Outcome::Accepted { .. } => Ok("the bot knows the chat".to_owned()),
            other => Err(other.detail().to_owned()),
        }
    }
}

impl Channel for StaffChannel {
    fn kind(&self) -> &'static str {
        self.webhook.kind()
    }

    fn concurrency(&self) -> usize {
        self.webhook.concurrency()
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        self.webhook.check()
    }
}
