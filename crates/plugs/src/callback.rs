//! What providers' servers call back with, and what it comes to.

use domain::delivery::Receipt;
use kit::Timestamp;

/// A request to the shop's address of callbacks, as it came.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The whole address that was called, as the provider knows it: Twilio signs it.
    pub url: &'a str,
    /// Without the question mark; empty when there is none.
    pub query: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    pub now: Timestamp,
}

impl<'a> Callback<'a> {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What a callback comes to.
#[derive(Debug, Default)]
pub struct Received {
    pub receipts: Vec<Receipt>,
    /// The provider wants this address fetched to confirm that its callbacks are wanted (SNS). It was checked to be
    /// the provider's own.
    pub confirm_url: Option<String>,
    /// Nothing is said yet: the document at this address is needed to check the signature (the certificate of SNS).
    /// The address was checked to be the provider's own, on HTTPS. Fetch it through the guard, keep it by its
    /// address, and ask [`crate::ChannelConfig::receive_with`].
    pub needs_url: Option<String>,
    /// What the provider wants to read; nearly all are content with an empty 200.
    pub answer: String,
}

impl Received {
    pub fn of(receipts: Vec<Receipt>) -> Received {
        Received { receipts, ..Received::default() }
    }
}

/// Why a callback is not believed or not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallbackRefusal {
    /// No signature, or one that does not fit: 401.
    Unsigned,
    /// The signature fits, but it is older than five minutes, or from the future: 401.
    Stale,
    /// No such form is known: 400, with a word for the shop's log of callbacks.
    Malformed(String),
    /// This provider calls nobody back: 404.
    Unexpected,
}
