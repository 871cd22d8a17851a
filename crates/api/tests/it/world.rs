//! Two shops with keys, a store in a folder of its own, an engine that works when something arrives, and requests to
//! the router without a socket.

use api::{
    BoxFuture, Build, ChannelDesk, Config, DomainKey, FieldProblem, KeyKind, Memory, Metrics, PushDevice,
    RecordKind, Services, new_key,
};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::consent::Channel;
use domain::delivery::{Outcome, Sender};
use engine::{Bell, Composer, Dispatcher, Door, Engine, Identity, Outgoing, TokenKey};
use kit::{Clock, ManualClock, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use store::access::{KeyRow, Workspace};
use store::accounts::AccountRow;
use store::{CATALOG, Changeset, SqliteOptions, Store};
use tower::ServiceExt;

pub const SHOP: WorkspaceId = WorkspaceId(1);
pub const OTHER_SHOP: WorkspaceId = WorkspaceId(2);
pub const OWNER: (&str, &str) = ("owner@shop.example", "mật khẩu của chủ");
pub const ORIGIN: &str = "https://quaylai.shop.example";
pub const NOW: Timestamp = Timestamp::from_ms(1_795_150_800_000);

/// Keeps a set-up as it is, but for a password that it never shows.
struct Desk;

/// Mail to staff, of all tests: address, subject, text.
pub static POSTED: Mutex<Vec<(String, String, String)>> = Mutex::new(Vec::new());

impl ChannelDesk for Desk {
    fn prepare(&self, _: Channel, told: &Value, stored: Option<&[u8]>) -> Result<Vec<u8>, Vec<FieldProblem>> {
        let mut told = told.clone();
        if told["host"].as_str().is_none_or(str::is_empty) {
            return Err(vec![FieldProblem { field: "host".into(), message: "is needed".into() }]);
        }
        if told.get("password").is_none()
            && let Some(stored) = stored
        {
            let held: Value = serde_json::from_slice(stored).unwrap();
            told["password"] = held["password"].clone();
        }
        Ok(told.to_string().into_bytes())
    }

    fn shown(&self, sealed: &[u8]) -> Result<Value, String> {
        let mut held: Value = serde_json::from_slice(sealed).map_err(|error| error.to_string())?;
        held.as_object_mut().and_then(|held| held.remove("password"));
        Ok(held)
    }

    fn seal(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>, String> {
        Ok([about.as_bytes(), b"|", plain].concat())
    }

    fn unseal(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let plain = sealed.strip_prefix(about.as_bytes()).and_then(|rest| rest.strip_prefix(b"|"));
        plain.map(<[u8]>::to_vec).ok_or_else(|| "sealed elsewhere".to_owned())
    }

    fn domain_key(&self, told: Option<&str>) -> Result<DomainKey, String> {
        match told {
            None => Ok(DomainKey {
                private_key_pem: "PRIVATE".into(),
                kind: "rsa".into(),
                public_key: "PUBLIC".into(),
            }),
            Some(_) => Err("not a private key".into()),
        }
    }

    /// A name server that knows `shop.vn` and refuses what else is asked.
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordKind) -> BoxFuture<'a, Result<Vec<String>, String>> {
        let found: Result<&[&str], &str> = match (name, kind) {
            ("quaylai._domainkey.shop.vn", RecordKind::Txt) => Ok(&["v=DKIM1; k=rsa; p=PUB LIC"]),
            ("shop.vn", RecordKind::Txt) => Ok(&["v=spf1 include:relay.example -all", "other=1"]),
            ("_dmarc.shop.vn", RecordKind::Txt) => Ok(&["v=DMARC1; p=none", "v=DMARC1; p=reject"]),
            _ => Err("no name server answered in time"),
        };
        let found = found.map(|list| list.iter().map(|text| (*text).to_owned()).collect());
        Box::pin(std::future::ready(found.map_err(str::to_owned)))
    }

    fn post<'a>(
        &'a self,
        _: &'a [u8],
        to: &'a str,
        subject: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        POSTED.lock().unwrap().push((to.to_owned(), subject.to_owned(), text.to_owned()));
        Box::pin(async { Ok(()) })
    }

    fn account(
        &self,
        _: WorkspaceId,
        sealed: &[u8],
    ) -> Result<Option<Box<dyn api::ProviderAccount>>, String> {
        let held: Value = serde_json::from_slice(sealed).map_err(|error| error.to_string())?;
        let account = crate::zalo::FakeAccount(held["app_id"].as_str().unwrap_or_default().to_owned());
        Ok((held["provider"] == "zalo").then(|| Box::new(account) as Box<dyn api::ProviderAccount>))
    }

    fn push_key(&self, sealed: &[u8]) -> Option<String> {
        let held: Value = serde_json::from_slice(sealed).ok()?;
        held["push_key"].as_str().map(str::to_owned)
    }

    fn device(&self, told: &str) -> Result<PushDevice, String> {
        if told.starts_with("fcm:") {
            return Ok(PushDevice { address: told.to_owned(), keys: "{}".into() });
        }
        let told: Value = serde_json::from_str(told).map_err(|error| error.to_string())?;
        match (told["endpoint"].as_str(), &told["keys"]) {
            (Some(address), keys @ Value::Object(_)) => {
                Ok(PushDevice { address: address.to_owned(), keys: keys.to_string() })
            }
            _ => Err("no subscription".into()),
        }
    }

    /// The shop vouches with its secret, a dash and the id.
    fn vouches(&self, sealed: &[u8], user_id: &str, hash: &str) -> Option<bool> {
        let held: Value = serde_json::from_slice(sealed).ok()?;
        let secret = held["user_secret"].as_str()?;
        Some(hash == format!("{secret}-{user_id}"))
    }

    fn prepare_contact(&self, _: &str, told: &Value, _: Option<&[u8]>) -> Result<Vec<u8>, Vec<FieldProblem>> {
        Ok(told.to_string().into_bytes())
    }

    fn shown_contact(&self, _: &str, sealed: &[u8]) -> Result<Value, String> {
        let mut held: Value = serde_json::from_slice(sealed).map_err(|error| error.to_string())?;
        held.as_object_mut().and_then(|held| held.remove("bot_token"));
        Ok(held)
    }

    fn try_contact<'a>(
        &'a self,
        _: WorkspaceId,
        name: &'a str,
        _: &'a [u8],
        text: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move { Ok(format!("{name} got {} bytes", text.map_or(0, str::len))) })
    }

    fn check<'a>(&'a self, _: Channel, sealed: &'a [u8]) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let held: Value = serde_json::from_slice(sealed).unwrap();
            match held["password"].as_str() {
                Some(password) => Ok(format!("{} bytes of a password", password.len())),
                None => Err("no password".into()),
            }
        })
    }
}

pub fn fill_random(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut rng = kit::Rng::seeded(NEXT.fetch_add(1, Ordering::Relaxed));
    bytes.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
}

pub struct Keys {
    pub write: String,
    pub secret: String,
    pub reading: String,
    pub revoked: String,
    pub of_other_shop: String,
}

pub struct World {
    pub clock: Arc<ManualClock>,
    pub keys: Keys,
    pub store: Arc<Store>,
    router: axum::Router,
    bell: Arc<Bell>,
    ended: Arc<AtomicBool>,
    engine: Mutex<Option<JoinHandle<()>>>,
    dispatcher: Dispatcher,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_engine();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn insert_key(
    changes: &mut Changeset,
    workspace: WorkspaceId,
    kind: KeyKind,
    scopes: &str,
) -> (String, String) {
    let made = new_key(kind, fill_random);
    let key_id = format!("{}-{}", kind.as_str(), made.hint);
    let row = KeyRow {
        key_id: key_id.clone(),
        workspace,
        kind: kind.as_str().into(),
        name: String::new(),
        scopes: scopes.into(),
        hint: made.hint,
        created_at: NOW,
        revoked_at: None,
    };
    changes.insert_key(row, made.hash);
    (made.key, key_id)
}

impl World {
    pub fn new() -> World {
        World::with(Memory::default(), Config { public_url: ORIGIN.into(), ..Config::default() })
    }

    pub fn with(memory: Memory, config: Config) -> World {
        // The store blocks, and this is called from tests that are asynchronous.
        tokio::task::block_in_place(|| World::set_up(memory, config))
    }

    fn set_up(memory: Memory, config: Config) -> World {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("quaylai-api-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        let clock = Arc::new(ManualClock::starting_at(NOW));
        let store = Store::open_sqlite(&SqliteOptions::new(folder.join("test.db")), &CATALOG, NOW).unwrap();
        let store = Arc::new(store);
        let mut changes = Changeset::new();
        for workspace in [SHOP, OTHER_SHOP] {
            let row = Workspace {
                workspace,
                slug: format!("shop{}", workspace.0),
                name: "Áo dài Hạnh".into(),
                settings: Default::default(),
                salt: "salt".into(),
                version: 1,
            };
            changes.insert_workspace(&row, NOW);
        }
        let (write, _) = insert_key(&mut changes, SHOP, KeyKind::Write, "");
        let (secret, _) = insert_key(&mut changes, SHOP, KeyKind::Secret, "");
        let (reading, _) = insert_key(&mut changes, SHOP, KeyKind::Secret, "read");
        let (revoked, revoked_id) = insert_key(&mut changes, SHOP, KeyKind::Secret, "");
        let (of_other_shop, _) = insert_key(&mut changes, OTHER_SHOP, KeyKind::Secret, "");
        changes.revoke_key(SHOP, &revoked_id, NOW);
        let account = AccountRow {
            account_id: "owner".into(),
            workspace: SHOP,
            email: OWNER.0.into(),
            name: "Hạnh".into(),
            role: "owner".into(),
            password_hash: api::hash_password(OWNER.1, fill_random).unwrap(),
        };
        changes.insert_account(account, NOW);
        engine::configure(&store, changes).unwrap();

        let bell = Arc::new(Bell::default());
        let token_key = TokenKey::from_secret(b"api");
        let (processed, receiver) = tokio::sync::watch::channel(0);
        let shelves = Arc::new(engine::shelf::Shelves::new(Arc::clone(&store)));
        let services = Arc::new(Services {
            store: Arc::clone(&store),
            door: Arc::new(Door::open(Arc::clone(&store), Arc::clone(&bell)).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            wall: Arc::clone(&clock) as Arc<dyn Clock>,
            token_key: token_key.clone(),
            processed: receiver,
            desk: Arc::new(Desk),
            data: folder.clone(),
            jobs_bell: Arc::default(),
            fill_random,
            build: Build { version: "0.1.0".into(), commit: "abc".into() },
            composer: Mutex::new(
                Composer::new(token_key.clone(), ORIGIN).recommending(Arc::clone(&shelves)).imagining(),
            ),
            shelves: Arc::clone(&shelves),
            config,
            metrics: Metrics::default(),
            memory,
        });
        let ended = Arc::new(AtomicBool::new(false));
        let mut engine = Engine::open(Arc::clone(&store), 1).unwrap();
        let (told, rung, time) = (Arc::clone(&ended), Arc::clone(&bell), Arc::clone(&clock));
        let door = Arc::clone(&services.door);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::SeqCst) {
                // A test that closes the store ends the engine.
                let Ok(tick) = engine.tick(time.now()) else { break };
                door.left(tick.taken);
                if let Some(seq) = tick.processed {
                    processed.send_replace(seq);
                }
                if tick.did_nothing() {
                    rung.wait(Duration::from_secs(60));
                }
            }
        });
        let mut dispatcher =
            Dispatcher::new(Arc::clone(&store), Composer::new(token_key, ORIGIN).recommending(shelves));
        let from = Sender { name: "Hạnh".into(), address: "chao@shop.example".into() };
        let identity = Identity { from: Some(from), ..Identity::default() };
        dispatcher.set_channels(BTreeMap::from([((SHOP, Channel::Email), identity)]));
        World {
            router: api::router(services),
            store,
            clock,
            keys: Keys { write, secret, reading, revoked, of_other_shop },
            bell,
            ended,
            engine: Mutex::new(Some(thread)),
            dispatcher,
            folder,
        }
    }

    /// Ends the engine, as a crash would.
    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Wakes the engine.
    pub fn ring(&self) {
        self.bell.ring();
    }

    pub fn stop_engine(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.bell.ring();
        if let Some(engine) = self.engine.lock().unwrap().take() {
            engine.join().unwrap();
        }
    }

    /// Moves the clock and lets the engine look at it.
    pub fn advance_ms(&self, ms: i64) {
        self.clock.advance_ms(ms);
        self.bell.ring();
    }

    /// What housekeeping does every hour; returns when the engine has done its part.
    pub async fn clean(&self) {
        let workspace = self.store.read(|tx| tx.workspaces()).unwrap().remove(0);
        let mut changes = Changeset::new();
        api::expire(&mut changes, &workspace, self.clock.now());
        // Visitors are gone through in one hour of the day only; here at once.
        let notes = engine::retention_notes(&workspace.settings, Timestamp::from_ms(0)).len();
        for note in engine::retention_notes(&workspace.settings, self.clock.now()) {
            changes.append(note.arrival(SHOP, self.clock.now()));
        }
        if notes > engine::retention_notes(&workspace.settings, self.clock.now()).len() {
            let note = engine::Note::ForgetVisitors { before: i64::MAX, at: self.clock.now().into() };
            changes.append(note.arrival(SHOP, self.clock.now()));
        }
        tokio::task::block_in_place(|| self.store.apply(changes)).unwrap();
        self.bell.ring();
        // Slices follow one another through the inbox.
        for _ in 0..20 {
            self.settle().await;
        }
    }

    pub fn tables(&self) -> Vec<String> {
        tokio::task::block_in_place(|| {
            let conn = rusqlite::Connection::open(self.folder.join("test.db")).unwrap();
            let mut names = conn.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
            names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        })
    }

    /// Every value of every table with its place, texts as they are and bytes as they can be read.
    pub fn dump(&self) -> Vec<(String, String)> {
        tokio::task::block_in_place(|| {
            let conn = rusqlite::Connection::open(self.folder.join("test.db")).unwrap();
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            let mut all = Vec::new();
            for table in self.tables() {
                let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
                let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
                let mut rows = statement.query([]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    for (at, column) in columns.iter().enumerate() {
                        use rusqlite::types::ValueRef;
                        let value = match row.get_ref(at).unwrap() {
                            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                            ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                            ValueRef::Integer(number) => number.to_string(),
                            _ => continue,
                        };
                        all.push((format!("{table}.{column}"), value));
                    }
                }
            }
            all
        })
    }

    /// Hands over what is due by e-mail; every message is accepted.
    pub fn deliver(&mut self) -> Vec<Outgoing> {
        tokio::task::block_in_place(|| self.hand_over())
    }

    fn hand_over(&mut self) -> Vec<Outgoing> {
        let outgoing = self.dispatcher.claim(Channel::Email, self.clock.now(), 100).unwrap();
        let accepted = || Outcome::Accepted { provider_id: Some("p1".into()), detail: "250 ok".into() };
        let outcomes: Vec<_> = outgoing.iter().map(|going| (going.clone(), accepted())).collect();
        self.dispatcher.settle(&outcomes, self.clock.now()).unwrap();
        outgoing
    }

    /// Sets channels up.
    pub fn set_up_channels(&mut self, channels: &[Channel]) {
        let from = Sender { name: "Hạnh".into(), address: "chao@shop.example".into() };
        // A provider of text messages tells when it is asked.
        let identity = |channel: Channel| Identity {
            from: Some(from.clone()),
            asks: channel == Channel::Sms,
            ..Identity::default()
        };
        let identities = channels.iter().map(|channel| ((SHOP, *channel), identity(*channel)));
        self.dispatcher.set_channels(identities.collect());
    }

    /// Hands over what is due on a channel; each message ends as told.
    pub fn deliver_by(&mut self, channel: Channel, ends: impl Fn(&Outgoing) -> Outcome) -> Vec<Outgoing> {
        tokio::task::block_in_place(|| {
            let outgoing = self.dispatcher.claim(channel, self.clock.now(), 100).unwrap();
            let outcomes: Vec<_> = outgoing.iter().map(|going| (going.clone(), ends(going))).collect();
            self.dispatcher.settle(&outcomes, self.clock.now()).unwrap();
            outgoing
        })
    }

    /// What a provider told when it was asked; returns when the engine has taken it.
    pub async fn fates(&mut self, channel: Channel, receipts: Vec<domain::delivery::Receipt>, at: Timestamp) {
        tokio::task::block_in_place(|| {
            engine::take_fates(&self.store, (SHOP, channel), "esms", receipts, at)
        })
        .unwrap();
        self.bell.ring();
        self.settle().await;
    }

    /// The ids of messages whose provider is to be asked now, which counts as asked.
    pub fn ask_providers(&mut self) -> Vec<String> {
        tokio::task::block_in_place(|| {
            let due = self.dispatcher.asks_due(self.clock.now(), 100).unwrap();
            self.dispatcher.asks(&due, self.clock.now()).unwrap();
            due.into_iter().map(|row| row.id).collect()
        })
    }

    /// Asks for the next way of what was not delivered in its time; returns when the engine has done it.
    pub async fn fall_back(&mut self) -> usize {
        let now = self.clock.now();
        let asked = tokio::task::block_in_place(|| self.dispatcher.fall_back(now)).unwrap();
        self.bell.ring();
        self.settle().await;
        asked
    }

    /// Puts a note into the inbox; returns when the engine has taken it.
    pub async fn note(&self, note: &engine::Note) {
        let mut changes = Changeset::new();
        changes.append(note.arrival(SHOP, self.clock.now()));
        tokio::task::block_in_place(|| self.store.apply(changes)).unwrap();
        self.bell.ring();
        self.settle().await;
    }

    /// The answer with its body still to come.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        let mut request = request;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([113, 161, 1, 1], 443))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        told: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, "quaylai.shop.example");
        for (name, value) in told {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// With the secret key, below `/api/v1`.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let key = format!("Bearer {}", self.keys.secret);
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.ask(method, &format!("/api/v1{path}"), &[("authorization", &key)], body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    /// A write that must succeed.
    pub async fn write(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text);
        answer.json()
    }

    /// A write that must be refused with this status and code.
    pub async fn refused(&self, method: &str, path: &str, body: Value, status: u16, code: &str) -> Value {
        let answer = self.call(method, path, body.clone()).await;
        let found = (answer.status.as_u16(), answer.code());
        assert_eq!(found, (status, code.to_owned()), "{method} {path} {body}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
        }
        assert_eq!(problem["status"], status);
        problem
    }

    /// To the tracking API with the write key.
    pub async fn track(&self, call: &str, body: Value) -> Answer {
        let told = [("authorization", &*basic(&self.keys.write)), ("content-type", "application/json")];
        self.ask("POST", &format!("/v1/{call}"), &told, body.to_string()).await
    }

    /// Waits until the engine has taken in everything that was acknowledged.
    pub async fn settle(&self) {
        // A note waits for its turn, so all that came before it is done when it is.
        let note = json!({ "items": [{ "product_id": "settle" }] });
        self.write("PUT", "/products", note).await;
    }

    /// A customer with an address and consent to advertisements by e-mail.
    pub async fn customer(&self, user_id: &str) -> String {
        let body = json!({
            "identifiers": [format!("user_id:{user_id}"), format!("email:{user_id}@mail.example")],
            "attributes": { "name": "Nguyễn Văn An" },
        });
        let profile = self.write("POST", "/profiles", body).await;
        let id = profile["id"].as_str().unwrap().to_owned();
        let consent = json!({ "channel": "email", "granted": true, "wording": "Tôi đồng ý." });
        self.write("POST", &format!("/profiles/{id}/consents"), consent).await;
        id
    }
}

pub fn basic(key: &str) -> String {
    use std::fmt::Write;
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{key}:");
    let mut out = String::from("Basic ");
    for chunk in text.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63] as char;
            write!(out, "{}", if at > chunk.len() { '=' } else { letter }).unwrap();
        }
    }
    out
}
