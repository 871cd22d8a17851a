use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DEFAULT_WORKSPACE, Installation};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use kit::Clock;
use serde_json::json;
use store::Changeset;

#[derive(Args, Debug)]
pub struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make a key; it is shown this once.
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// `write` may only send events in; `secret` may use the whole API.
        #[arg(long, value_enum)]
        kind: Kind,
        #[arg(long, default_value = "")]
        name: String,
        /// What a secret key may do: read, write, send, admin, separated by spaces; all when left out.
        #[arg(long, default_value = "")]
        scopes: String,
        #[arg(long)]
        json: bool,
    },
    /// List the keys of the workspace, without the keys themselves.
    List {
        #[command(flatten)]
        data: DataArgs,
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key by its id.
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        key_id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Write,
    Secret,
}

impl Key {
    pub fn run(self) -> Result<()> {
        match self.action {
            Action::Create { data, kind, name, scopes, json } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let kind = match kind {
                    Kind::Write => api::KeyKind::Write,
                    Kind::Secret => api::KeyKind::Secret,
                };
                let (key_id, key) = installation.new_key(kind, &name, &scopes)?;
                if json {
                    println!("{}", json!({ "key": key.key, "key_id": key_id, "hint": key.hint }));
                } else {
                    println!("{}", key.key);
                }
                Ok(installation.store.close()?)
            }
            Action::List { data, json } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let keys = installation.store.read(|tx| tx.keys(DEFAULT_WORKSPACE))?;
                for key in keys {
                    let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
                    if json {
                        println!(
                            "{}",
                            json!({ "key_id": key.key_id, "kind": key.kind, "name": key.name, "hint": key.hint,
                                    "scopes": key.scopes, "state": state })
                        );
                    } else {
                        println!("{}  {:6}  {:8}  {}  {}", key.key_id, key.kind, state, key.hint, key.name);
                    }
                }
                Ok(installation.store.close()?)
            }
            Action::Revoke { data, key_id } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let mut changes = Changeset::new();
                changes.revoke_key(DEFAULT_WORKSPACE, &key_id, SystemClock.now());
                engine::configure(&installation.store, changes)
                    .with_context(|| format!("no active key has the id {key_id}"))?;
                Ok(installation.store.close()?)
            }
        }
    }
}
