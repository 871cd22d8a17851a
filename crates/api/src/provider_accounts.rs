//! Accounts at providers that the shop authorises in the provider's own pages, as the API sees them: it knows no
//! provider.

use crate::services::BoxFuture;
use kit::Timestamp;
use std::collections::BTreeMap;

/// How an authorisation stands.
#[derive(Clone, PartialEq, Debug)]
pub enum ProviderStanding {
    /// Nobody has authorised it yet.
    Missing,
    Good {
        account_id: String,
        /// When the access token ends. It is renewed long before.
        expires_at: Timestamp,
        /// When the shop has to authorise again if nothing is renewed until then.
        refresh_expires_at: Timestamp,
        /// Why the last renewal did not work.
        fault: Option<String>,
    },
    /// It is worth nothing any more: the shop has to authorise again.
    Lapsed { account_id: String, why: String },
}

/// A template at a provider.
#[derive(Clone, PartialEq, Debug)]
pub struct ProviderTemplate {
    pub template_id: String,
    pub name: String,
    /// In the provider's words, as are quality and tag.
    pub status: String,
    pub quality: String,
    pub tag: String,
    pub preview_url: String,
    pub parameters: Vec<ProviderTemplateParameter>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ProviderTemplateParameter {
    pub name: String,
    pub is_required: bool,
    pub kind: String,
    /// In characters; 0: not told.
    pub min_length: i64,
    pub max_length: i64,
}

/// The account behind a channel. All errors are in words for the shop.
pub trait ProviderAccount: Send + Sync {
    fn standing(&self) -> BoxFuture<'_, Result<ProviderStanding, String>>;

    /// Where the shop authorises it; the provider brings `state` and a code back to `redirect_uri`.
    fn authorise_url(&self, redirect_uri: &str, state: &str, verifier: &str) -> Result<String, String>;

    /// Turns what was brought back into an authorisation, and keeps it.
    fn authorise<'a>(
        &'a self,
        code: &'a str,
        account_id: &'a str,
        verifier: &'a str,
    ) -> BoxFuture<'a, Result<(), String>>;

    /// Messages by template that may go out today, and how many of these are left.
    fn quota(&self) -> BoxFuture<'_, Result<(i64, i64), String>>;

    fn templates(&self) -> BoxFuture<'_, Result<Vec<ProviderTemplate>, String>>;

    /// Sends a message by template that reaches only the people who administer the account.
    fn try_template<'a>(
        &'a self,
        to: &'a str,
        template_id: &'a str,
        parameters: BTreeMap<String, String>,
    ) -> BoxFuture<'a, Result<String, String>>;
}
