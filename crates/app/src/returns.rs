//! Mail that comes back: from a mailbox that is looked into, or from a mail server's pipe. What it says becomes a note
//! for the engine, and only when that is durable does the mail count as taken.

use crate::channels::Desk;
use crate::runtime::Shared;
use anyhow::Result;
use domain::consent::Channel;
use engine::{Note, TokenKey};
use kit::{SECOND_MS, Timestamp, WorkspaceId};
use plugs::Problem;
use plugs::email::mailbox::{self, Cursor, MailboxConfig};
use plugs::email::returned::{Kind, Returned, read};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::deliverability::MailboxVisit;
use store::inbox::Arrival;
use store::messages::MessageRow;
use store::{Changeset, ReadTx, Store, StoreError};

/// What tells of the engine's notes that they came by mail.
const PROVIDER: &str = "mail";
/// Mails that are made durable together.
const BATCH: usize = 20;
/// Mails of one visit; the rest waits for the next one.
const VISIT_MAX: usize = 1_000;
const LOOK_AROUND: Duration = Duration::from_millis(500);

/// Where undeliverable mail is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// Such as `bounce@mail.shop.vn`. Each message gets an address of its own, `bounce+TOKEN@mail.shop.vn`, so the
    /// mail server must put what comes to these into the same mailbox or pipe.
    pub address: String,
    /// Without it the mail server hands such mail to `quaylai bounce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<MailboxConfig>,
    /// How often the mailbox is looked into, in seconds.
    #[serde(default = "Returns::poll_seconds")]
    pub poll_seconds: u32,
}

impl Returns {
    fn poll_seconds() -> u32 {
        60
    }

    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| {
            problems.push(Problem { field: format!("returns.{field}"), message: message.to_owned() });
        };
        let address = domain::normalise::email::normalise(&self.address);
        // Behind the plus stand up to 45 characters, and a local part has no more than 64.
        let is_short =
            self.address.split('@').next().is_some_and(|local| local.len() <= 16 && !local.contains('+'));
        if address.is_err() || !is_short {
            problem("address", "an address with at most 16 characters before the @, and without a plus");
        }
        if !(1..=3_600).contains(&self.poll_seconds) {
            problem("poll_seconds", "from 1 to 3600");
        }
        for Problem { field, message } in self.mailbox.iter().flat_map(MailboxConfig::validate) {
            problem(&format!("mailbox.{field}"), &message);
        }
        problems
    }

    pub fn redacted(&self) -> Returns {
        Returns { mailbox: self.mailbox.as_ref().map(MailboxConfig::redacted), ..self.clone() }
    }

    pub fn merged(mut self, stored: Option<&Returns>) -> Returns {
        let before = stored.and_then(|stored| stored.mailbox.as_ref());
        self.mailbox = self.mailbox.map(|own| match before {
            Some(before) => own.merged(before),
            None => own,
        });
        self
    }
}

/// The message that a mail is about: by a token that we signed, or by the id of a message that it brings back.
fn message_of(
    tx: &mut ReadTx<'_>,
    key: &TokenKey,
    mail: &Returned,
    workspace: Option<WorkspaceId>,
) -> Result<Option<MessageRow>, StoreError> {
    let is_ours = |own: WorkspaceId| workspace.is_none_or(|workspace| workspace == own);
    for token in &mail.tokens {
        if let Some((own, message_no)) = key.read_return(token).filter(|(own, _)| is_ours(*own))
            && let Some(message) = tx.message_by_no(own, message_no)?
        {
            return Ok(Some(message));
        }
    }
    // Words alone are believed where the address proves that they are about our message.
    if mail.kind == Kind::OldReport {
        return Ok(None);
    }
    let ids: Vec<&str> = mail
        .message_ids
        .iter()
        .filter_map(|id| id.split('@').next())
        .filter(|id| id.parse::<kit::Id>().is_ok())
        .collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let workspaces: Vec<WorkspaceId> = match workspace {
        Some(workspace) => vec![workspace],
        None => tx.workspaces()?.into_iter().map(|own| own.workspace).collect(),
    };
    for own in workspaces {
        for id in &ids {
            if let Some(message) = tx.message(own, id)? {
                return Ok(Some(message));
            }
        }
    }
    Ok(None)
}

/// What a mail comes to: `None` when nothing follows from it.
pub fn arrival(
    store: &Store,
    key: &TokenKey,
    raw: &[u8],
    recipients: &[String],
    workspace: Option<WorkspaceId>,
    now: Timestamp,
) -> Result<Option<Arrival>> {
    let mail = read(raw, recipients);
    if mail.told.is_none() {
        return Ok(None);
    }
    let found = store.read(|tx| message_of(tx, key, &mail, workspace))?;
    let Some(message) = found.filter(|message| message.channel == Channel::Email.as_str()) else {
        return Ok(None);
    };
    let receipts: Vec<_> = mail.receipt(&message.id).into_iter().collect();
    let provider = PROVIDER.to_owned();
    let note = Note::Receipts { channel: Channel::Email, provider, receipts, at: now.into() };
    Ok(Some(note.arrival(message.workspace, now)))
}

/// Looks into the mailboxes of all workspaces for as long as the process runs.
#[expect(
    clippy::disallowed_methods,
    reason = "how often a mailbox is looked into decides nothing about anybody"
)]
pub async fn run(shared: Arc<Shared>, desk: Arc<Desk>, key: TokenKey) {
    // By workspace: when the next visit is due.
    let mut due: BTreeMap<WorkspaceId, Timestamp> = BTreeMap::new();
    while !shared.stops() {
        tokio::time::sleep(LOOK_AROUND).await;
        if !shared.leads.load(Ordering::SeqCst) {
            continue;
        }
        let (listing, asked) = (Arc::clone(&desk), Arc::clone(&shared.store));
        let listed = tokio::task::spawn_blocking(move || listing.mailboxes(&asked)).await;
        let Ok(Ok(mailboxes)) = listed else { continue };
        for (workspace, returns) in mailboxes {
            let now = shared.clock.now();
            if due.get(&workspace).is_some_and(|due| *due > now) {
                continue;
            }
            due.insert(workspace, now.plus_ms(i64::from(returns.poll_seconds) * SECOND_MS));
            let Some(config) = returns.mailbox else { continue };
            let visited = tokio::select! {
                visited = visit(&shared, &desk, &key, workspace, &config) => visited,
                () = stopped(&shared) => return,
            };
            let told = match visited {
                Ok(()) => note_fault(&shared, workspace, String::new()).await,
                Err(fault) => {
                    tracing::warn!(workspace = workspace.0, %fault, "the mailbox of returned mail cannot be read");
                    note_fault(&shared, workspace, fault).await
                }
            };
            if let Err(error) = told {
                tracing::error!(%error, "a visit of a mailbox cannot be written down");
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "only waits for the end")]
async fn stopped(shared: &Shared) {
    while !shared.stops() {
        tokio::time::sleep(LOOK_AROUND).await;
    }
}

async fn blocking<T: Send + 'static>(
    doing: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(doing).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("a look into the store ended by a panic".to_owned()),
    }
}

/// Writes down what became of a visit, where that is something new.
async fn note_fault(shared: &Arc<Shared>, workspace: WorkspaceId, fault: String) -> Result<(), String> {
    let (store, now) = (Arc::clone(&shared.store), shared.clock.now());
    blocking(move || {
        let before = store.read(|tx| tx.mailbox_visit(workspace))?;
        let before =
            before.unwrap_or(MailboxVisit { validity: 0, uid: 0, visited_at: now, fault: String::new() });
        let mut changes = Changeset::new();
        changes.set_mailbox_visit(workspace, MailboxVisit { visited_at: now, fault, ..before });
        store.apply(changes)?;
        Ok(())
    })
    .await
}

/// One visit: everything new is read, made durable and marked, some at a time. Errors: in words for the shop.
async fn visit(
    shared: &Arc<Shared>,
    desk: &Desk,
    key: &TokenKey,
    workspace: WorkspaceId,
    config: &MailboxConfig,
) -> Result<(), String> {
    let store = Arc::clone(&shared.store);
    let before = blocking(move || Ok(store.read(|tx| tx.mailbox_visit(workspace))?)).await?;
    let cursor = before.map_or_else(Cursor::default, |visit| Cursor {
        validity: u32::try_from(visit.validity).unwrap_or_default(),
        uid: u32::try_from(visit.uid).unwrap_or_default(),
    });
    let mut open = mailbox::open(config, &desk.mail_egress(), cursor).await?;
    let mut seen = 0;
    while seen < VISIT_MAX && open.waiting() > 0 {
        let mut mails = Vec::new();
        while mails.len() < BATCH
            && let Some(mail) = open.next().await?
        {
            mails.push(mail);
        }
        seen += mails.len();
        let (store, key, cursor, now) =
            (Arc::clone(&shared.store), key.clone(), open.cursor, shared.clock.now());
        let taken = blocking(move || {
            let mut changes = Changeset::new();
            let mut taken = Vec::new();
            for mail in &mails {
                if let Some(arrival) = arrival(&store, &key, &mail.raw, &[], Some(workspace), now)? {
                    changes.append(arrival);
                    taken.push(mail.uid);
                }
            }
            let (validity, uid) = (i64::from(cursor.validity), i64::from(cursor.uid));
            changes.set_mailbox_visit(
                workspace,
                MailboxVisit { validity, uid, visited_at: now, fault: String::new() },
            );
            store.apply(changes)?;
            Ok(taken)
        })
        .await?;
        if !taken.is_empty() {
            shared.engine_bell.ring();
        }
        // Mail that says nothing of ours stays as it was: somebody may want to read it.
        open.done(&taken).await?;
    }
    open.close().await;
    Ok(())
}
