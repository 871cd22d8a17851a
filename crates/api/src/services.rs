//! What handlers work with, and the few ways in which they reach the store and the engine.

use crate::address::{Network, client_address};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::problem::{Answer, Problem};
use crate::provider_accounts::ProviderAccount;
use axum::http::{Extensions, HeaderMap};
use domain::consent::Channel;
use engine::{Composer, Door, DoorError, Note, Request, TokenKey};
use kit::{Clock, Id, Rng, Timestamp, WorkspaceId};
use serde_json::Value;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::access::Workspace;
use store::{Changeset, ReadTx, Store, StoreError};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A field of a document that cannot be used, and what it should be.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct FieldProblem {
    pub field: String,
    pub message: String,
}

/// What the API needs of channels without knowing any provider.
pub trait ChannelDesk: Send + Sync {
    /// Checks what a shop told of a channel, takes secrets that were left out from what is stored, and seals it.
    fn prepare(
        &self,
        channel: Channel,
        told: &Value,
        stored: Option<&[u8]>,
    ) -> Result<Vec<u8>, Vec<FieldProblem>>;

    /// The set-up of a channel without its secrets.
    fn shown(&self, sealed: &[u8]) -> Result<Value, String>;

    /// Seals a secret for the database. `about` binds it to its place: moved elsewhere it does not open.
    fn seal(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>, String>;

    fn unseal(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>, String>;

    /// Sends a text to somebody of the shop's own staff by e-mail, past the ledger: it may hold a way to a new
    /// password, which must be stored nowhere.
    fn post<'a>(
        &'a self,
        sealed: &'a [u8],
        to: &'a str,
        subject: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), String>>;

    /// As [`ChannelDesk::post`], signed with the key of the shop's sending domain where there is one.
    fn post_for<'a>(
        &'a self,
        _workspace: WorkspaceId,
        sealed: &'a [u8],
        to: &'a str,
        subject: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        self.post(sealed, to, subject, text)
    }

    /// The key that is told, or a new one, for signing the mail of a domain. Takes a second.
    fn domain_key(&self, _told: Option<&str>) -> Result<DomainKey, String> {
        Err("keys of domains cannot be made here".into())
    }

    /// What the DNS has under a name: TXT as text, MX as names of hosts.
    fn lookup<'a>(&'a self, _name: &'a str, _kind: RecordKind) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(std::future::ready(Err("no name server can be asked here".into())))
    }

    /// What a provider's server told about a channel, checked for its signature and age.
    fn receive<'a>(
        &'a self,
        _workspace: WorkspaceId,
        _channel: Channel,
        _sealed: &'a [u8],
        _call: ProviderCall,
    ) -> BoxFuture<'a, Result<ProviderHeard, ProviderFault>> {
        Box::pin(std::future::ready(Err(ProviderFault::Unexpected)))
    }

    /// As [`ChannelDesk::check`], with what the provider has granted the workspace.
    fn check_of<'a>(
        &'a self,
        _workspace: WorkspaceId,
        channel: Channel,
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<String, String>> {
        self.check(channel, sealed)
    }

    /// The account behind a channel whose provider is authorised in pages of its own; `None`: this provider is not.
    /// Blocks.
    fn account(
        &self,
        _workspace: WorkspaceId,
        _sealed: &[u8],
    ) -> Result<Option<Box<dyn ProviderAccount>>, String> {
        Ok(None)
    }

    /// The key that browsers subscribe for, where a channel of notifications has one.
    fn push_key(&self, _sealed: &[u8]) -> Option<String> {
        None
    }

    /// What a page or an app tells of the device that takes notifications: the JSON of a subscription, or `fcm:` and a
    /// token. Errors: what is wrong with it, in words for the page's author.
    fn device(&self, _told: &str) -> Result<PushDevice, String> {
        Err("notifications cannot be sent from here".into())
    }

    /// Whether the shop's server vouches for a user id by this hash; `None` where the channel of messages in pages
    /// has no secret for that.
    fn vouches(&self, _sealed: &[u8], _user_id: &str, _hash: &str) -> Option<bool> {
        None
    }

    /// Checks what a shop told of a way to its staff, takes secrets that were left out from what is stored, and seals
    /// it for this name.
    fn prepare_contact(
        &self,
        _name: &str,
        _told: &Value,
        _stored: Option<&[u8]>,
    ) -> Result<Vec<u8>, Vec<FieldProblem>> {
        Err(vec![FieldProblem { field: String::new(), message: "contacts cannot be kept here".into() }])
    }

    /// A way to the shop's staff without its secrets.
    fn shown_contact(&self, _name: &str, _sealed: &[u8]) -> Result<Value, String> {
        Err("contacts cannot be read here".into())
    }

    /// Sends a text by a way to the shop's staff; without a text only tries whether it is there.
    fn try_contact<'a>(
        &'a self,
        _workspace: WorkspaceId,
        _name: &'a str,
        _sealed: &'a [u8],
        _text: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(std::future::ready(Err("contacts cannot be tried here".into())))
    }

    /// Tries whether the provider answers and takes the credentials, without sending anything.
    fn check<'a>(&'a self, channel: Channel, sealed: &'a [u8]) -> BoxFuture<'a, Result<String, String>>;
}

/// A request of a provider's server, as it came.
pub struct ProviderCall {
    pub method: String,
    /// The whole address as the provider knows it.
    pub url: String,
    /// Without the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub now: Timestamp,
}

/// What a provider's server told.
pub struct ProviderHeard {
    /// The provider's kind, such as `zalo`.
    pub provider: String,
    pub receipts: Vec<domain::delivery::Receipt>,
    /// What it wants to read.
    pub answer: String,
}

/// Why nothing is made of what a provider's server told.
pub enum ProviderFault {
    Unsigned,
    Stale,
    /// With a word for the log.
    Malformed(String),
    Unexpected,
    /// It can't be checked now: it may be told again.
    Trouble,
}

/// A device that takes notifications.
#[derive(Clone, PartialEq)]
pub struct PushDevice {
    /// The endpoint of a browser, or `fcm:` and the token of an app.
    pub address: String,
    /// JSON: what sealing a message for it takes.
    pub keys: String,
}

/// A key that signs the mail of a domain.
#[derive(Clone, PartialEq)]
pub struct DomainKey {
    pub private_key_pem: String,
    /// `rsa` or `ed25519`.
    pub kind: String,
    /// As the DNS has it, in base64.
    pub public_key: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordKind {
    Txt,
    Mx,
}

impl RecordKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            RecordKind::Txt => "TXT",
            RecordKind::Mx => "MX",
        }
    }
}

/// What is running.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    pub version: String,
    pub commit: String,
}

#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where browsers and mail programs reach this server, without a slash at its end.
    pub public_url: String,
    /// The demo shop: its sign-in is shown, its outbox is open.
    pub is_demo: bool,
    /// What the sign-in of the demo shop offers: an address and a password.
    pub demo_sign_in: Option<(String, String)>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The files of the web app.
    pub web: web::Files,
    /// Session cookies travel over TLS only.
    pub secure_cookies: bool,
}

/// All that handlers work with. The server must be started with
/// `into_make_service_with_connect_info::<SocketAddr>()`, so that the address of a client is known.
pub struct Services {
    pub store: Arc<Store>,
    pub door: Arc<Door>,
    pub clock: Arc<dyn Clock>,
    /// The one on the wall, by which authenticator apps go; `clock` runs ahead of it in a demo.
    pub wall: Arc<dyn Clock>,
    pub token_key: TokenKey,
    /// The number of the last inbox row that the engine has processed. When its sender is dropped, the engine has
    /// ended and this process is no longer ready.
    pub processed: tokio::sync::watch::Receiver<i64>,
    pub desk: Arc<dyn ChannelDesk>,
    /// The data folder, for uploads, exports and backups.
    pub data: std::path::PathBuf,
    /// Rung when long work was asked for.
    pub jobs_bell: Arc<engine::Bell>,
    /// Fills the slice from the operating system's source of chance.
    pub fill_random: fn(&mut [u8]),
    pub build: Build,
    pub config: Config,
    /// Makes previews.
    pub composer: Mutex<Composer>,
    /// What the shops recommend.
    pub shelves: Arc<engine::shelf::Shelves>,
    pub metrics: Metrics,
    pub memory: Memory,
}

/// How long a write waits for the engine to take it in before it answers 202.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

impl Services {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Ends the connections of those who only listen, so that a server that stops need not wait for them.
    pub fn hang_up(&self) {
        self.memory.live.end();
    }

    /// An id that nobody can guess.
    pub fn new_id(&self) -> Id {
        let mut seed = [0u8; 8];
        (self.fill_random)(&mut seed);
        Id::new(self.now(), &mut Rng::seeded(u64::from_le_bytes(seed)))
    }

    /// Blocking work off the threads that serve requests.
    pub async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Services) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let services = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&services)).await {
            Ok(answer) => answer,
            Err(error) => Err(Problem::internal(&format!("a blocking task ended: {error}"))),
        }
    }

    /// Reads on one snapshot of the store.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        self.aside(move |services| Ok(services.store.read(read)?)).await
    }

    /// Stores a change of settings, journeys, templates, channels or keys, and tells every process of it.
    pub async fn configure(self: &Arc<Self>, changes: Changeset) -> Answer<()> {
        self.aside(move |services| Ok(engine::configure(&services.store, changes)?)).await?;
        self.memory.keys.forget_all();
        self.door.wake();
        Ok(())
    }

    /// Stores something that no other process needs to hear of: a session, a remembered answer.
    pub async fn apply(self: &Arc<Self>, changes: Changeset) -> Answer<()> {
        self.aside(move |services| Ok(services.store.apply(changes).map(|_| ())?)).await
    }

    /// Lets a note in and waits until the engine has acted on it.
    pub async fn note(&self, workspace: WorkspaceId, note: &Note) -> Answer<()> {
        let seq = self.append(workspace, note).await?;
        self.processed_up_to(seq).await
    }

    /// Lets a note in; answers its number in the inbox.
    pub async fn append(&self, workspace: WorkspaceId, note: &Note) -> Answer<i64> {
        match self.door.note(workspace, note, self.now()).await {
            Ok(committed) => Ok(committed.returned.unwrap_or(0)),
            Err(error) => {
                self.door.left(1);
                Err(error.into())
            }
        }
    }

    /// Lets many notes in; answers the number of the last one.
    pub async fn append_all(&self, workspace: WorkspaceId, notes: &[Note]) -> Answer<Option<i64>> {
        let mut last = None;
        // What is queued together is made durable together.
        for some in notes.chunks(500) {
            let pending: Vec<_> =
                some.iter().map(|note| self.door.note(workspace, note, self.now())).collect();
            for one in pending {
                match one.await {
                    Ok(committed) => last = last.max(committed.returned),
                    Err(error) => {
                        self.door.left(1);
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(last)
    }

    /// Lets in what a client could have sent to the tracking API, and waits until the engine has acted on it.
    pub async fn tell(
        &self,
        workspace: WorkspaceId,
        kind: domain::event::ItemKind,
        item: &Value,
    ) -> Answer<()> {
        let request = Request {
            kind: Some(kind),
            body: item.to_string().into_bytes(),
            ip: None,
            user_agent: None,
            historical: false,
        };
        let accepted = self.door.admit(workspace, request, self.now()).map_err(Problem::from)?;
        match accepted.pending.await {
            Ok(committed) => self.processed_up_to(committed.returned.unwrap_or(0)).await,
            Err(error) => {
                self.door.left(accepted.items);
                Err(error.into())
            }
        }
    }

    /// Waits until the engine has processed the inbox up to a row.
    ///
    /// # Errors
    /// [`Problem::late`] when it takes too long.
    pub async fn processed_up_to(&self, seq: i64) -> Answer<()> {
        let mut processed = self.processed.clone();
        let reached = tokio::time::timeout(ENGINE_WAIT, processed.wait_for(|last| *last >= seq)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Problem::late()),
        }
    }

    pub fn client_ip(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<String> {
        client_address(&self.config.trusted_proxies, headers, extensions).map(|address| address.to_string())
    }
}

/// A workspace with its settings.
pub(crate) fn workspace_of(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Workspace, StoreError> {
    let found = tx.workspaces()?.into_iter().find(|row| row.workspace == workspace);
    found.ok_or_else(|| StoreError::Bug(format!("workspace {} of a key does not exist", workspace.0)))
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Problem {
        let detail = error.to_string();
        match error {
            DoorError::NotUtf8 => Problem::bad_request("invalid_utf8", detail),
            DoorError::InvalidJson(_) => Problem::bad_request("invalid_json", detail),
            DoorError::ItemTooLarge { .. } => Problem::bad_request("event_too_large", detail),
            DoorError::BatchTooLarge(_) => Problem::bad_request("batch_too_large", detail),
            DoorError::BatchTooLong(_) => Problem::bad_request("batch_too_long", detail),
            DoorError::Overloaded { retry_after_s } => Problem::too_many(detail, retry_after_s),
            DoorError::Store(error) => error.into(),
        }
    }
}
