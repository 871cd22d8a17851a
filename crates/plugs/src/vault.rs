use crate::{BoxFuture, Secret};

/// What a vault holds, and which writing of it this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Counts the writings; 0 when nothing was ever written.
    pub version: i64,
    /// JSON of the provider's own.
    pub value: Option<Secret>,
}

/// A place for what a provider's credentials turn into and what is worth nothing once it was used, such as refresh
/// tokens: durable, sealed, one for each channel of a workspace, and shared by all processes of an installation.
pub trait Vault: Send + Sync {
    /// Errors: the store cannot be read, in words for the log.
    fn read(&self) -> BoxFuture<'_, Result<Held, String>>;

    /// Writes when nobody has written since `version`; tells whether it did. It is durable when it returns.
    fn swap(&self, version: i64, value: Secret) -> BoxFuture<'_, Result<bool, String>>;

    /// Has what is held renewed by somebody who does not end with this process, unless it is no longer the one that
    /// its provider counts as `serial`. Returns when that has ended, whatever came of it: read again. Errors: there is
    /// nobody who does it.
    fn renew(&self, _serial: i64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Err("nobody renews it here".to_owned())))
    }
}
