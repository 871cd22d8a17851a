use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DEFAULT_WORKSPACE, Installation, seeded_rng};
use crate::secrets::fill_random;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use kit::{Clock, Id};
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use store::Changeset;
use store::access::AccountRow;

#[derive(Args, Debug)]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make an account; the password is read from standard input.
    Create {
        #[command(flatten)]
        data: DataArgs,
        email: String,
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Set a new password, read from standard input, and end the account's sessions.
    Password {
        #[command(flatten)]
        data: DataArgs,
        email: String,
    },
    /// List the accounts.
    List {
        #[command(flatten)]
        data: DataArgs,
        #[arg(long)]
        json: bool,
    },
}

/// Fewest characters of a password.
const PASSWORD_CHARS_MIN: usize = 10;

fn read_password() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("New password (at least {PASSWORD_CHARS_MIN} characters; it shows as you type):");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("reading the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.chars().count() < PASSWORD_CHARS_MIN {
        bail!("a password has at least {PASSWORD_CHARS_MIN} characters");
    }
    Ok(password)
}

fn hashed() -> Result<String> {
    api::hash_password(&read_password()?, fill_random).map_err(anyhow::Error::msg)
}

impl User {
    pub fn run(self) -> Result<()> {
        match self.action {
            Action::Create { data, email, name } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let email = email.trim().to_lowercase();
                if !email.contains('@') {
                    bail!("{email:?} is no e-mail address");
                }
                let now = SystemClock.now();
                let mut changes = Changeset::new();
                changes.insert_account(
                    AccountRow {
                        account_id: Id::new(now, &mut seeded_rng()).to_string(),
                        workspace: DEFAULT_WORKSPACE,
                        email,
                        name,
                        role: "owner".into(),
                        password_hash: hashed()?,
                    },
                    now,
                );
                installation.store.apply(changes).context("is there an account of this address already?")?;
                Ok(installation.store.close()?)
            }
            Action::Password { data, email } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let email = email.trim().to_lowercase();
                let Some(account) = installation.store.read(|tx| tx.account_by_email(&email))? else {
                    bail!("no account has this address; `quaylai user list` shows them");
                };
                let mut changes = Changeset::new();
                changes.set_password(&account.account_id, hashed()?);
                installation.store.apply(changes)?;
                Ok(installation.store.close()?)
            }
            Action::List { data, json } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                for account in installation.store.read(|tx| tx.accounts(DEFAULT_WORKSPACE))? {
                    if json {
                        println!(
                            "{}",
                            json!({ "email": account.email, "name": account.name, "role": account.role })
                        );
                    } else {
                        println!("{}  {}  {}", account.email, account.role, account.name);
                    }
                }
                Ok(installation.store.close()?)
            }
        }
    }
}
