use crate::channels::Desk;
use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::Installation;
use anyhow::Result;
use api::ChannelDesk;
use clap::Args;
use kit::{Clock, MINUTE_MS};
use serde_json::json;
use std::process::ExitCode;
use tokio::task::block_in_place;

/// Looks at an installation and says what is wrong and what to do. Ends with 1 when something is.
#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long)]
    json: bool,
}

struct Finding {
    about: String,
    good: bool,
    text: String,
}

impl Doctor {
    pub async fn run(self) -> Result<ExitCode> {
        let data = self.data.settle()?;
        let mut findings = Vec::new();
        let mut tell = |about: &str, good: bool, text: String| {
            findings.push(Finding { about: about.to_owned(), good, text });
        };
        let opened = tokio::task::spawn_blocking(move || Installation::open(&data)).await?;
        match opened {
            Err(error) => tell("database", false, format!("{error:#}")),
            Ok((installation, _)) => {
                let store = &installation.store;
                let size_mb = block_in_place(|| store.size_bytes())? / 1_000_000;
                tell("database", true, format!("opens, {size_mb} MB, every query prepares"));
                let (backlog, workspaces, channels, sending) = block_in_place(|| {
                    store.read(|tx| {
                        Ok((tx.backlog()?, tx.workspaces()?, tx.channels()?, tx.stranded_messages(1)?.len()))
                    })
                })?;
                let leads = block_in_place(|| store.try_lead())?.is_none();
                let running = if leads { "a server is running" } else { "no server is running" };
                tell("engine", true, running.to_owned());
                let late_ms = backlog.oldest_at.map_or(0, |at| SystemClock.now().since_ms(at));
                let stuck = late_ms > 5 * MINUTE_MS;
                let text = match (stuck, leads) {
                    (false, _) => format!("{} messages wait", backlog.items),
                    (true, true) => format!(
                        "the oldest of {} messages waits for {} s: look into the log of the server",
                        backlog.items,
                        late_ms / 1_000
                    ),
                    (true, false) => {
                        format!("{} messages wait for a server: start `quaylai serve`", backlog.items)
                    }
                };
                tell("inbox", !stuck, text);
                if sending > 0 && !leads {
                    tell("messages", true, "hand-overs were interrupted; the next start marks them".into());
                }
                let desk = Desk::new(installation.secret.clone(), installation.folder.join("files"), true);
                for workspace in &workspaces {
                    let problems = workspace.settings.problems();
                    let text =
                        problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>();
                    let fine = problems.is_empty();
                    tell("settings", fine, if fine { "in order".into() } else { text.join("; ") });
                }
                if channels.is_empty() {
                    tell(
                        "channels",
                        false,
                        "none is set up: messages wait. PUT /api/v1/channels/email".into(),
                    );
                }
                for row in channels {
                    let Ok(channel) = row.channel.parse() else { continue };
                    let about = format!("channel {}", row.channel);
                    match desk.check(channel, &row.sealed).await {
                        Ok(text) => tell(&about, true, text),
                        Err(text) => tell(&about, false, text),
                    }
                }
                block_in_place(|| store.close())?;
            }
        }
        let good = findings.iter().all(|finding| finding.good);
        for finding in &findings {
            if self.json {
                println!("{}", json!({ "about": finding.about, "good": finding.good, "text": finding.text }));
            } else {
                println!("{} {}: {}", if finding.good { "ok " } else { "BAD" }, finding.about, finding.text);
            }
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
