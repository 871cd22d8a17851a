use std::collections::HashMap;
use std::time::Duration;

use kit::MINUTE_MS;
use serde_json::Value;

use super::wire::{self, Words};
use super::{BATCH_MAX, BATCH_MIN, EsmsConfig, KIND};
use crate::http::{Http, NoReply, Reply};
use crate::sms::{digits_of, rejected, text_of};
use crate::{
    About, Asked, Batch, BoxFuture, Channel, Content, Delivery, MessageClass, Outcome, Receipt, RejectClass,
    RetryClass, Surroundings, Told,
};

/// How long a batch that is too small waits for others.
const COMPANY_WAIT_MS: i64 = 15 * MINUTE_MS;

/// eSMS knows the key of a message for 24 hours: what had no answer is sent again under the same one.
pub struct EsmsChannel {
    http: Http,
    config: EsmsConfig,
    callback_url: String,
}

impl EsmsChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &EsmsConfig, surroundings: &Surroundings) -> Result<EsmsChannel, String> {
        let http = Http::new(&surroundings.egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(EsmsChannel { http, config: config.clone(), callback_url: surroundings.callback_url.clone() })
    }

    async fn post(&self, call: &str, body: &Value) -> Result<Reply, NoReply> {
        let url = format!("{}/MainService.svc/json/{call}", self.config.base());
        let request = self.http.client().post(url).header("content-type", "application/json");
        match request.body(body.to_string()).build() {
            Ok(request) => self.http.call(request).await,
            Err(_) => Err(unusable()),
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let text = match text_of(delivery) {
            Ok(text) => text,
            Err(outcome) => return outcome,
        };
        if text.class == MessageClass::Advertising {
            return waits(1);
        }
        let body = match wire::care(&self.config, &self.callback_url, delivery, text) {
            Ok(body) => body,
            Err(outcome) => return outcome,
        };
        match self.post("SendMultipleMessage_V4_post_json/", &body).await {
            Ok(reply) => wire::judged(&reply, delivery.attempted_at, Words::Care),
            Err(no_reply) => no_reply.outcome,
        }
    }

    /// All with one text; to each number once.
    async fn send_batch(&self, deliveries: &[&Delivery], text: &str, numbers: &[&str]) -> Vec<Outcome> {
        let id = wire::batch_id(deliveries.iter().map(|delivery| delivery.key.as_str()));
        let body = wire::advertising(&self.config, &id, text, numbers);
        const CALL: &str = "SendMultipleSMSBrandname_json/";
        let judged = match self.post(CALL, &body).await {
            Ok(reply) => wire::judged(&reply, deliveries[0].attempted_at, Words::Advertising),
            Err(no_reply) if no_reply.is_unseen => no_reply.outcome,
            // The same request is known by its id; another batch of the same people would not be.
            Err(no_reply) => match self.post(CALL, &body).await {
                Ok(reply) => wire::judged(&reply, deliveries[0].attempted_at, Words::Advertising),
                Err(_) => no_reply.once(),
            },
        };
        let of = |number: usize| match &judged {
            Outcome::Accepted { provider_id: Some(id), detail } => Outcome::Accepted {
                provider_id: Some(wire::place_in_batch(id, number)),
                detail: detail.clone(),
            },
            other => other.clone(),
        };
        (0..numbers.len()).map(of).collect()
    }

    async fn attempt_batch(&self, deliveries: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; deliveries.len()];
        // By text, in the order in which they came; within a text each number once.
        let mut texts: Vec<&str> = Vec::new();
        let mut groups: HashMap<&str, Group<'_>> = HashMap::new();
        for (at, delivery) in deliveries.iter().enumerate() {
            let text = match text_of(delivery) {
                Ok(text) if text.class == MessageClass::Care => {
                    outcomes[at] = Some(self.attempt(delivery).await);
                    continue;
                }
                Ok(text) => text,
                Err(outcome) => {
                    outcomes[at] = Some(outcome);
                    continue;
                }
            };
            let number = match digits_of(&delivery.to) {
                // One such number would have eSMS refuse a small batch over and over.
                Ok(number) if !number.starts_with("84") => {
                    let detail = "eSMS sends advertising to numbers of Vietnam";
                    outcomes[at] = Some(rejected(RejectClass::Invalid, detail));
                    continue;
                }
                Ok(number) => number,
                Err(outcome) => {
                    outcomes[at] = Some(outcome);
                    continue;
                }
            };
            let group = groups.entry(text.body.as_str()).or_insert_with(|| {
                texts.push(&text.body);
                Group::default()
            });
            group.take(at, number);
        }
        let lonely: usize =
            groups.values().map(|group| group.numbers.len()).filter(|count| *count < BATCH_MIN).sum();
        for text in texts {
            let group = &groups[text];
            let count = group.numbers.len();
            if count < BATCH_MIN {
                let outcome = if lonely < BATCH_MIN { waits(count) } else { personal() };
                for (at, _) in &group.members {
                    outcomes[*at] = Some(outcome.clone());
                }
                continue;
            }
            // As many requests as it takes, of nearly one size, so that none is too small.
            let size = count.div_ceil(count.div_ceil(BATCH_MAX));
            for (chunk, numbers) in group.numbers.chunks(size).enumerate() {
                let first = chunk * size;
                let within = |number: &usize| (first..first + numbers.len()).contains(number);
                let members: Vec<_> = group.members.iter().filter(|(_, number)| within(number)).collect();
                let those: Vec<&Delivery> = members.iter().map(|(at, _)| &deliveries[*at]).collect();
                let told = self.send_batch(&those, text, numbers).await;
                let mut named = vec![false; numbers.len()];
                for (at, number) in members {
                    let place = number - first;
                    let mut outcome = told[place].clone();
                    // A second message to one number went out with the first; its name is the first one's.
                    if let (true, Outcome::Accepted { provider_id, .. }) = (named[place], &mut outcome) {
                        *provider_id = None;
                    }
                    named[place] = true;
                    outcomes[*at] = Some(outcome);
                }
            }
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| waits(1))).collect()
    }

    async fn fates(&self, messages: &[Asked]) -> Result<Vec<Receipt>, String> {
        let mut batches: HashMap<&str, Vec<&Asked>> = HashMap::new();
        for message in messages {
            batches.entry(wire::batch_of(&message.provider_id)).or_default().push(message);
        }
        let mut batches: Vec<_> = batches.into_iter().collect();
        batches.sort_by_key(|(id, _)| *id);
        let (mut receipts, mut fault) = (Vec::new(), None);
        for (id, messages) in batches {
            let secret = |key: &Option<crate::Secret>| {
                key.as_ref().map(|key| key.expose().to_owned()).unwrap_or_default()
            };
            let query = crate::sms::form(&[
                ("ApiKey", &secret(&self.config.api_key)),
                ("SecretKey", &secret(&self.config.secret_key)),
                ("RefId", id),
            ]);
            let url = format!("{}/MainService.svc/json/GetSmsReceiverStatus_get?{query}", self.config.base());
            let request =
                self.http.client().get(url).build().map_err(|_| unusable().outcome.detail().to_owned())?;
            let reply = match self.http.call(request).await {
                Ok(reply) => reply,
                // The next one would meet the same silence.
                Err(no_reply) => {
                    fault = Some(no_reply.told());
                    break;
                }
            };
            let fates = match wire::fates(&reply) {
                Ok(fates) => fates,
                Err(error) => {
                    fault = Some(error);
                    if wire::is_throttled(&reply) {
                        break;
                    }
                    // One that eSMS does not tell of keeps nobody from hearing of the others.
                    continue;
                }
            };
            for message in messages {
                let Some(national) = wire::national(&message.to) else { continue };
                let Some(fate) = fates.iter().find(|fate| fate.national == national) else { continue };
                let Some(arrived) = fate.arrived else { continue };
                receipts.push(Receipt {
                    about: About::Key(message.key.clone()),
                    what: if arrived {
                        Told::Delivered
                    } else {
                        Told::Failed { class: RejectClass::Refused }
                    },
                    at: None,
                    detail: fate.detail.clone(),
                    event_id: Some(format!("{} {arrived}", message.key)),
                    price: None,
                });
            }
        }
        match fault {
            Some(fault) if receipts.is_empty() => Err(fault),
            _ => Ok(receipts),
        }
    }

    async fn balance(&self) -> Result<String, String> {
        let body = wire::keys(&self.config);
        wire::balance(&self.post("GetBalance_json", &body.into()).await.map_err(NoReply::told)?)
    }
}

#[derive(Default)]
struct Group<'a> {
    numbers: Vec<&'a str>,
    places: HashMap<&'a str, usize>,
    /// Which delivery, and which of the numbers.
    members: Vec<(usize, usize)>,
}

impl<'a> Group<'a> {
    fn take(&mut self, at: usize, number: &'a str) {
        let place = *self.places.entry(number).or_insert_with(|| {
            self.numbers.push(number);
            self.numbers.len() - 1
        });
        self.members.push((at, place));
    }
}

fn unusable() -> NoReply {
    let detail = "the address of eSMS cannot be used".to_owned();
    NoReply { is_unseen: true, outcome: Outcome::Misconfigured { detail } }
}

fn waits(count: usize) -> Outcome {
    let detail = format!(
        "eSMS takes advertising for at least {BATCH_MIN} recipients at once, all with one text; {count} of this text, so it waits for others"
    );
    Outcome::Retry { class: RetryClass::Rescheduled, after_ms: Some(COMPANY_WAIT_MS), detail }
}

fn personal() -> Outcome {
    rejected(
        RejectClass::Invalid,
        "advertising SMS by eSMS has one text for all: leave names and links of one's own out of it",
    )
}

impl Channel for EsmsChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        8
    }

    fn batch(&self, delivery: &Delivery) -> Option<Batch> {
        let is_advertising =
            matches!(&delivery.content, Content::Text(text) if text.class == MessageClass::Advertising);
        is_advertising.then_some(Batch { min: BATCH_MIN, max: BATCH_MAX })
    }

    fn deliver_batch<'a>(&'a self, deliveries: &'a [Delivery]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.attempt_batch(deliveries))
    }

    fn asks(&self) -> bool {
        true
    }

    fn asked_with<'a>(&self, provider_id: &'a str) -> &'a str {
        wire::batch_of(provider_id)
    }

    fn ask<'a>(&'a self, messages: &'a [Asked]) -> BoxFuture<'a, Result<Vec<Receipt>, String>> {
        Box::pin(self.fates(messages))
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(self.balance())
    }
}
