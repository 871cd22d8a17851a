//! Tokens of providers: where they are kept, who renews them, and the accounts behind them for the API.
//!
//! A refresh token of Zalo is taken once, and its answer holds the next one. A server that is ended between that
//! answer and writing it down would lose the authorisation, so a server never asks for it: it starts a small process
//! of this same program, in a group of its own, which outlives it (`quaylai renew-token`). What comes of it stands in
//! the store, where every node reads it.

use crate::channels::Desk;
use crate::clock::SystemClock;
use crate::runtime::Shared;
use crate::secrets::Secret;
use anyhow::Context;
use api::{BoxFuture, ProviderAccount, ProviderStanding, ProviderTemplate, ProviderTemplateParameter};
use domain::consent::Channel;
use kit::{Clock, WorkspaceId};
use plugs::channels::zalo::{self, Standing, ZaloChannel};
use plugs::{Channel as _, Content, Delivery, Held, Outcome, Vault};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Changeset, Store, StoreError};
use tokio::task::JoinHandle;

/// Tokens that are due are looked for this often.
const LOOK_WAIT: Duration = Duration::from_secs(1);
/// Whoever waits for a renewal waits no longer; the renewal goes on.
const RENEWAL_WAIT: Duration = Duration::from_secs(45);
/// A process that holds the only copy of new tokens tries so long to write them down.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
const PATIENT_PAUSE: Duration = Duration::from_millis(500);

/// The Official Accounts of all workspaces.
pub type Accounts = Vec<(WorkspaceId, Arc<ZaloChannel>)>;

/// Where tokens are kept, and the data folder for the process that renews them.
#[derive(Clone)]
pub struct Keeping {
    pub store: Arc<Store>,
    pub folder: PathBuf,
    /// Whether writing is tried again for a long time: where nobody else knows what is written.
    pub is_patient: bool,
}

/// The tokens of one channel.
pub struct StoreVault {
    keeping: Keeping,
    secret: Secret,
    workspace: WorkspaceId,
    channel: Channel,
}

impl StoreVault {
    pub fn new(keeping: Keeping, secret: Secret, workspace: WorkspaceId, channel: Channel) -> StoreVault {
        StoreVault { keeping, secret, workspace, channel }
    }

    fn about(&self) -> String {
        format!("tokens {} {}", self.workspace.0, self.channel)
    }

    /// Runs on a thread that may block; where the store is away for a while, again and again.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl Fn(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.keeping.store);
        let tries = match self.keeping.is_patient {
            true => PATIENCE.as_millis() / PATIENT_PAUSE.as_millis(),
            false => 1,
        };
        let done = tokio::task::spawn_blocking(move || {
            let mut outcome = work(&store);
            for _ in 1..tries {
                match &outcome {
                    Err(StoreError::Unavailable(_) | StoreError::Full(_)) => {}
                    _ => break,
                }
                pause();
                outcome = work(&store);
            }
            outcome
        });
        done.await.unwrap_or_else(|error| Err(StoreError::Bug(format!("a blocking task ended: {error}"))))
    }

    async fn row(&self) -> Result<Option<store::grants::ChannelTokenRow>, StoreError> {
        let (workspace, channel) = (self.workspace, self.channel);
        self.aside(move |store| store.read(|tx| tx.channel_token(workspace, channel.as_str()))).await
    }

    /// The process that renews; it ends by itself.
    fn renewer(&self, serial: i64) -> std::io::Result<Command> {
        // The program as it runs, even where its file was replaced meanwhile.
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { std::env::current_exe()? };
        let mut command = Command::new(program);
        command
            .arg("renew-token")
            .args([std::ffi::OsStr::new("--data"), self.keeping.folder.as_os_str()])
            .args(["--workspace", &self.workspace.0.to_string()])
            .args(["--channel", self.channel.as_str()])
            .args(["--serial", &serial.to_string()])
            // The folder knows the database that the server uses, which its own options may have named.
            .env_remove("QUAYLAI_DATABASE")
            .env_remove("QUAYLAI_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Not of the server's group: what ends that one, such as a key pressed at its terminal, leaves this alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(command)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a store that is away is left alone decides nothing")]
fn pause() {
    std::thread::sleep(PATIENT_PAUSE);
}

impl Vault for StoreVault {
    fn read(&self) -> BoxFuture<'_, Result<Held, String>> {
        Box::pin(async move {
            let row = self.row().await.map_err(|error| error.to_string())?;
            let Some(row) = row else { return Ok(Held { version: 0, value: None }) };
            let plain = self.secret.unseal(&self.about(), &row.sealed).map_err(|error| error.to_string())?;
            let text = String::from_utf8(plain).map_err(|_| "the tokens are no text".to_owned())?;
            Ok(Held { version: row.version, value: Some(plugs::Secret::new(text)) })
        })
    }

    fn swap(&self, version: i64, value: plugs::Secret) -> BoxFuture<'_, Result<bool, String>> {
        Box::pin(async move {
            let sealed = self.secret.seal(&self.about(), value.expose().as_bytes());
            let sealed = sealed.map_err(|error| error.to_string())?;
            let (workspace, channel) = (self.workspace, self.channel);
            loop {
                let written = sealed.clone();
                let done = self.aside(move |store| {
                    let mut changes = Changeset::new();
                    changes.swap_channel_token(workspace, channel.as_str(), version, written.clone());
                    store.apply(changes).map(drop)
                });
                match done.await {
                    Ok(()) => return Ok(true),
                    Err(StoreError::Conflict { .. } | StoreError::Duplicate { .. }) => {
                        // A try before this one may have come through without our hearing of it.
                        let row = self.row().await.map_err(|error| error.to_string())?;
                        return Ok(row.is_some_and(|row| row.sealed == sealed));
                    }
                    // It may be stored: whoever looks first knows.
                    Err(StoreError::Uncertain(_)) => {
                        let row = self.row().await.map_err(|error| error.to_string())?;
                        match row {
                            Some(row) if row.sealed == sealed => return Ok(true),
                            Some(row) if row.version != version => return Ok(false),
                            None if version != 0 => return Ok(false),
                            _ => {}
                        }
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
        })
    }

    fn renew(&self, serial: i64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let mut child = self
                .renewer(serial)
                .and_then(|mut command| command.spawn())
                .map_err(|error| format!("the process that renews tokens cannot be started: {error}"))?;
            let (workspace, channel) = (self.workspace.0, self.channel);
            let ended = tokio::task::spawn_blocking(move || child.wait());
            match tokio::time::timeout(RENEWAL_WAIT, ended).await {
                Ok(Ok(Ok(status))) if status.success() => {}
                Ok(Ok(Ok(status))) => tracing::warn!(workspace, %channel, %status, "tokens were not renewed"),
                Ok(_) => tracing::warn!(workspace, %channel, "nobody knows how the renewal of tokens ended"),
                Err(_) => tracing::warn!(workspace, %channel, "the renewal of tokens takes long; it goes on"),
            }
            Ok(())
        })
    }
}

/// Starts renewals well before the access tokens end, for as long as this process leads.
pub struct Keeper {
    task: JoinHandle<()>,
}

impl Keeper {
    pub fn start(shared: Arc<Shared>, desk: Arc<Desk>) -> Keeper {
        Keeper { task: tokio::spawn(keep(shared, desk)) }
    }

    /// Waits for the renewals under way, a while at most: they go on without us.
    pub async fn end(self) {
        let _ = tokio::time::timeout(RENEWAL_WAIT, self.task).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often is looked decides nothing: what is due is told by the tokens"
)]
async fn keep(shared: Arc<Shared>, desk: Arc<Desk>) {
    let busy: Arc<Mutex<BTreeSet<WorkspaceId>>> = Arc::default();
    let mut renewals = tokio::task::JoinSet::new();
    let mut known: Option<(i64, Accounts)> = None;
    while !shared.stops() {
        tokio::time::sleep(LOOK_WAIT).await;
        while renewals.try_join_next().is_some() {}
        if !shared.leads.load(Ordering::SeqCst) {
            continue;
        }
        let (store, own) = (Arc::clone(&shared.store), Arc::clone(&desk));
        let last = known.as_ref().map(|(generation, _)| *generation);
        let read = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let generation = store.read(|tx| tx.progress(store::inbox::CONFIGURATION))?.unwrap_or(0);
            if Some(generation) == last {
                return Ok(None);
            }
            Ok(Some((generation, own.official_accounts(&store)?)))
        });
        match read.await {
            Ok(Ok(Some(news))) => known = Some(news),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "tokens that are due cannot be looked for; it is tried again")
            }
            Err(_) => {}
        }
        for (workspace, channel) in known.iter().flat_map(|(_, channels)| channels) {
            let (workspace, channel) = (*workspace, Arc::clone(channel));
            if busy.lock().unwrap_or_else(PoisonError::into_inner).contains(&workspace) {
                continue;
            }
            let Ok(Some(serial)) = channel.due(SystemClock.now()).await else { continue };
            busy.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace);
            let (busy, vault) = (Arc::clone(&busy), desk.vault(workspace, Channel::Zalo));
            renewals.spawn(async move {
                if let Some(vault) = vault
                    && let Err(error) = vault.renew(serial).await
                {
                    tracing::error!(workspace = workspace.0, %error, "tokens cannot be renewed");
                }
                busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&workspace);
            });
        }
    }
    while renewals.join_next().await.is_some() {}
}

/// An Official Account, for the API.
pub struct Account {
    pub zalo: ZaloChannel,
    /// The same, for messages that reach nobody but the shop's own people.
    pub trial: ZaloChannel,
}

impl ProviderAccount for Account {
    fn standing(&self) -> BoxFuture<'_, Result<ProviderStanding, String>> {
        Box::pin(async {
            Ok(match self.zalo.standing().await? {
                Standing::Missing => ProviderStanding::Missing,
                Standing::Lapsed { oa_id, why } => ProviderStanding::Lapsed { account_id: oa_id, why },
                Standing::Good { oa_id, expires_at, refresh_expires_at, fault } => {
                    ProviderStanding::Good { account_id: oa_id, expires_at, refresh_expires_at, fault }
                }
            })
        })
    }

    fn authorise_url(&self, redirect_uri: &str, state: &str, verifier: &str) -> Result<String, String> {
        self.zalo.authorise_url(redirect_uri, state, &zalo::challenge(verifier))
    }

    fn authorise<'a>(
        &'a self,
        code: &'a str,
        account_id: &'a str,
        verifier: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.zalo.authorise(code, account_id, verifier, SystemClock.now()))
    }

    fn quota(&self) -> BoxFuture<'_, Result<(i64, i64), String>> {
        Box::pin(async { self.zalo.quota().await.map(|quota| (quota.daily, quota.remaining)) })
    }

    fn templates(&self) -> BoxFuture<'_, Result<Vec<ProviderTemplate>, String>> {
        Box::pin(async {
            let parameter = |one: zalo::TemplateParameter| ProviderTemplateParameter {
                name: one.name,
                is_required: one.is_required,
                kind: one.kind,
                min_length: i64::try_from(one.min_length).unwrap_or(i64::MAX),
                max_length: i64::try_from(one.max_length).unwrap_or(i64::MAX),
            };
            let template = |one: zalo::Template| ProviderTemplate {
                template_id: one.template_id,
                name: one.name,
                status: one.status,
                quality: one.quality,
                tag: one.tag,
                preview_url: one.preview_url,
                parameters: one.parameters.into_iter().map(parameter).collect(),
            };
            Ok(self.zalo.templates().await?.into_iter().map(template).collect())
        })
    }

    fn try_template<'a>(
        &'a self,
        to: &'a str,
        template_id: &'a str,
        parameters: std::collections::BTreeMap<String, String>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let now = SystemClock.now();
            let content = plugs::TemplateContent { template_id: template_id.to_owned(), parameters };
            let delivery = Delivery {
                key: kit::Id::new(now, &mut crate::installation::seeded_rng()).to_string(),
                channel: Channel::Zalo.to_string(),
                to: to.to_owned(),
                content: Content::Template(content),
                attempt: 1,
                attempted_at: now,
            };
            match self.trial.deliver(&delivery).await {
                Outcome::Accepted { detail, .. } => Ok(detail),
                other => Err(other.detail().to_owned()),
            }
        })
    }
}

/// Renews the tokens of a channel now, for [`crate::commands::renew_token`]: what came of it.
pub async fn renew(zalo: &ZaloChannel, refused: Option<i64>) -> anyhow::Result<zalo::Renewed> {
    let by = format!("process {}", std::process::id());
    let renewed = zalo.renew(refused, &by, SystemClock.now()).await;
    renewed.map_err(anyhow::Error::msg).context("the tokens")
}
