//! `quaylai serve`: the whole product in one process.

use crate::channels::Desk;
use crate::config::Listen;
use crate::grants::{Keeper, Keeping};
use crate::installation::{Installation, random_u64};
use crate::runtime::{self, Running, Shared};
use anyhow::{Context, Result};
use api::{Build, Config, Services};
use engine::{Composer, TokenKey};
use kit::Clock;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("QUAYLAI_COMMIT").unwrap_or("unknown").into(),
    }
}

/// The owner that the installation began with.
fn first_sign_in(installation: &Installation) -> Option<(String, String)> {
    let text = std::fs::read_to_string(installation.folder.join(crate::installation::FIRST_PASSWORD)).ok()?;
    let mut lines = text.lines();
    Some((lines.next()?.to_owned(), lines.next()?.to_owned()))
}

/// A server that is up.
pub struct Server {
    pub shared: Arc<Shared>,
    pub services: Arc<Services>,
    pub address: SocketAddr,
    listener: TcpListener,
    running: Running,
    keeper: Keeper,
}

impl Server {
    /// Binds the address and starts the loops; requests are answered by [`Server::serve`].
    pub async fn start(
        installation: &Installation,
        listen: &Listen,
        clock: Arc<dyn Clock>,
        speed: f64,
        is_demo: bool,
    ) -> Result<Server> {
        let listener = TcpListener::bind(listen.address)
            .await
            .with_context(|| format!("listening on {}: is another server running there?", listen.address))?;
        let address = listener.local_addr()?;
        // Port 0 lets the system choose; links must name the port that it chose.
        let public_url = match listen.address.port() {
            0 => listen.public_url.replace(&listen.address.to_string(), &address.to_string()),
            _ => listen.public_url.clone(),
        };
        let store = Arc::clone(&installation.store);
        // The store blocks, and PostgreSQL's runs a runtime of its own, which must not be entered from this one.
        let (shared, desk, key) = tokio::task::block_in_place(|| -> Result<_> {
            let shared = Shared::new(Arc::clone(&store), Arc::clone(&clock), speed)?;
            let files = installation.folder.join("files");
            let key = TokenKey::from_secret(installation.secret.bytes());
            let desk =
                Desk::new(installation.secret.clone(), files, listen.private_relays).keeping(Keeping {
                    store: Arc::clone(&store),
                    folder: installation.folder.clone(),
                    is_patient: false,
                });
            Ok((shared, Arc::new(desk.reached_at(key.clone(), public_url.clone())), key))
        })?;
        let shelves = Arc::new(engine::shelf::Shelves::new(Arc::clone(&store)));
        let services = Arc::new(Services {
            store,
            door: Arc::clone(&shared.door),
            clock,
            wall: Arc::new(crate::clock::SystemClock),
            token_key: key.clone(),
            processed: shared.processed.subscribe(),
            desk: Arc::clone(&desk) as Arc<dyn api::ChannelDesk>,
            data: installation.folder.clone(),
            jobs_bell: Arc::clone(&shared.jobs_bell),
            fill_random: crate::secrets::fill_random,
            build: build(),
            config: Config {
                secure_cookies: public_url.starts_with("https://"),
                public_url: public_url.clone(),
                is_demo,
                demo_sign_in: if is_demo { first_sign_in(installation) } else { None },
                trusted_proxies: listen.trusted_proxies.clone(),
                web: listen.web_dir.clone().map_or(web::Files::Embedded, web::Files::Folder),
            },
            composer: Mutex::new(
                Composer::new(key.clone(), &public_url)
                    .recommending(Arc::clone(&shelves))
                    .imagining()
                    .remembering(Arc::clone(&shared.store)),
            ),
            shelves: Arc::clone(&shelves),
            metrics: Default::default(),
            memory: Default::default(),
        });
        tokio::spawn(crate::register::run(Arc::clone(&shared), Arc::clone(&desk), services.data.clone()));
        tokio::spawn(crate::returns::run(Arc::clone(&shared), Arc::clone(&desk), key.clone()));
        let composer = Composer::new(key, &public_url).recommending(shelves);
        let keeper = Keeper::start(Arc::clone(&shared), Arc::clone(&desk));
        let running = runtime::start(&shared, &services, desk, composer, random_u64())?;
        Ok(Server { shared, services, address, listener, running, keeper })
    }

    /// Answers requests until `stop` is done, then ends the loops in order.
    pub async fn serve(
        self,
        extra: axum::Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let listened = Arc::clone(&self.services);
        let stop = async move {
            stop.await;
            listened.hang_up();
        };
        let app = api::router(self.services).merge(extra);
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.listener, service).with_graceful_shutdown(stop).await?;
        let running = self.running;
        let store = Arc::clone(&self.shared.store);
        tokio::task::spawn_blocking(move || running.stop()).await?;
        self.keeper.end().await;
        tokio::task::spawn_blocking(move || store.close()).await??;
        Ok(())
    }
}

/// Ends when the process is asked to stop.
pub async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminated {
            Ok(mut terminated) => {
                tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(_) => {
                let _ = interrupted.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupted.await;
    }
    tracing::info!("stopping: what is under way is finished first");
}
