use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::SmtpConfig;
use super::pool::Pool;
use super::session::{Connector, Progress, Sent};
use super::{KIND, Security};
use crate::email::{Composed, DkimSigner, compose};
use crate::{BoxFuture, Channel, Content, Delivery, Egress, Outcome, RejectClass, tls};

/// A pool of connections to one relay.
///
/// Accepted means: the relay answered 2xx to the final dot. What may be sent again is decided by the stage an
/// attempt reached; see [`super::session::Progress`].
pub struct SmtpChannel {
    connector: Connector,
    dkim: Option<DkimSigner>,
    pool: Arc<Pool>,
    connections: Semaphore,
}

impl SmtpChannel {
    /// Errors: certificates or a DKIM key that can't be used, or an address that `egress` does not allow.
    pub fn new(config: &SmtpConfig, egress: &Egress) -> Result<SmtpChannel, String> {
        egress.permits_host(&config.host).map_err(|error| error.to_string())?;
        let dkim = match &config.dkim {
            Some(dkim) => {
                let key = dkim.private_key_pem.as_ref().ok_or("dkim.private_key_pem: needed to sign")?;
                Some(DkimSigner::new(&dkim.domain, &dkim.selector, key.expose())?)
            }
            None => None,
        };
        let tls = Arc::new(tls::client_config(config.trust())?);
        Ok(SmtpChannel {
            pool: Pool::new(Duration::from_millis(config.idle_ms)),
            connections: Semaphore::new(config.pool_max),
            connector: Connector { config: config.clone(), egress: egress.clone(), tls },
            dkim,
        })
    }

    async fn attempt(&self, mail: &Composed, progress: &Progress) -> Outcome {
        let config = &self.connector.config;
        // Never closed, so there is always a permit in the end.
        let _permit = self.connections.acquire().await;
        if let Some(mut session) = self.pool.take()
            && let Sent::Done { outcome, reusable } = session.send(mail, true, config, progress).await
        {
            self.put_away(session, reusable).await;
            return outcome;
        }
        // Fresh: there was none idle, or it had died unnoticed. The others may have too, so no second one is tried.
        let mut session = match self.connector.connect(progress).await {
            Ok(session) => session,
            Err(outcome) => return outcome,
        };
        match session.send(mail, false, config, progress).await {
            Sent::Done { outcome, reusable } => {
                self.put_away(session, reusable).await;
                outcome
            }
            Sent::Stale => progress.silent(),
        }
    }

    async fn put_away(&self, session: super::session::Session, reusable: bool) {
        let young = session.carried < self.connector.config.messages_per_connection_max;
        if reusable && young && session.is_in_step() {
            self.pool.put(session);
        } else if reusable {
            session.quit().await;
        }
    }
}

impl Channel for SmtpChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        self.connector.config.pool_max
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let invalid = |detail| Outcome::Rejected { class: RejectClass::Invalid, detail };
            let Content::Email(content) = &delivery.content else {
                return invalid(format!("this channel sends e-mail, not {}", delivery.content.kind()));
            };
            let mail = match compose(delivery, content, self.dkim.as_ref()) {
                Ok(mail) => mail,
                Err(detail) => return invalid(detail),
            };
            let progress = Progress::default();
            let total = Duration::from_millis(self.connector.config.timeouts.total_ms);
            match timeout(total, self.attempt(&mail, &progress)).await {
                Ok(outcome) => outcome,
                Err(_) => progress.silent(),
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let config = &self.connector.config;
            let progress = Progress::default();
            let total = Duration::from_millis(config.timeouts.total_ms);
            let session = match timeout(total, self.connector.connect(&progress)).await {
                Ok(Ok(session)) => session,
                Ok(Err(outcome)) => return Err(outcome.detail().to_owned()),
                Err(_) => return Err(progress.silent().detail().to_owned()),
            };
            let encryption = match (&session.encryption, config.security) {
                (Some(version), _) => format!("encrypted with {version}"),
                (None, Security::None) => "not encrypted".to_owned(),
                (None, _) => "encrypted".to_owned(),
            };
            let login = if config.username.is_some() { "logged in" } else { "no login" };
            session.quit().await;
            Ok(format!("connected to {}:{}, {encryption}, {login}", config.host, config.port))
        })
    }
}
