//! An installation: its folder, its database, its secret, and what every new one begins with.

use crate::clock::SystemClock;
use crate::config::Data;
use crate::secrets::{Secret, fill_random};
use anyhow::{Context, Result};
use kit::{Clock, Id, Rng, WorkspaceId};
use std::path::PathBuf;
use std::sync::Arc;
use store::access::{KeyRow, Workspace};
use store::accounts::AccountRow;
use store::{CATALOG, Changeset, PostgresOptions, SqliteOptions, Store};

pub const DEFAULT_WORKSPACE: WorkspaceId = WorkspaceId(1);
/// The PostgreSQL that the folder belongs to, if it does.
pub const DATABASE_URL_FILE: &str = "database.url";
pub const DATABASE_FILE: &str = "quaylai.sqlite3";
/// The owner's first password is written here, readable by the owner of the folder only.
pub const FIRST_PASSWORD: &str = "first-password.txt";

pub struct Installation {
    pub folder: PathBuf,
    pub store: Arc<Store>,
    pub secret: Secret,
}

/// The owner that a new installation got.
pub struct FirstOwner {
    pub email: String,
    pub password: String,
}

/// Chance for ids and passwords, seeded by the operating system.
pub fn seeded_rng() -> Rng {
    Rng::seeded(random_u64())
}

pub fn random_u64() -> u64 {
    let mut seed = [0u8; 8];
    fill_random(&mut seed);
    u64::from_le_bytes(seed)
}

/// A password that can be read aloud: 20 letters and digits without look-alikes, about 98 bits.
fn new_password() -> String {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 40];
    fill_random(&mut bytes);
    // 248 is the largest multiple of 31 below 256: what is above would make some letters likelier.
    let letters =
        bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(*byte) % 31]));
    letters.take(20).collect()
}

/// The database of the folder: the one named now, else the one that the folder was last used with, so that
/// `quaylai key create --data DIR` finds the database of a server that was started with --database.
fn remembered_database(data: &Data) -> Result<Option<String>> {
    let path = data.folder.join(DATABASE_URL_FILE);
    let remembered = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.trim().to_owned()).filter(|url| !url.is_empty()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    match &data.database {
        Some(url) if remembered.as_ref() != Some(url) => {
            // It may hold a password.
            crate::secrets::write_private(&path, url.as_bytes())
                .with_context(|| format!("writing {}", path.display()))?;
            Ok(Some(url.clone()))
        }
        Some(url) => Ok(Some(url.clone())),
        None => Ok(remembered),
    }
}

/// Makes the folder with the parents that it needs; a new one is its owner's alone.
fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

impl Installation {
    /// Opens the data, making folder, database, secret and first workspace where they are missing.
    pub fn open(data: &Data) -> Result<(Installation, Option<FirstOwner>)> {
        make_folder(&data.folder)
            .with_context(|| format!("making the data folder {}", data.folder.display()))?;
        let now = SystemClock.now();
        let store = match &remembered_database(data)? {
            Some(url) => Store::open_postgres(&PostgresOptions::new(url.clone()), &CATALOG, now)
                .context("opening PostgreSQL")?,
            None => {
                let path = data.folder.join(DATABASE_FILE);
                Store::open_sqlite(&SqliteOptions::new(&path), &CATALOG, now)
                    .with_context(|| format!("opening {}", path.display()))?
            }
        };
        let secret = Secret::open(&data.folder)?;
        let installation = Installation { folder: data.folder.clone(), store: Arc::new(store), secret };
        let owner = installation.begin()?;
        Ok((installation, owner))
    }

    /// Gives an empty installation the workspace `default` and an owner.
    fn begin(&self) -> Result<Option<FirstOwner>> {
        if !self.store.read(|tx| tx.workspaces())?.is_empty() {
            return Ok(None);
        }
        let now = SystemClock.now();
        let mut rng = seeded_rng();
        let owner = FirstOwner { email: "owner@localhost".into(), password: new_password() };
        let mut changes = Changeset::new();
        changes.insert_workspace(
            &Workspace {
                workspace: DEFAULT_WORKSPACE,
                slug: "default".into(),
                name: "default".into(),
                settings: Default::default(),
                salt: Id::new(now, &mut rng).to_string(),
                version: 1,
            },
            now,
        );
        changes.insert_account(
            AccountRow {
                account_id: Id::new(now, &mut rng).to_string(),
                workspace: DEFAULT_WORKSPACE,
                email: owner.email.clone(),
                name: "Owner".into(),
                role: "owner".into(),
                password_hash: api::hash_password(&owner.password, fill_random)
                    .map_err(anyhow::Error::msg)?,
            },
            now,
        );
        match engine::configure(&self.store, changes) {
            Ok(()) => {}
            // Another process that started at the same moment was first.
            Err(store::StoreError::Duplicate { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let path = self.folder.join(FIRST_PASSWORD);
        crate::secrets::write_private(&path, format!("{}\n{}\n", owner.email, owner.password).as_bytes())
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Some(owner))
    }

    /// Makes a key for the default workspace and returns it; only its hash is kept.
    pub fn new_key(&self, kind: api::KeyKind, name: &str, scopes: &str) -> Result<(String, api::NewKey)> {
        let now = SystemClock.now();
        let key = api::new_key(kind, fill_random);
        let key_id = Id::new(now, &mut seeded_rng()).to_string();
        let mut changes = Changeset::new();
        changes.insert_key(
            KeyRow {
                key_id: key_id.clone(),
                workspace: DEFAULT_WORKSPACE,
                kind: match kind {
                    api::KeyKind::Write => "write".into(),
                    api::KeyKind::Secret => "secret".into(),
                },
                name: name.to_owned(),
                scopes: scopes.to_owned(),
                hint: key.hint.clone(),
                created_at: now,
                revoked_at: None,
            },
            key.hash.clone(),
        );
        engine::configure(&self.store, changes)?;
        Ok((key_id, key))
    }
}
