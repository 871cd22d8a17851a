use crate::channels::Desk;
use crate::config::DataArgs;
use crate::grants;
use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use clap::Args;
use domain::consent::Channel;
use kit::WorkspaceId;
use plugs::channels::zalo::Renewed;
use std::process::ExitCode;
use std::sync::Arc;

/// Renews what a provider has granted, when it is time. The server starts this by itself, as a process that goes on
/// when the server ends: what the provider answers exists once, and is lost with whoever does not write it down.
#[derive(Args, Debug)]
pub struct RenewToken {
    #[command(flatten)]
    data: DataArgs,
    /// The number of the workspace.
    #[arg(long, default_value_t = 1)]
    workspace: i64,
    #[arg(long, default_value = "zalo")]
    channel: String,
    /// Renew these tokens even before it is time, because they were refused; no others.
    #[arg(long, hide = true)]
    serial: Option<i64>,
}

impl RenewToken {
    pub async fn run(self) -> Result<ExitCode> {
        go_on();
        let data = self.data.settle()?;
        let Ok(channel) = self.channel.parse::<Channel>() else {
            bail!("no channel is called {}", self.channel)
        };
        let workspace = WorkspaceId(self.workspace);
        let opened = tokio::task::spawn_blocking(move || Installation::open(&data)).await?;
        let (installation, _) = opened.context("opening the data")?;
        let store = Arc::clone(&installation.store);
        let desk = Desk::new(installation.secret.clone(), installation.folder.join("files"), true);
        let desk = desk.keeping(grants::Keeping {
            store: Arc::clone(&store),
            folder: installation.folder.clone(),
            is_patient: true,
        });
        if channel != Channel::Zalo {
            bail!("the channel {channel} has nothing that is renewed");
        }
        let read = Arc::clone(&store);
        let account = tokio::task::spawn_blocking(move || desk.official_account(&read, workspace)).await??;
        let renewed = grants::renew(&account, self.serial).await;
        tokio::task::spawn_blocking(move || store.close()).await??;
        let (text, code) = match renewed? {
            Renewed::Done => ("renewed".to_owned(), ExitCode::SUCCESS),
            Renewed::Needless => ("there is nothing to renew".to_owned(), ExitCode::SUCCESS),
            Renewed::Elsewhere { .. } => ("somebody else is renewing it".to_owned(), ExitCode::SUCCESS),
            Renewed::Lapsed(why) => (format!("authorise it again: {why}"), ExitCode::from(3)),
            Renewed::Fault(why) => (format!("not now: {why}"), ExitCode::from(2)),
        };
        // Nobody may be listening any more, which is no reason to fail.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes());
        Ok(code)
    }
}

/// Asked to end, this goes on: it ends within a call to the provider and a write. Only what no process can refuse, or
/// the end of the machine, comes in between.
#[cfg(unix)]
fn go_on() {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        if let Ok(mut asked) = signal(kind) {
            tokio::spawn(async move { while asked.recv().await.is_some() {} });
        }
    }
}

#[cfg(not(unix))]
fn go_on() {}
