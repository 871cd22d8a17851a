//! The other side of every channel: takes messages, refuses them, stays silent, and remembers what it took.

use domain::delivery::{Content, Delivery, Outcome, RejectClass, RetryClass};
use kit::{MINUTE_MS, Timestamp};
use std::collections::BTreeMap;

/// One attempt at one message. The key is the same in every life of a world, as the engine's ids follow from its
/// seed and their numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Attempt {
    pub key: String,
    pub channel: String,
    pub to: String,
    /// The template, the subject of a notice, or the address of a webhook.
    pub what: String,
    pub at: Timestamp,
    pub attempt: u32,
}

impl Attempt {
    pub fn of(delivery: &Delivery) -> Attempt {
        let what = match &delivery.content {
            Content::Email(email) => email.subject.clone(),
            Content::Text(text) => text.body.clone(),
            Content::Webhook(hook) => hook.url.clone(),
            Content::Template(template) => template.template_id.clone(),
            Content::Rich(rich) => rich.text.clone(),
            Content::Push(push) => push.title.clone(),
        };
        Attempt {
            key: delivery.key.clone(),
            channel: delivery.channel.clone(),
            to: delivery.to.clone(),
            what,
            at: delivery.attempted_at,
            attempt: delivery.attempt,
        }
    }
}

/// A message that the provider took, for good.
#[derive(Clone, Debug)]
pub struct Taken {
    pub key: String,
    pub attempt: Attempt,
    pub content: Content,
}

/// What the provider does with one attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Accept,
    Temporary,
    Throttled,
    MailboxFull,
    HardBounce,
    Policy,
    /// No answer comes; `taken` tells whether it has the message all the same.
    Silent {
        taken: bool,
    },
}

/// How flaky an attempt finds the provider, in parts of a thousand; the rest is accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moods {
    pub temporary: u64,
    pub throttled: u64,
    pub mailbox_full: u64,
    pub hard_bounce: u64,
    pub policy: u64,
    pub silent_taken: u64,
    pub silent_lost: u64,
}

#[derive(Debug, Default)]
pub struct Provider {
    pub seed: u64,
    pub moods: Moods,
    /// Channel (empty: every one), from, up to but not including.
    pub outages: Vec<(String, Timestamp, Timestamp)>,
    /// Addresses that always get this answer.
    pub always: BTreeMap<String, Answer>,
    /// Attempts that are answered so, before anything else is asked.
    pub overrides: BTreeMap<Attempt, Answer>,
    pub taken: Vec<Taken>,
    /// Keys that were taken a second time.
    pub doubled: Vec<String>,
}

impl Provider {
    /// A function of the attempt alone, so that a crash elsewhere changes nothing here.
    fn answer(&self, attempt: &Attempt) -> Answer {
        if let Some(answer) = self.overrides.get(attempt) {
            return *answer;
        }
        let is_out = |(channel, from, to): &(String, Timestamp, Timestamp)| {
            (channel.is_empty() || *channel == attempt.channel) && (*from..*to).contains(&attempt.at)
        };
        if self.outages.iter().any(is_out) {
            return Answer::Temporary;
        }
        if let Some(answer) = self.always.get(&attempt.to) {
            return *answer;
        }
        let at = attempt.at.ms().to_string();
        let parts = [&self.seed.to_string(), &attempt.channel, &attempt.to, &attempt.what, &at];
        let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
        let mut drawn = (engine::derived_id(&parts).as_u128() % 1_000) as u64;
        let moods = self.moods;
        let shares = [
            (moods.temporary, Answer::Temporary),
            (moods.throttled, Answer::Throttled),
            (moods.mailbox_full, Answer::MailboxFull),
            (moods.hard_bounce, Answer::HardBounce),
            (moods.policy, Answer::Policy),
            (moods.silent_taken, Answer::Silent { taken: true }),
            (moods.silent_lost, Answer::Silent { taken: false }),
        ];
        for (share, answer) in shares {
            if drawn < share {
                return answer;
            }
            drawn -= share;
        }
        Answer::Accept
    }

    /// Hands one message over. The second value tells whether the provider has it now.
    pub fn deliver(&mut self, delivery: &Delivery) -> (Outcome, bool) {
        let attempt = Attempt::of(delivery);
        let answer = self.answer(&attempt);
        let taken = matches!(answer, Answer::Accept | Answer::Silent { taken: true });
        if taken {
            if self.taken.iter().any(|held| held.key == delivery.key) {
                self.doubled.push(delivery.key.clone());
            }
            self.taken.push(Taken { key: delivery.key.clone(), attempt, content: delivery.content.clone() });
        }
        let detail = format!("{answer:?}");
        let retry =
            |class, after_ms, detail: &str| Outcome::Retry { class, after_ms, detail: detail.to_owned() };
        let outcome = match answer {
            Answer::Accept => {
                Outcome::Accepted { provider_id: Some(format!("virtual-{}", self.taken.len())), detail }
            }
            Answer::Temporary => retry(RetryClass::Temporary, None, &detail),
            Answer::Throttled => retry(RetryClass::Throttled, Some(10 * MINUTE_MS), &detail),
            Answer::MailboxFull => retry(RetryClass::MailboxFull, None, &detail),
            Answer::HardBounce => Outcome::Rejected { class: RejectClass::HardBounce, detail },
            Answer::Policy => Outcome::Rejected { class: RejectClass::Policy, detail },
            Answer::Silent { .. } => Outcome::Unknown { detail },
        };
        (outcome, taken)
    }
}
