use std::future::Future;
use std::pin::Pin;

pub use domain::delivery::{
    About, Content, Delivery, EmailContent, MessageClass, Outcome, PushContent, Receipt, RejectClass,
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
