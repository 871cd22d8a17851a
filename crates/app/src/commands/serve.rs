use crate::clock::SystemClock;
use crate::config::{DataArgs, ListenArgs};
use crate::installation::Installation;
use crate::server::{Server, stop_signal};
use anyhow::Result;
use clap::Args;
use std::sync::Arc;

#[derive(Args, Debug)]
pub struct Serve {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
}

impl Serve {
    pub async fn run(self) -> Result<()> {
        let data = self.data.settle()?;
        let listen = self.listen.settle(&data.file)?;
        crate::start_logging(listen.json_logs);
        let (installation, owner) = tokio::task::spawn_blocking(move || Installation::open(&data)).await??;
        let server = Server::start(&installation, &listen, Arc::new(SystemClock), 1.0, false).await?;
        println!("Quaylai {} listens on http://{}", env!("CARGO_PKG_VERSION"), server.address);
        if let Some(owner) = owner {
            // Shown once; also in first-password.txt of the data folder, for those who did not look.
            println!("Sign in as {} with the password {}", owner.email, owner.password);
        }
        server.serve(axum::Router::new(), stop_signal()).await
    }
}
