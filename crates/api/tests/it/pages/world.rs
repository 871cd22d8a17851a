//! A shop with one customer and one message, a real engine behind it, and requests to the router without a socket.

use api::{BoxFuture, Build, ChannelDesk, Config, FieldProblem, Memory, Metrics, Services};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use domain::consent::{Channel, Purpose};
use domain::delivery::{Outcome, Sender};
use domain::event::ItemKind;
use engine::{Bell, Composer, Dispatcher, Door, Engine, Identity, Link, Note, TokenKey};
use kit::{Clock, ManualClock, ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use store::access::Workspace;
use store::accounts::AccountRow;
use store::messages::{MessageRow, Responses, TemplateRow};
use store::{CATALOG, Changeset, SqliteOptions, Store};
use tokio::task::block_in_place;
use tower::ServiceExt;

pub const SHOP: WorkspaceId = WorkspaceId(1);
pub const OTHER_SHOP: WorkspaceId = WorkspaceId(2);
pub const OWNER: (&str, &str) = ("owner@nanglua.example", "mật khẩu của chủ");
pub const CHROME: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
pub const ORIGIN: &str = "http://shop.test";

/// Channels are not what these tests are about.
struct NoDesk;

/// Mail to staff, of all tests: address, subject, text.
pub static POSTED: Mutex<Vec<(String, String, String)>> = Mutex::new(Vec::new());

impl ChannelDesk for NoDesk {
    fn prepare(&self, _: Channel, _: &Value, _: Option<&[u8]>) -> Result<Vec<u8>, Vec<FieldProblem>> {
        Ok(Vec::new())
    }

    fn shown(&self, _: &[u8]) -> Result<Value, String> {
        Ok(Value::Null)
    }

    fn seal(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no desk".into())
    }

    fn unseal(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no desk".into())
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

    fn check<'a>(&'a self, _: Channel, _: &'a [u8]) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async { Ok(String::new()) })
    }
}

fn fill_random(bytes: &mut [u8]) {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let seed = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut rng = kit::Rng::seeded(u64::from(seed));
    bytes.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
}

pub struct World {
    pub services: Arc<Services>,
    pub clock: Arc<ManualClock>,
    router: axum::Router,
    engine: Engine,
    dispatcher: Dispatcher,
    processed: tokio::sync::watch::Sender<i64>,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
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
}

fn shop(workspace: WorkspaceId, name: &str) -> Workspace {
    let mut settings = domain::settings::Settings::default();
    settings.shop.name = name.into();
    settings.shop.url = format!("https://shop{}.example", workspace.0);
    Workspace {
        workspace,
        slug: format!("shop{}", workspace.0),
        name: name.into(),
        settings,
        salt: "salt".into(),
        version: 1,
    }
}

const MAIL: &str = "<html><head><title>Tin</title></head><body><p>Chào {{ customer.name }}</p>\
    <a href=\"https://shop1.example/ao\">Áo</a> <a href=\"https://shop1.example/quan?a=1&amp;b=2\">Quần</a> \
    <a href=\"https://shop1.example/non\">Nón</a> <a href=\"{{ unsubscribe_url }}\">Ngừng</a></body></html>";

impl World {
    /// A shop, another one, a customer of each with consent, and no message yet.
    pub fn new() -> World {
        // The store blocks, and this is called from tests that are asynchronous.
        block_in_place(World::set_up)
    }

    fn set_up() -> World {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique =
            format!("quaylai-pages-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        let now = Timestamp::from_ms(1_795_150_800_000);
        let clock = Arc::new(ManualClock::starting_at(now));
        let store = Store::open_sqlite(&SqliteOptions::new(folder.join("test.db")), &CATALOG, now).unwrap();
        let store = Arc::new(store);
        let mut changes = Changeset::new();
        for (workspace, name) in [(SHOP, "Nắng <Lụa>"), (OTHER_SHOP, "Phố")] {
            changes.insert_workspace(&shop(workspace, name), now);
            for (channel, body) in [
                ("email", json!({ "kind": "html", "source": MAIL })),
                ("sms", json!({ "kind": "text", "source": "Chào {{ customer.name }}" })),
            ] {
                let source = json!({ "subject": "Áo mới <b>về</b>", "body": body });
                changes.insert_template(
                    workspace,
                    &TemplateRow {
                        template_id: format!("hello-{channel}"),
                        name: "Chào <khách>".into(),
                        channel: channel.into(),
                        version: 1,
                        created_at: now,
                        updated_at: now,
                        source: source.to_string(),
                    },
                );
            }
        }
        changes.insert_account(
            AccountRow {
                account_id: "owner".into(),
                workspace: SHOP,
                email: OWNER.0.into(),
                name: "Chủ".into(),
                role: "owner".into(),
                password_hash: api::hash_password(OWNER.1, fill_random).unwrap(),
            },
            now,
        );
        engine::configure(&store, changes).unwrap();
        let key = TokenKey::from_secret(b"pages");
        let door = Arc::new(Door::open(Arc::clone(&store), Arc::new(Bell::default())).unwrap());
        let (processed, receiver) = tokio::sync::watch::channel(0);
        let services = Arc::new(Services {
            store: Arc::clone(&store),
            door,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            wall: Arc::clone(&clock) as Arc<dyn Clock>,
            token_key: key.clone(),
            processed: receiver,
            desk: Arc::new(NoDesk),
            data: std::env::temp_dir(),
            jobs_bell: Arc::default(),
            fill_random,
            build: Build::default(),
            config: Config { public_url: ORIGIN.into(), ..Config::default() },
            composer: Mutex::new(Composer::new(key.clone(), ORIGIN)),
            shelves: Arc::new(engine::shelf::Shelves::new(Arc::clone(&store))),
            metrics: Metrics::default(),
            memory: Memory::default(),
        });
        let mut dispatcher = Dispatcher::new(Arc::clone(&store), Composer::new(key, ORIGIN));
        let from = Sender { name: "Nắng Lụa".into(), address: "chao@nanglua.example".into() };
        let identity = Identity { from: Some(from), ..Identity::default() };
        let channels = [SHOP, OTHER_SHOP].into_iter().flat_map(|workspace| {
            [Channel::Email, Channel::Sms].map(|channel| ((workspace, channel), identity.clone()))
        });
        dispatcher.set_channels(channels.collect::<BTreeMap<_, _>>());
        let mut world = World {
            router: api::router(Arc::clone(&services)),
            engine: Engine::open(store, 1).unwrap(),
            services,
            clock,
            dispatcher,
            processed,
            folder,
        };
        for workspace in [SHOP, OTHER_SHOP] {
            world.identify(workspace, "an", "An <script>alert(1)</script>", &["email", "sms"]);
        }
        world
    }

    /// A customer with an address for e-mail and SMS and consent on the channels.
    pub fn identify(&mut self, workspace: WorkspaceId, user_id: &str, name: &str, agreed: &[&str]) {
        let consents: Vec<Value> = agreed
            .iter()
            .map(|channel| json!({ "channel": channel, "state": "granted", "source": "form:footer" }))
            .collect();
        let phone = format!("+8490123{:04}", user_id.bytes().map(u32::from).sum::<u32>());
        let traits = json!({
            "name": name, "email": format!("{user_id}@mail.example"), "phone": phone, "consents": consents,
        });
        let item = json!({ "userId": user_id, "messageId": format!("{user_id}-{}", self.clock.now().ms()), "traits": traits });
        let request = engine::Request {
            kind: Some(ItemKind::Identify),
            body: item.to_string().into_bytes(),
            ip: None,
            user_agent: None,
            historical: false,
        };
        let accepted = self.services.door.admit(workspace, request, self.clock.now()).unwrap();
        block_in_place(|| accepted.pending.wait()).unwrap();
        self.settle();
    }

    /// Changes the settings of the shop, as its owner would.
    pub fn set(&mut self, change: impl FnOnce(&mut domain::settings::Settings)) {
        let all = self.services.store.read(|tx| tx.workspaces()).unwrap();
        let mut row = all.into_iter().find(|row| row.workspace == SHOP).unwrap();
        change(&mut row.settings);
        let mut changes = Changeset::new();
        changes.update_workspace(&row);
        block_in_place(|| engine::configure(&self.services.store, changes)).unwrap();
    }

    /// A statement of a client about a customer, as its site tells it.
    pub fn says(&mut self, user_id: &str, event: &str, channel: &str) {
        let item = json!({ "userId": user_id, "event": event, "messageId": format!("{event}-{}", self.clock.now().ms()),
            "properties": { "channel": channel, "source": "form:footer" } });
        let request = engine::Request {
            kind: Some(ItemKind::Track),
            body: item.to_string().into_bytes(),
            ip: None,
            user_agent: None,
            historical: false,
        };
        let accepted = self.services.door.admit(SHOP, request, self.clock.now()).unwrap();
        block_in_place(|| accepted.pending.wait()).unwrap();
        self.settle();
    }

    /// Hands over what is due on a channel; the words that went out, with their messages.
    pub fn deliver(&mut self, channel: Channel) -> Vec<(MessageRow, String)> {
        let now = self.clock.now();
        let outgoing = block_in_place(|| self.dispatcher.claim(channel, now, 10)).unwrap();
        let outcomes: Vec<_> = outgoing
            .into_iter()
            .map(|going| (going, Outcome::Accepted { provider_id: None, detail: "250 ok".into() }))
            .collect();
        block_in_place(|| self.dispatcher.settle(&outcomes, now)).unwrap();
        let read = |no: i64| {
            self.services.store.read(|tx| {
                let body = tx.body(SHOP, no)?.unwrap();
                Ok((
                    tx.message_by_no(SHOP, no)?.unwrap(),
                    format!("{}\n{}", body.subject, body.text.unwrap_or_default()),
                ))
            })
        };
        outcomes.iter().map(|(going, _)| read(going.message_no).unwrap()).collect()
    }

    /// Lets the engine take in all that arrived.
    pub fn settle(&mut self) {
        loop {
            let tick = block_in_place(|| self.engine.tick(self.clock.now())).unwrap();
            if let Some(seq) = tick.processed {
                self.processed.send_replace(seq);
            }
            if tick.did_nothing() {
                break;
            }
        }
    }

    /// What is on its way into the inbox arrives and takes effect. Counts are written by tasks of their own.
    pub async fn arrive(&mut self) {
        let runtime = tokio::runtime::Handle::current().metrics();
        while runtime.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
        self.settle();
    }

    /// Stores something that no page can.
    pub fn store(&self, changes: Changeset) {
        block_in_place(|| self.services.store.apply(changes)).unwrap();
    }

    pub fn profile(&self, workspace: WorkspaceId, user_id: &str) -> domain::profile::Profile {
        let identifier = format!("user_id:{user_id}").parse().unwrap();
        self.services
            .store
            .read(|tx| {
                let no = tx.find_identifiers(&[(workspace, &identifier)])?[0].unwrap();
                Ok(tx.profile(workspace, no)?.unwrap().profile)
            })
            .unwrap()
    }

    /// Sends a message to a customer, has it accepted (or refused by the gate), and lets ten minutes pass.
    pub fn send(&mut self, workspace: WorkspaceId, user_id: &str, channel: Channel) -> MessageRow {
        let key = format!("{user_id}-{channel}-{}", self.clock.now().ms());
        self.queue(workspace, user_id, channel, &key);
        let now = self.clock.now();
        let outgoing = block_in_place(|| self.dispatcher.claim(channel, now, 10)).unwrap();
        let outcomes: Vec<_> = outgoing
            .into_iter()
            .map(|going| (going, Outcome::Accepted { provider_id: None, detail: "250 ok".into() }))
            .collect();
        block_in_place(|| self.dispatcher.settle(&outcomes, now)).unwrap();
        self.clock.advance_ms(600_000);
        let found = self.services.store.read(|tx| tx.message_by_key(workspace, &key));
        found.unwrap().unwrap()
    }

    /// Asks for a message to a customer; it waits for the gate.
    pub fn queue(&mut self, workspace: WorkspaceId, user_id: &str, channel: Channel, key: &str) {
        let note = Note::Send {
            profile_id: self.profile(workspace, user_id).id.to_string(),
            template_id: format!("hello-{channel}"),
            channel,
            purpose: Purpose::Marketing,
            origin: "api".into(),
            address: None,
            key: key.to_owned(),
            properties: Value::Null,
            ways: Default::default(),
            at: self.clock.now().into(),
        };
        let stored = self.services.door.note(workspace, &note, self.clock.now());
        block_in_place(|| stored.wait()).unwrap();
        self.settle();
    }

    pub fn path(&self, link: Link, message: &MessageRow) -> String {
        self.services.token_key.path(link, message.workspace, message.message_no)
    }

    pub fn responses(&self, message: &MessageRow) -> Responses {
        self.services.store.read(|tx| tx.responses(message.workspace, message.message_no)).unwrap()
    }

    pub fn events_named(&self, profile: ProfileNo, name: &str) -> usize {
        let before = (Timestamp::MAX, i64::MAX);
        self.services.store.read(|tx| tx.event_page(SHOP, profile, before, Some(name), 100)).unwrap().len()
    }

    pub async fn ask(&self, method: Method, path: &str, told: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "shop.test");
        for (name, value) in told {
            request = request.header(*name, *value);
        }
        if !told.iter().any(|(name, _)| *name == "user-agent") {
            request = request.header(header::USER_AGENT, CHROME);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([113, 161, 1, 1], 443))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.ask(Method::HEAD, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let told = [("content-type", "application/x-www-form-urlencoded"), ("origin", ORIGIN)];
        self.ask(Method::POST, path, &told, body).await
    }
}
