//! Segments as they are authored, their versions, and the lists that people are put on by name.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentRow {
    pub segment_id: String,
    pub name: String,
    pub description: String,
    /// `computing`, `live` or `archived`.
    pub state: String,
    pub version: i64,
    /// The version that members are told by; 0 while none was computed.
    pub live_version: i64,
    /// Of the current version, as it was authored.
    pub definition: String,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the version in force became live.
    pub computed_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentVersionRow {
    pub version: i64,
    pub name: String,
    pub definition: String,
    pub created_at: Timestamp,
    pub created_by: String,
    /// What it changed: members after it, added and removed; `None` while it is not computed.
    pub change: Option<(i64, i64, i64)>,
}

/// A list that people are put on and taken off by name. Who is on it stands in the profiles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListRow {
    pub list_id: String,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Changeset {
    /// `revision` and `updated_at` of the row are not read: a new one has revision 1 and was updated when created.
    pub fn insert_segment(&mut self, workspace: WorkspaceId, row: SegmentRow) {
        self.one(
            q::SEGMENT_INSERT,
            vals![
                workspace,
                row.segment_id,
                row.name,
                row.description,
                row.state,
                row.version,
                row.live_version,
                row.definition,
                row.created_at,
                row.computed_at
            ],
        );
    }

    /// Stores a changed segment over the revision in `row`.
    pub fn update_segment(&mut self, workspace: WorkspaceId, row: SegmentRow) {
        self.one(
            q::SEGMENT_UPDATE,
            vals![
                workspace,
                row.segment_id,
                row.revision,
                row.name,
                row.description,
                row.state,
                row.version,
                row.live_version,
                row.definition,
                row.computed_at,
                row.updated_at
            ],
        );
    }

    /// `change` of the row is not read: it is told once the version is computed.
    pub fn insert_segment_version(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        row: SegmentVersionRow,
    ) {
        self.one(
            q::SEGMENT_VERSION_INSERT,
            vals![
                workspace,
                segment_id.to_owned(),
                row.version,
                row.name,
                row.definition,
                row.created_at,
                row.created_by
            ],
        );
    }

    pub fn insert_list(&mut self, workspace: WorkspaceId, row: ListRow) {
        self.one(q::LIST_INSERT, vals![workspace, row.list_id, row.name, row.description, row.created_at]);
    }

    pub fn update_list(&mut self, workspace: WorkspaceId, row: ListRow) {
        self.one(q::LIST_UPDATE, vals![workspace, row.list_id, row.name, row.description, row.updated_at]);
    }

    pub fn delete_list(&mut self, workspace: WorkspaceId, list_id: &str) {
        self.one(q::LIST_DELETE, vals![workspace, list_id.to_owned()]);
    }
}

fn read_segment(mut row: Row) -> Result<SegmentRow, StoreError> {
    Ok(SegmentRow {
        segment_id: row.take_text(0)?,
        name: row.take_text(1)?,
        description: row.take_text(2)?,
        state: row.take_text(3)?,
        version: row.int(4)?,
        live_version: row.int(5)?,
        definition: row.take_text(6)?,
        revision: row.int(7)?,
        created_at: row.at(8)?,
        updated_at: row.at(9)?,
        computed_at: row.opt_at(10)?,
    })
}

fn read_version(mut row: Row) -> Result<SegmentVersionRow, StoreError> {
    let change = match (row.opt_int(5)?, row.opt_int(6)?, row.opt_int(7)?) {
        (Some(members), Some(added), Some(removed)) => Some((members, added, removed)),
        _ => None,
    };
    Ok(SegmentVersionRow {
        version: row.int(0)?,
        name: row.take_text(1)?,
        definition: row.take_text(2)?,
        created_at: row.at(3)?,
        created_by: row.take_text(4)?,
        change,
    })
}

fn read_list(mut row: Row) -> Result<ListRow, StoreError> {
    Ok(ListRow {
        list_id: row.take_text(0)?,
        name: row.take_text(1)?,
        description: row.take_text(2)?,
        created_at: row.at(3)?,
        updated_at: row.at(4)?,
    })
}

impl ReadTx<'_> {
    pub fn segment(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
    ) -> Result<Option<SegmentRow>, StoreError> {
        self.query_opt(q::SEGMENT_FIND, &vals![workspace, segment_id])?.map(read_segment).transpose()
    }

    /// All of a workspace, the archived ones too, by id.
    pub fn segments(&mut self, workspace: WorkspaceId) -> Result<Vec<SegmentRow>, StoreError> {
        self.query(q::SEGMENT_ALL, &vals![workspace])?.into_iter().map(read_segment).collect()
    }

    /// Newest first, from below `before`.
    pub fn segment_versions(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<SegmentVersionRow>, StoreError> {
        let rows = self.query(q::SEGMENT_VERSION_PAGE, &vals![workspace, segment_id, before, limit])?;
        rows.into_iter().map(read_version).collect()
    }

    /// When each profile entered a segment last, as far as that was a transition.
    pub fn entered_at(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        profiles: &[ProfileNo],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let params: Vec<_> = profiles.iter().map(|no| vals![workspace, *no, segment_id, true]).collect();
        let found = self.query_many(q::SEGMENT_ENTERED, &params)?;
        found.iter().map(|rows| rows.first().map(|row| row.at(0)).transpose()).collect()
    }

    pub fn lists(&mut self, workspace: WorkspaceId) -> Result<Vec<ListRow>, StoreError> {
        self.query(q::LIST_ALL, &vals![workspace])?.into_iter().map(read_list).collect()
    }

    pub fn list(&mut self, workspace: WorkspaceId, list_id: &str) -> Result<Option<ListRow>, StoreError> {
        self.query_opt(q::LIST_FIND, &vals![workspace, list_id])?.map(read_list).transpose()
    }
}
