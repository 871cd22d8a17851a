mod campaigns;

use crate::clock::{FastClock, SystemClock};
use crate::config::{DataArgs, ListenArgs};
use crate::installation::{DEFAULT_WORKSPACE, FIRST_PASSWORD, Installation};
use crate::runtime::Shared;
use crate::server::{Server, stop_signal};
use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use clap::Args;
use demo::{LivePace, LiveShoppers, Size, World, WorldFacts};
use domain::consent::Channel;
use domain::profile::Ms;
use engine::install::{Installing, install_scenario};
use engine::{Note, Request};
use indicatif::{ProgressBar, ProgressStyle};
use kit::{Clock, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::Changeset;
use store::access::ChannelRow;
use tokio::task::block_in_place;

/// The demo shop: history, live shoppers, journeys and an outbox, all of it made up.
#[derive(Args, Debug)]
pub struct Demo {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
    /// Customers of the made-up history.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(10..=200_000))]
    customers: u32,
    /// Months of history.
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=36))]
    months: u32,
    /// How fast the demo's clock runs: 60 makes an hour pass in a minute.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Live shoppers that come a minute of the demo's time.
    #[arg(long, default_value_t = 6.0)]
    shoppers: f64,
    /// The same seed makes the same shop.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
}

/// Names in the store's table of positions.
const LOADED: &str = "demo_loaded";
const CLOCK: &str = "demo_clock";
/// Items of history in one request.
const LOAD_ITEMS: usize = 400;
/// Requests of history under way at once.
const LOAD_REQUESTS: usize = 8;

impl Demo {
    pub async fn run(self) -> Result<()> {
        if !(0.1..=100_000.0).contains(&self.speed) {
            bail!("--speed is from 0.1 to 100000");
        }
        let data = self.data.settle()?;
        let listen = self.listen.settle(&data.file)?;
        crate::start_logging(listen.json_logs);
        let opened = data.clone();
        let (installation, _) = tokio::task::spawn_blocking(move || Installation::open(&opened)).await??;
        let store = Arc::clone(&installation.store);
        let (left_at, loaded, people) = block_in_place(|| {
            store.read(|tx| {
                Ok((tx.progress(CLOCK)?, tx.progress(LOADED)?, tx.profile_count(DEFAULT_WORKSPACE)?))
            })
        })?;
        let left_at = left_at.map_or(Timestamp::MIN, Timestamp::from_ms);
        if loaded.is_none() && people > 0 {
            bail!("{} holds a shop already; name an empty folder with --data", data.folder.display());
        }
        // A clock that ran ahead in an earlier run must not run backwards in this one.
        let start = SystemClock.now().max(left_at);
        let clock: Arc<dyn Clock> = Arc::new(FastClock::starting_at(start, self.speed));
        let server = Server::start(&installation, &listen, Arc::clone(&clock), self.speed, true).await?;
        let site = format!("http://{}", server.address);
        if loaded.is_none() {
            block_in_place(|| self.set_up(&server, &site))?;
        }
        let password = std::fs::read_to_string(installation.folder.join(FIRST_PASSWORD)).unwrap_or_default();
        let mut lines = password.lines();
        println!("Quaylai demo shop: {site}");
        if let (Some(email), Some(password)) = (lines.next(), lines.next()) {
            println!("  sign in / đăng nhập:   {email}");
            println!("  password / mật khẩu:   {password}");
        }
        println!("  Stop with Ctrl-C. / Nhấn Ctrl-C để dừng.");
        let shared = Arc::clone(&server.shared);
        let services = Arc::clone(&server.services);
        let now = start;
        let task = tokio::spawn(async move {
            let facts = WorldFacts { seed: self.seed, customers: self.customers };
            if loaded.is_none() {
                self.load(&shared, now, &site).await?;
                block_in_place(|| {
                    let silent = engine::derived_id(&["segment", "win-back-silent"]).to_string();
                    campaigns::launch(&shared.store, &silent, shared.clock.now())
                })?;
                shared.door.wake();
            }
            self.live(&shared, &services, facts, &site).await
        });
        let watched = async move {
            tokio::select! {
                () = stop_signal() => task_stop(None),
                ended = task => task_stop(Some(ended)),
            }
        };
        server.serve(shop_pages(), watched).await
    }

    /// The shop's settings, the channels, which keep what they are given, and all ready scenarios.
    fn set_up(&self, server: &Server, site: &str) -> Result<()> {
        let store = &server.services.store;
        let now = server.services.clock.now();
        let shop = demo::shop();
        let mut workspaces = store.read(|tx| tx.workspaces())?;
        let workspace = workspaces.first_mut().context("the installation has no workspace")?;
        workspace.name = shop.name.to_owned();
        workspace.settings.shop = domain::settings::Shop {
            name: shop.name.into(),
            url: site.to_owned(),
            address: shop.address.into(),
            email: shop.email.into(),
            phone: shop.phone.into(),
        };
        let mut changes = Changeset::new();
        changes.update_workspace(workspace);
        let told = json!({
            "provider": "blackhole",
            "from": { "name": shop.name, "address": shop.email },
        });
        for channel in [Channel::Email, Channel::Sms] {
            let prepared = server.services.desk.prepare(channel, &told, None);
            let sealed =
                prepared.map_err(|problems| anyhow::anyhow!("the demo's {channel}: {problems:?}"))?;
            changes.set_channel(ChannelRow {
                workspace: workspace.workspace,
                channel: channel.to_string(),
                sealed,
                enabled: true,
                updated_at: now,
            });
        }
        let workspace = workspace.workspace;
        engine::configure(store, changes)?;
        for scenario in scenarios::library() {
            let parameters = parameters(&scenario.slug);
            let (language, publish) = (scenarios::Language::Vi, true);
            let installing = Installing { language, parameters: &parameters, publish, by: "demo" };
            install_scenario(store, workspace, scenario, &installing, now)
                .with_context(|| format!("installing the scenario {}", scenario.slug))?;
        }
        Ok(())
    }

    /// Brings the history in through the same door as everybody's, marked as history.
    async fn load(&self, shared: &Arc<Shared>, now: Timestamp, site: &str) -> Result<()> {
        let size = Size { customers: self.customers, months: self.months };
        let world = World::generate(self.seed, now, size).at_site(site);
        let bar = ProgressBar::new(u64::from(self.customers) * 31 * u64::from(self.months) / 18);
        bar.set_style(ProgressStyle::with_template("  history / lịch sử  {bar:30} {pos} {per_sec}  {eta}")?);
        let mut waiting = std::collections::VecDeque::new();
        let mut batch = Vec::with_capacity(LOAD_ITEMS);
        for item in world {
            batch.push(item);
            if batch.len() == LOAD_ITEMS {
                self.send(shared, &mut batch, true, &mut waiting).await?;
                bar.inc(LOAD_ITEMS as u64);
            }
        }
        self.send(shared, &mut batch, true, &mut waiting).await?;
        for pending in waiting {
            let pending: engine::Durable = pending;
            pending.await?;
        }
        let mut processed = shared.processed.subscribe();
        while block_in_place(|| shared.store.read(|tx| tx.backlog()))?.items > 0 {
            processed.changed().await?;
        }
        bar.finish_and_clear();
        let mut changes = Changeset::new();
        changes.set_progress(LOADED, 1);
        let (profiles, orders) = block_in_place(|| {
            shared.store.apply(changes)?;
            shared.store.read(|tx| {
                Ok((
                    tx.profile_count(DEFAULT_WORKSPACE)?,
                    tx.order_count(DEFAULT_WORKSPACE, Timestamp::MIN)?.0,
                ))
            })
        })?;
        println!(
            "  {profiles} people, {orders} orders; live shoppers come in now. / Khách đang vào cửa hàng."
        );
        Ok(())
    }

    async fn send(
        &self,
        shared: &Arc<Shared>,
        batch: &mut Vec<Value>,
        historical: bool,
        waiting: &mut std::collections::VecDeque<engine::Durable>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_vec(&json!({ "batch": batch }))?;
        batch.clear();
        let request = Request { kind: None, body, ip: None, user_agent: None, historical };
        let mut processed = shared.processed.subscribe();
        loop {
            match shared.door.admit(DEFAULT_WORKSPACE, request.clone(), shared.clock.now()) {
                Ok(accepted) => {
                    waiting.push_back(accepted.pending);
                    break;
                }
                // The demo waits its turn like every client.
                Err(engine::DoorError::Overloaded { .. }) => processed.changed().await?,
                Err(error) => return Err(error.into()),
            }
        }
        while waiting.len() > LOAD_REQUESTS {
            if let Some(pending) = waiting.pop_front() {
                pending.await?;
            }
        }
        Ok(())
    }

    /// Lets shoppers come, look, leave and return, for as long as the demo runs.
    async fn live(
        &self,
        shared: &Arc<Shared>,
        services: &Arc<api::Services>,
        facts: WorldFacts,
        site: &str,
    ) -> Result<()> {
        let pace = LivePace { shoppers_per_minute: self.shoppers.clamp(0.0, 600.0), ..LivePace::default() };
        let mut shoppers = LiveShoppers::new(self.seed, facts, shared.clock.now(), pace).at_site(site);
        let mut read_up_to = block_in_place(|| services.store.read(|tx| tx.last_numbers()))?.message;
        let mut readers = campaigns::Readers::new(read_up_to);
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        loop {
            beat().await;
            let now = shared.clock.now();
            let mut items = shoppers.step(now);
            let mut waiting = std::collections::VecDeque::new();
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(LOAD_ITEMS));
                self.send(shared, &mut items, false, &mut waiting).await?;
                items = rest;
            }
            for pending in waiting {
                pending.await?;
            }
            let mut changes = Changeset::new();
            changes.set_progress(CLOCK, now.ms());
            read_up_to = block_in_place(|| {
                services.store.apply(changes)?;
                readers.step(shared, &services.store, now)?;
                self.read_mail(shared, services, &mut shoppers, read_up_to, &mut seen, now)
            })?;
        }
    }

    /// Made-up people read their made-up mail: about half of those whose cart was left click and come back.
    fn read_mail(
        &self,
        shared: &Arc<Shared>,
        services: &Arc<api::Services>,
        shoppers: &mut LiveShoppers,
        after: i64,
        seen: &mut BTreeSet<i64>,
        now: Timestamp,
    ) -> Result<i64> {
        let store = &services.store;
        let messages =
            store.read(|tx| tx.message_page(DEFAULT_WORKSPACE, i64::MAX, 200, "accepted", "", ""))?;
        for message in messages {
            if message.message_no <= after || !seen.insert(message.message_no) {
                continue;
            }
            let is_cart =
                message.template_id.as_deref().is_some_and(|id| id.starts_with("cart-abandonment-"));
            let person = store.read(|tx| tx.profile(DEFAULT_WORKSPACE, message.profile))?;
            let user_id = person.and_then(|stored| {
                stored.profile.address(&domain::identifier::IdentifierKind::UserId).map(str::to_owned)
            });
            let Some(user_id) = user_id.filter(|_| is_cart) else { continue };
            if shoppers.cart_mail_arrived(&user_id, now) {
                for response in [engine::Response::Opened, engine::Response::Clicked] {
                    let note = Note::Response {
                        message_no: message.message_no,
                        response,
                        at: Ms(now),
                        machine: None,
                        url: None,
                    };
                    drop(shared.door.note(DEFAULT_WORKSPACE, &note, now));
                }
            }
        }
        while seen.len() > 1_000 {
            seen.pop_first();
        }
        // Whatever is older than all that is remembered was seen.
        Ok(seen.first().map_or(after, |first| after.max(first - 1)))
    }
}

/// What the made-up shop chose: its carts are reminded of while somebody still watches, and silk scarves go with áo dài.
fn parameters(slug: &str) -> Map<String, Value> {
    let chosen = match slug {
        "cart-abandonment" => json!({ "first_after": "10m" }),
        "cross-sell" => {
            json!({ "bought_category": "Áo dài", "offered": "khăn lụa", "offered_path": "/danh-muc/khan" })
        }
        "review-request" => json!({ "after_delivery": "2d" }),
        _ => Value::Null,
    };
    chosen.as_object().cloned().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the demo's shoppers come in the world's time")]
async fn beat() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

fn task_stop(ended: Option<std::result::Result<Result<()>, tokio::task::JoinError>>) {
    match ended {
        None => {}
        Some(Ok(Ok(()))) => tracing::info!("the demo has ended"),
        Some(Ok(Err(error))) => tracing::error!(error = %error, "the demo cannot go on"),
        Some(Err(error)) => tracing::error!(%error, "the demo cannot go on"),
    }
}

/// The made-up shop's own pages, so that links in its messages lead somewhere.
fn shop_pages() -> Router {
    Router::new()
        .route("/demo/img/{file}", get(picture))
        .route("/san-pham/{slug}", get(product_page))
        .route("/cart", get(cart_page))
        .route("/gio-hang", get(cart_page))
}

async fn picture(Path(file): Path<String>) -> impl IntoResponse {
    match file.strip_suffix(".svg").and_then(demo::product_image_svg) {
        Some(svg) => ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn product_page(Path(slug): Path<String>) -> impl IntoResponse {
    let path = format!("/san-pham/{slug}");
    match demo::catalogue().into_iter().find(|product| product.url_path == path) {
        Some(product) => {
            let price = kit::Money { minor: product.price_minor, currency: kit::Currency::VND }.display();
            let body = format!(
                "<img src=\"{}\" alt=\"\" width=\"360\"><h1>{}</h1><p>{price}</p>",
                product.image_path, product.name
            );
            page(&product.name, &body).into_response()
        }
        None => {
            (StatusCode::NOT_FOUND, page("Không có trang này", "<h1>Không có trang này</h1>")).into_response()
        }
    }
}

async fn cart_page() -> impl IntoResponse {
    page(
        "Giỏ hàng",
        "<h1>Giỏ hàng</h1><p>Đây là cửa hàng mẫu: giỏ hàng của khách được giữ trong Quaylai.</p>",
    )
}

/// `title` and `body` are the demo's own words, never a visitor's.
fn page(title: &str, body: &str) -> impl IntoResponse + use<> {
    let shop = demo::shop();
    let html = format!(
        "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} · {}</title><body style=\"font:16px/1.6 sans-serif;\
         max-width:40rem;margin:2rem auto;padding:0 1rem\"><p style=\"color:{}\"><b>{}</b> · cửa hàng mẫu</p>{body}",
        shop.name, shop.accent_color, shop.name
    );
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html)
}
