use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DEFAULT_WORKSPACE, Installation, seeded_rng};
use crate::secrets::fill_random;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::roles::Role;
use kit::{Clock, Id, WorkspaceId};
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use store::accounts::AccountRow;
use store::audit::AuditEntry;
use store::{Changeset, StoreError};

#[derive(Args, Debug)]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make an account; the password is read from standard input.
    #[command(alias = "create")]
    Add {
        #[command(flatten)]
        data: DataArgs,
        email: String,
        #[arg(long, default_value = "")]
        name: String,
        /// owner, admin, marketer, analyst or support
        #[arg(long, default_value = "owner")]
        role: Role,
        /// The workspace, by its slug.
        #[arg(long)]
        workspace: Option<String>,
    },
    /// List the accounts of a workspace.
    List {
        #[command(flatten)]
        data: DataArgs,
        #[arg(long)]
        workspace: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Change what somebody may do.
    Role {
        #[command(flatten)]
        data: DataArgs,
        email: String,
        /// owner, admin, marketer, analyst or support
        role: Role,
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Take somebody out of a workspace and end their sessions.
    Remove {
        #[command(flatten)]
        data: DataArgs,
        email: String,
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Turn the second factor off, for somebody who has lost it, and end the account's sessions.
    ResetSecondFactor {
        #[command(flatten)]
        data: DataArgs,
        email: String,
    },
    /// Set a new password, read from standard input, and end the account's sessions.
    #[command(alias = "password")]
    ResetPassword {
        #[command(flatten)]
        data: DataArgs,
        email: String,
    },
}

fn read_password() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("New password (at least {} characters; it shows as you type):", api::PASSWORD_CHARS_MIN);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("reading the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn hashed() -> Result<String> {
    api::hash_password(&read_password()?, fill_random).map_err(anyhow::Error::msg)
}

fn email_told(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') || email.contains(char::is_whitespace) {
        bail!("{email:?} is no e-mail address");
    }
    Ok(email)
}

fn workspace_named(installation: &Installation, slug: Option<&str>) -> Result<WorkspaceId> {
    let Some(slug) = slug else { return Ok(DEFAULT_WORKSPACE) };
    let found = installation.store.read(|tx| tx.workspaces())?.into_iter().find(|row| row.slug == slug);
    Ok(found.with_context(|| format!("there is no workspace {slug:?}"))?.workspace)
}

fn account_named(installation: &Installation, workspace: WorkspaceId, email: &str) -> Result<AccountRow> {
    let email = email_told(email)?;
    let rows = installation.store.read(|tx| tx.accounts(workspace))?;
    let found = rows.into_iter().find(|row| row.email == email);
    found.context("no account of the workspace has this address; `quaylai user list` shows them")
}

/// Writes down what the command did, in the same changeset.
fn log(
    changes: &mut Changeset,
    workspace: WorkspaceId,
    action: &str,
    account_id: &str,
    detail: serde_json::Value,
) {
    let entry = AuditEntry {
        at: SystemClock.now(),
        actor: "command_line".into(),
        role: String::new(),
        action: format!("user {action}"),
        object: format!("users/{account_id}"),
        detail: detail.to_string(),
        ip: String::new(),
    };
    changes.log_audit(workspace, entry);
}

fn unless_last_owner(outcome: Result<store::Committed, StoreError>) -> Result<()> {
    match outcome {
        Err(StoreError::Conflict { .. }) => {
            bail!("a workspace needs an owner: make somebody else an owner first")
        }
        other => Ok(other.map(|_| ())?),
    }
}

impl User {
    pub fn run(self) -> Result<()> {
        match self.action {
            Action::Add { data, email, name, role, workspace } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let workspace = workspace_named(&installation, workspace.as_deref())?;
                let email = email_told(&email)?;
                let now = SystemClock.now();
                let mut changes = Changeset::new();
                let known = installation.store.read(|tx| tx.account_of_email(&email))?;
                let account_id = match known {
                    // One person, one account: it is let into a further workspace, with the password that it has.
                    Some(known) => {
                        changes.insert_member(workspace, &known.account_id, role.as_str(), now);
                        known.account_id
                    }
                    None => {
                        let account = AccountRow {
                            account_id: Id::new(now, &mut seeded_rng()).to_string(),
                            workspace,
                            email,
                            name,
                            role: role.as_str().into(),
                            password_hash: hashed()?,
                        };
                        changes.insert_account(account.clone(), now);
                        account.account_id
                    }
                };
                log(&mut changes, workspace, "add", &account_id, json!({ "role": role }));
                installation.store.apply(changes).context("is this account in the workspace already?")?;
                Ok(installation.store.close()?)
            }
            Action::List { data, workspace, json } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let workspace = workspace_named(&installation, workspace.as_deref())?;
                let accounts = installation.store.read(|tx| tx.accounts(workspace))?;
                if json {
                    let shown = accounts.iter().map(|account| {
                        json!({ "id": account.account_id, "email": account.email, "name": account.name,
                                "role": account.role })
                    });
                    println!("{}", json!(shown.collect::<Vec<_>>()));
                } else {
                    for account in accounts {
                        println!("{}  {:9}  {}", account.email, account.role, account.name);
                    }
                }
                Ok(installation.store.close()?)
            }
            Action::Role { data, email, role, workspace } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let workspace = workspace_named(&installation, workspace.as_deref())?;
                let account = account_named(&installation, workspace, &email)?;
                let mut changes = Changeset::new();
                changes.change_role(workspace, &account.account_id, &account.role, role.as_str());
                let detail = json!({ "role": { "before": account.role, "after": role } });
                log(&mut changes, workspace, "role", &account.account_id, detail);
                unless_last_owner(installation.store.apply(changes))?;
                Ok(installation.store.close()?)
            }
            Action::Remove { data, email, workspace } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let workspace = workspace_named(&installation, workspace.as_deref())?;
                let account = account_named(&installation, workspace, &email)?;
                let mut changes = Changeset::new();
                changes.remove_member(workspace, &account.account_id);
                log(&mut changes, workspace, "remove", &account.account_id, json!({ "role": account.role }));
                unless_last_owner(installation.store.apply(changes))?;
                Ok(installation.store.close()?)
            }
            Action::ResetSecondFactor { data, email } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let email = email_told(&email)?;
                let Some(account) = installation.store.read(|tx| tx.account_of_email(&email))? else {
                    bail!("no account has this address; `quaylai user list` shows them");
                };
                let mut changes = Changeset::new();
                changes.delete_second_factor(&account.account_id);
                changes.end_other_sessions(&account.account_id, "");
                for membership in installation.store.read(|tx| tx.memberships(&account.account_id))? {
                    let id = &account.account_id;
                    log(&mut changes, membership.workspace, "reset-second-factor", id, json!({}));
                }
                installation.store.apply(changes)?;
                Ok(installation.store.close()?)
            }
            Action::ResetPassword { data, email } => {
                let (installation, _) = Installation::open(&data.settle()?)?;
                let email = email_told(&email)?;
                let Some(account) = installation.store.read(|tx| tx.account_of_email(&email))? else {
                    bail!("no account has this address; `quaylai user list` shows them");
                };
                let mut changes = Changeset::new();
                changes.set_password(&account.account_id, hashed()?);
                for membership in installation.store.read(|tx| tx.memberships(&account.account_id))? {
                    let id = &account.account_id;
                    log(&mut changes, membership.workspace, "reset-password", id, json!({}));
                }
                installation.store.apply(changes)?;
                Ok(installation.store.close()?)
            }
        }
    }
}
