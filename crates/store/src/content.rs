//! What makes messages: drafts and versions of templates, and the library of pictures.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

/// A version of a template: its number, its document, when it was written.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateVersionRow {
    pub version: i64,
    pub source: String,
    pub created_at: Timestamp,
}

/// What somebody is writing; no message is made of it.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateDraftRow {
    /// The version that it was begun on; 0: the template is not there yet.
    pub base_version: i64,
    pub doc: String,
    pub updated_at: Timestamp,
    pub updated_by: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct MediaRow {
    /// Nobody can guess it: whoever has the address may see the picture.
    pub media_id: String,
    pub name: String,
    /// The last part of its address.
    pub file: String,
    /// `image/png`, told by its bytes.
    pub kind: String,
    pub size: i64,
    pub width: i64,
    pub height: i64,
    pub alt: String,
    /// Name and words about it, without marks.
    pub search: String,
    pub created_at: Timestamp,
    pub created_by: String,
}

fn read_media(mut row: Row) -> Result<MediaRow, StoreError> {
    Ok(MediaRow {
        media_id: row.take_text(0)?,
        name: row.take_text(1)?,
        file: row.take_text(2)?,
        kind: row.take_text(3)?,
        size: row.int(4)?,
        width: row.int(5)?,
        height: row.int(6)?,
        alt: row.take_text(7)?,
        search: row.take_text(8)?,
        created_at: row.at(9)?,
        created_by: row.take_text(10)?,
    })
}

impl Changeset {
    /// With its versions and its draft; messages that were sent keep their words.
    pub fn delete_template(&mut self, workspace: WorkspaceId, template_id: &str) {
        self.one(q::TEMPLATE_DELETE, vals![workspace, template_id.to_owned()]);
        self.any(q::TEMPLATE_DELETE_VERSIONS, vals![workspace, template_id.to_owned()]);
        self.any(q::TEMPLATE_DRAFT_DELETE, vals![workspace, template_id.to_owned()]);
    }

    pub fn set_template_draft(&mut self, workspace: WorkspaceId, template_id: &str, draft: TemplateDraftRow) {
        let TemplateDraftRow { base_version, doc, updated_at, updated_by } = draft;
        self.one(
            q::TEMPLATE_DRAFT_SET,
            vals![workspace, template_id.to_owned(), base_version, doc, updated_at, updated_by],
        );
    }

    pub fn delete_template_draft(&mut self, workspace: WorkspaceId, template_id: &str) {
        self.any(q::TEMPLATE_DRAFT_DELETE, vals![workspace, template_id.to_owned()]);
    }

    pub fn insert_media(&mut self, workspace: WorkspaceId, row: MediaRow, content: Vec<u8>) {
        let (media_id, kind) = (row.media_id.clone(), row.kind.clone());
        self.one(
            q::MEDIA_INSERT,
            vals![
                workspace,
                row.media_id,
                row.name,
                row.file,
                row.kind,
                row.size,
                row.width,
                row.height,
                row.alt,
                row.search,
                row.created_at,
                row.created_by
            ],
        );
        self.one(q::MEDIA_CONTENT_INSERT, vals![media_id, workspace, kind, content]);
    }

    pub fn update_media(
        &mut self,
        workspace: WorkspaceId,
        media_id: &str,
        name: &str,
        alt: &str,
        search: &str,
    ) {
        self.one(
            q::MEDIA_UPDATE,
            vals![workspace, media_id.to_owned(), name.to_owned(), alt.to_owned(), search.to_owned()],
        );
    }

    pub fn delete_media(&mut self, workspace: WorkspaceId, media_id: &str) {
        self.one(q::MEDIA_DELETE, vals![workspace, media_id.to_owned()]);
        self.any(q::MEDIA_CONTENT_DELETE, vals![workspace, media_id.to_owned()]);
    }
}

impl ReadTx<'_> {
    /// Newest first, below a number.
    pub fn template_versions(
        &mut self,
        workspace: WorkspaceId,
        template_id: &str,
        below: i64,
        limit: i64,
    ) -> Result<Vec<TemplateVersionRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(TemplateVersionRow { version: row.int(0)?, source: row.take_text(1)?, created_at: row.at(2)? })
        };
        let rows = self.query(q::TEMPLATE_VERSION_PAGE, &vals![workspace, template_id, below, limit])?;
        rows.into_iter().map(read).collect()
    }

    pub fn template_draft(
        &mut self,
        workspace: WorkspaceId,
        template_id: &str,
    ) -> Result<Option<TemplateDraftRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(TemplateDraftRow {
                base_version: row.int(0)?,
                doc: row.take_text(1)?,
                updated_at: row.at(2)?,
                updated_by: row.take_text(3)?,
            })
        };
        self.query_opt(q::TEMPLATE_DRAFT_FIND, &vals![workspace, template_id])?.map(read).transpose()
    }

    /// The templates that somebody works on, with what stands in the drafts.
    pub fn template_drafts(&mut self, workspace: WorkspaceId) -> Result<Vec<(String, String)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?));
        self.query(q::TEMPLATE_DRAFT_LIST, &vals![workspace])?.into_iter().map(read).collect()
    }

    pub fn media(&mut self, workspace: WorkspaceId, media_id: &str) -> Result<Option<MediaRow>, StoreError> {
        self.query_opt(q::MEDIA_FIND, &vals![workspace, media_id])?.map(read_media).transpose()
    }

    /// Newest first, from below an id; an empty search lets everything through.
    pub fn media_page(
        &mut self,
        workspace: WorkspaceId,
        below: &str,
        search: &str,
        limit: i64,
    ) -> Result<Vec<MediaRow>, StoreError> {
        let rows = self.query(q::MEDIA_PAGE, &vals![workspace, below, search, limit])?;
        rows.into_iter().map(read_media).collect()
    }

    /// How many pictures, and their bytes together.
    pub fn media_total(&mut self, workspace: WorkspaceId) -> Result<(i64, i64), StoreError> {
        let row = self.query_opt(q::MEDIA_TOTAL, &vals![workspace])?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// The kind and the bytes, for whoever has the address.
    pub fn media_content(&mut self, media_id: &str) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_bytes(1)?));
        self.query_opt(q::MEDIA_CONTENT_FIND, &vals![media_id])?.map(read).transpose()
    }
}
