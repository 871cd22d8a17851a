use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::egress::literal;
use crate::email::DkimSigner;
use crate::secret::{self, MASK};
use crate::{Channel, Secret, tls};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// A host name, or an address.
    pub host: String,
    /// Commonly 587 with `starttls`, 465 with `tls`.
    pub port: u16,
    pub security: Security,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What this server calls itself in EHLO; its own network address when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_name: Option<String>,
    /// Connections at once.
    #[serde(default = "SmtpConfig::pool_max")]
    pub pool_max: usize,
    /// After so many messages a connection is closed, for relays count them.
    #[serde(default = "SmtpConfig::messages_per_connection_max")]
    pub messages_per_connection_max: u32,
    /// How long an idle connection is kept, in milliseconds.
    #[serde(default = "SmtpConfig::idle_ms")]
    pub idle_ms: u64,
    #[serde(default)]
    pub timeouts: SmtpTimeouts,
    /// Believe any certificate: for a relay in one's own network.
    #[serde(default)]
    pub allow_invalid_certificates: bool,
    /// Further certificate authorities to believe, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates_pem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dkim: Option<DkimConfig>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Nothing is encrypted.
    None,
    /// Encryption is asked for after the greeting; a server that has none is not used.
    Starttls,
    /// Encrypted from the first byte.
    Tls,
}

/// All in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpTimeouts {
    /// For the name look-up and the connection, and again for the TLS handshake.
    pub connect_ms: u64,
    /// For the greeting and for the reply to each command.
    pub command_ms: u64,
    /// For writing the whole message, before its final dot.
    pub body_ms: u64,
    /// For the reply to the final dot. RFC 5321 (4.5.3.2.6) wants 10 minutes; a relay that takes longer than five
    /// has a fault, and what is cut off here counts as unknown, not as failed.
    pub reply_ms: u64,
    /// For a delivery altogether, the wait for a free connection included.
    pub total_ms: u64,
}

impl Default for SmtpTimeouts {
    fn default() -> Self {
        SmtpTimeouts {
            connect_ms: 10_000,
            command_ms: 30_000,
            body_ms: 180_000,
            reply_ms: 300_000,
            total_ms: 600_000,
        }
    }
}

/// Signing of every message for a domain (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimConfig {
    pub domain: String,
    /// The public key stands at `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// RSA of 2048 to 4096 bits, or Ed25519, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_pem: Option<Secret>,
}

impl SmtpConfig {
    fn pool_max() -> usize {
        8
    }

    fn messages_per_connection_max() -> u32 {
        100
    }

    fn idle_ms() -> u64 {
        30_000
    }

    /// Settings for a relay, with everything else as it is by default.
    pub fn new(host: impl Into<String>, port: u16, security: Security) -> SmtpConfig {
        SmtpConfig {
            host: host.into(),
            port,
            security,
            username: None,
            password: None,
            hello_name: None,
            pool_max: Self::pool_max(),
            messages_per_connection_max: Self::messages_per_connection_max(),
            idle_ms: Self::idle_ms(),
            timeouts: SmtpTimeouts::default(),
            allow_invalid_certificates: false,
            ca_certificates_pem: None,
            dkim: None,
        }
    }

    pub(super) fn trust(&self) -> tls::Trust<'_> {
        tls::Trust {
            authorities_pem: self.ca_certificates_pem.as_deref(),
            anything: self.allow_invalid_certificates,
        }
    }
}

impl Provider for SmtpConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Email];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        if !is_host(&self.host) {
            problem("host", "a host name or an address, without a scheme or a port");
        }
        if self.port == 0 {
            problem("port", "between 1 and 65535");
        }
        let (username, password) = (self.username.as_deref().unwrap_or(""), self.password.as_ref());
        if !username.is_empty() && password.is_none() {
            problem(
                "password",
                "needed with a user name; it is asked for again when the host or the user name changes",
            );
        }
        if username.is_empty() && password.is_some() {
            problem("username", "needed with a password");
        }
        if password.is_some_and(Secret::is_mask) {
            problem("password", "still masked: enter it");
        }
        if password.is_some() && self.security == Security::None && !is_nearby(&self.host) {
            problem(
                "security",
                "a password is only sent to another network when the connection is encrypted",
            );
        }
        if let Some(name) = &self.hello_name
            && !is_host(name)
        {
            problem("hello_name", "a host name, or an address in brackets");
        }
        if !(1..=100).contains(&self.pool_max) {
            problem("pool_max", "between 1 and 100");
        }
        if !(1..=10_000).contains(&self.messages_per_connection_max) {
            problem("messages_per_connection_max", "between 1 and 10000");
        }
        if !(1..=600_000).contains(&self.idle_ms) {
            problem("idle_ms", "between 1 and 600000");
        }
        let SmtpTimeouts { connect_ms, command_ms, body_ms, reply_ms, total_ms } = self.timeouts;
        for (field, value) in [
            ("timeouts.connect_ms", connect_ms),
            ("timeouts.command_ms", command_ms),
            ("timeouts.body_ms", body_ms),
            ("timeouts.reply_ms", reply_ms),
            ("timeouts.total_ms", total_ms),
        ] {
            if !(1..=1_800_000).contains(&value) {
                problem(field, "between 1 and 1800000");
            }
        }
        if let Err(message) = tls::client_config(self.trust()) {
            problem("ca_certificates_pem", &message);
        }
        if let Some(dkim) = &self.dkim {
            if !is_host(&dkim.domain) || literal(&dkim.domain).is_some() {
                problem("dkim.domain", "a domain name");
            }
            if !is_host(&dkim.selector) {
                problem("dkim.selector", "the label below _domainkey");
            }
            match &dkim.private_key_pem {
                None => problem("dkim.private_key_pem", "needed to sign"),
                Some(key) if key.is_mask() => problem("dkim.private_key_pem", "still masked: enter it"),
                Some(key) => {
                    if let Err(message) = DkimSigner::new(&dkim.domain, &dkim.selector, key.expose()) {
                        problem("dkim.private_key_pem", &message);
                    }
                }
            }
        }
        problems
    }

    fn redacted(&self) -> SmtpConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        let mut shown = self.clone();
        shown.password = mask(&self.password);
        if let Some(dkim) = &mut shown.dkim {
            dkim.private_key_pem = mask(&dkim.private_key_pem);
        }
        shown
    }

    fn merged(mut self, stored: &SmtpConfig) -> SmtpConfig {
        let same_account = self.host.eq_ignore_ascii_case(&stored.host)
            && self.username == stored.username
            // Nor may the password leave in the clear where it was encrypted before, or to whoever answers.
            && (self.security == stored.security || self.security != Security::None)
            && (!self.allow_invalid_certificates || stored.allow_invalid_certificates)
            && self.ca_certificates_pem == stored.ca_certificates_pem;
        self.password = secret::merged(self.password, stored.password.as_ref().filter(|_| same_account));
        if let Some(dkim) = &mut self.dkim {
            let kept =
                stored.dkim.as_ref().filter(|old| old.domain == dkim.domain && old.selector == dkim.selector);
            dkim.private_key_pem = secret::merged(
                dkim.private_key_pem.take(),
                kept.and_then(|old| old.private_key_pem.as_ref()),
            );
        }
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::SmtpChannel::new(self, &surroundings.egress)?))
    }
}

/// A name, or an address with or without brackets; nothing that could end a command or a header.
fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    literal(text).is_some()
        || (1..=253).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.')
}

/// Whether the name can only mean this machine or the network it stands in.
pub(crate) fn is_nearby(host: &str) -> bool {
    match literal(host) {
        Some(address) => crate::egress::is_private(address),
        None => !host.trim_end_matches('.').contains('.') || host.ends_with(".localhost"),
    }
}
