//! What providers grant: tokens that change by being used, authorisations on their way, and templates that they have
//! approved.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

/// The tokens of a channel.
#[derive(Clone, PartialEq, Debug)]
pub struct ChannelTokenRow {
    pub sealed: Vec<u8>,
    /// Counts the writings, from 1.
    pub version: i64,
}

/// An authorisation that somebody has begun and not brought back yet.
#[derive(Clone, PartialEq, Debug)]
pub struct AuthorisationRow {
    /// SHA-256 of what the provider hands back.
    pub state_hash: Vec<u8>,
    pub workspace: WorkspaceId,
    pub channel: String,
    /// The session that began it; `None`: a key.
    pub login_id: Option<String>,
    /// The proof that whoever began it ends it.
    pub sealed: Vec<u8>,
    pub expires_at: Timestamp,
}

/// A template at the provider, as it was when it was asked for last.
#[derive(Clone, PartialEq, Debug)]
pub struct ProviderTemplateRow {
    pub template_id: String,
    pub name: String,
    /// In the provider's words.
    pub status: String,
    /// JSON: everything else.
    pub doc: String,
    pub synced_at: Timestamp,
}

fn read_template(mut row: Row) -> Result<ProviderTemplateRow, StoreError> {
    Ok(ProviderTemplateRow {
        template_id: row.take_text(0)?,
        name: row.take_text(1)?,
        status: row.take_text(2)?,
        doc: row.take_text(3)?,
        synced_at: row.at(4)?,
    })
}

impl Changeset {
    /// Writes the tokens of a channel when nobody has since `version`, which is 0 before the first time. Where somebody
    /// has: [`StoreError::Conflict`] or, of two first ones, [`StoreError::Duplicate`].
    pub fn swap_channel_token(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        version: i64,
        sealed: Vec<u8>,
    ) {
        match version {
            0 => self.one(q::CHANNEL_TOKEN_INSERT, vals![workspace, channel.to_owned(), sealed]),
            _ => self.one(q::CHANNEL_TOKEN_UPDATE, vals![workspace, channel.to_owned(), version, sealed]),
        }
    }

    pub fn insert_authorisation(&mut self, row: AuthorisationRow) {
        let AuthorisationRow { state_hash, workspace, channel, login_id, sealed, expires_at } = row;
        self.one(
            q::CHANNEL_AUTHORISATION_INSERT,
            vals![state_hash, workspace, channel, login_id, sealed, expires_at],
        );
    }

    /// Of two who bring it back one gets through.
    pub fn take_authorisation(&mut self, state_hash: Vec<u8>) {
        self.one(q::CHANNEL_AUTHORISATION_DELETE, vals![state_hash]);
    }

    pub fn expire_authorisations(&mut self, now: Timestamp) {
        self.any(q::CHANNEL_AUTHORISATION_EXPIRE, vals![now]);
    }

    /// The provider's templates are these and no others.
    pub fn set_provider_templates(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        rows: Vec<ProviderTemplateRow>,
    ) {
        self.any(q::PROVIDER_TEMPLATE_CLEAR, vals![workspace, channel.to_owned()]);
        for row in rows {
            let ProviderTemplateRow { template_id, name, status, doc, synced_at } = row;
            let params = vals![workspace, channel.to_owned(), template_id, name, status, doc, synced_at];
            self.one(q::PROVIDER_TEMPLATE_INSERT, params);
        }
    }

    /// A template of the provider's has another status; nothing where it is not known.
    pub fn turn_provider_template(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        template_id: &str,
        status: &str,
    ) {
        let params = vals![workspace, channel.to_owned(), template_id.to_owned(), status.to_owned()];
        self.any(q::PROVIDER_TEMPLATE_TURN, params);
    }
}

impl ReadTx<'_> {
    pub fn channel_token(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
    ) -> Result<Option<ChannelTokenRow>, StoreError> {
        let row = self.query_opt(q::CHANNEL_TOKEN_FIND, &vals![workspace, channel])?;
        row.map(|mut row| Ok(ChannelTokenRow { sealed: row.take_bytes(0)?, version: row.int(1)? }))
            .transpose()
    }

    pub fn authorisation(&mut self, state_hash: &[u8]) -> Result<Option<AuthorisationRow>, StoreError> {
        let row = self.query_opt(q::CHANNEL_AUTHORISATION_FIND, &vals![state_hash])?;
        row.map(|mut row| {
            Ok(AuthorisationRow {
                state_hash: state_hash.to_owned(),
                workspace: row.workspace(0)?,
                channel: row.take_text(1)?,
                login_id: row.opt_text(2)?.map(str::to_owned),
                sealed: row.take_bytes(3)?,
                expires_at: row.at(4)?,
            })
        })
        .transpose()
    }

    /// In the order of their ids.
    pub fn provider_templates(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
    ) -> Result<Vec<ProviderTemplateRow>, StoreError> {
        let rows = self.query(q::PROVIDER_TEMPLATE_LIST, &vals![workspace, channel])?;
        rows.into_iter().map(read_template).collect()
    }
}
