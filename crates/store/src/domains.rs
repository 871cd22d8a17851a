//! The domains that a shop's mail comes from, with the keys that sign it.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Debug)]
pub struct SendingDomainRow {
    pub workspace: WorkspaceId,
    /// In lower case, as it stands in addresses.
    pub domain: String,
    /// The public key stands at `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// The private key.
    pub sealed: Vec<u8>,
    /// JSON: the public key, the return path's domain.
    pub doc: String,
    pub created_at: Timestamp,
    /// When the DNS was looked at last.
    pub checked_at: Option<Timestamp>,
    /// JSON list of what was found then, record by record.
    pub found: String,
}

fn read_domain(mut row: Row) -> Result<SendingDomainRow, StoreError> {
    Ok(SendingDomainRow {
        workspace: row.workspace(0)?,
        domain: row.take_text(1)?,
        selector: row.take_text(2)?,
        sealed: row.take_bytes(3)?,
        doc: row.take_text(4)?,
        created_at: row.at(5)?,
        checked_at: row.opt_at(6)?,
        found: row.take_text(7)?,
    })
}

impl Changeset {
    pub fn insert_domain(&mut self, row: SendingDomainRow) {
        let SendingDomainRow { workspace, domain, selector, sealed, doc, created_at, .. } = row;
        self.one(q::DOMAIN_INSERT, vals![workspace, domain, selector, sealed, doc, created_at]);
    }

    /// Another selector, key or return path; what was found before counts no more.
    pub fn update_domain(&mut self, row: SendingDomainRow) {
        let SendingDomainRow { workspace, domain, selector, sealed, doc, .. } = row;
        self.one(q::DOMAIN_UPDATE, vals![workspace, domain, selector, sealed, doc]);
    }

    pub fn delete_domain(&mut self, workspace: WorkspaceId, domain: &str) {
        self.one(q::DOMAIN_DELETE, vals![workspace, domain.to_owned()]);
    }

    pub fn domain_checked(&mut self, workspace: WorkspaceId, domain: &str, at: Timestamp, found: String) {
        self.any(q::DOMAIN_CHECKED, vals![workspace, domain.to_owned(), at, found]);
    }
}

impl ReadTx<'_> {
    /// Of all workspaces.
    pub fn domains(&mut self) -> Result<Vec<SendingDomainRow>, StoreError> {
        self.query(q::DOMAIN_LIST, &vals![])?.into_iter().map(read_domain).collect()
    }

    pub fn domain(
        &mut self,
        workspace: WorkspaceId,
        domain: &str,
    ) -> Result<Option<SendingDomainRow>, StoreError> {
        self.query_opt(q::DOMAIN_FIND, &vals![workspace, domain])?.map(read_domain).transpose()
    }
}
