use std::future::Future;
use std::pin::Pin;

pub use domain::delivery::{
    About, Content, Delivery, EmailContent, MessageClass, Outcome, Paid, PushContent, Receipt, RejectClass,
    RetryClass, RichContent, Sender, TemplateContent, TextContent, Told, Urgency, WebhookContent,
};

/// A future that a `dyn Channel` can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way out to customers or to the shop's own systems.
///
/// A channel makes one attempt and says what became of it. It keeps no queue, waits for no second try and knows
/// no limits but its own connections: retries, backoff, caps and suppression belong to the engine.
pub trait Channel: Send + Sync {
    /// The provider's stable name, as in [`crate::ChannelConfig`]: `smtp`, `webhook`, `file`, ...
    fn kind(&self) -> &'static str;

    /// How many deliveries are worth having under way at once. More than this only wait inside the channel.
    fn concurrency(&self) -> usize;

    /// How many deliveries the other side takes in a time; `None`: as many as come. The engine keeps to it.
    fn rate(&self) -> Option<Rate> {
        None
    }

    /// Whether the other side takes such a message only together with others, and how many of them; `None`: one by one.
    /// What is told the same goes to [`Channel::deliver_batch`].
    fn batch(&self, _delivery: &Delivery) -> Option<Batch> {
        None
    }

    /// Makes one attempt at each of several messages for which [`Channel::batch`] asked, and tells an outcome for each,
    /// in their order. Too few of them wait for others: [`crate::RetryClass::Rescheduled`].
    fn deliver_batch<'a>(&'a self, deliveries: &'a [Delivery]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                outcomes.push(self.deliver(delivery).await);
            }
            outcomes
        })
    }

    /// Whether the other side tells what became of some messages only to whom asks: [`Channel::ask`].
    fn asks(&self) -> bool {
        false
    }

    /// What one call of [`Channel::ask`] tells of, by the other side's name of a message: the whole batch that it
    /// went out with. What is named the same is asked for together.
    fn asked_with<'a>(&self, provider_id: &'a str) -> &'a str {
        provider_id
    }

    /// Asks what became of messages that were accepted, where the other side tells that only when it is asked; a
    /// message that nothing is known of yet has no receipt. Each group of [`Channel::asked_with`] is a call. Errors:
    /// words for the shop.
    fn ask<'a>(&'a self, _messages: &'a [Asked]) -> BoxFuture<'a, Result<Vec<Receipt>, String>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Makes one attempt. It always ends, within the deadlines of the channel's settings, and never panics on
    /// what the other side says. Dropping the future before it ends leaves the outcome unknown.
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome>;

    /// Whether the settings work, without sending anything to anybody. Both texts are meant for the shop.
    fn check(&self) -> BoxFuture<'_, Result<String, String>>;
}

/// At most `count` deliveries in any `per_ms` milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    pub count: u32,
    pub per_ms: i64,
}

/// How many messages the other side takes at once, at least and at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    pub min: usize,
    pub max: usize,
}

/// A message whose fate is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// [`Delivery::key`].
    pub key: String,
    /// The other side's name, from [`Outcome::Accepted`].
    pub provider_id: String,
    /// [`Delivery::to`].
    pub to: String,
}

// It holds an address.
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("key", &self.key).finish_non_exhaustive()
    }
}
