//! All people at a glance: what changed since one looked, who is found by a text, and the views that staff keep.

use crate::changeset::unreadable;
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;

/// A view that somebody keeps of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewRow {
    pub view_id: String,
    /// Which list it is of.
    pub area: String,
    /// `account:<id>` or `key:<id>`.
    pub owner: String,
    pub shared: bool,
    pub name: String,
    /// JSON.
    pub doc: String,
    pub place: i64,
    /// As it was read; an update names it.
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Changeset {
    /// Closes the changeset: tells of the profiles that it changed.
    pub(crate) fn told(mut self) -> Changeset {
        let mut of: BTreeMap<WorkspaceId, Vec<u8>> = BTreeMap::new();
        self.touched.sort_unstable();
        self.touched.dedup();
        for (workspace, no) in std::mem::take(&mut self.touched) {
            let no = u32::try_from(no.0).unwrap_or(u32::MAX);
            of.entry(workspace).or_default().extend(no.to_le_bytes());
        }
        let any = !of.is_empty();
        for (workspace, numbers) in of {
            self.any(q::FEED_INSERT, vals![workspace, numbers]);
        }
        if any {
            self.any(q::FEED_TRIM, vals![]);
        }
        self
    }

    pub fn insert_view(&mut self, workspace: WorkspaceId, view: ViewRow) {
        self.one(
            q::VIEW_INSERT,
            vals![
                workspace,
                view.view_id,
                view.area,
                view.owner,
                view.shared,
                view.name,
                view.doc,
                view.place,
                view.created_at
            ],
        );
    }

    /// Writes name, document, place and who sees it over the revision that was read.
    pub fn update_view(&mut self, workspace: WorkspaceId, view: ViewRow) {
        self.one(
            q::VIEW_UPDATE,
            vals![
                workspace,
                view.view_id,
                view.revision,
                view.shared,
                view.name,
                view.doc,
                view.place,
                view.updated_at
            ],
        );
    }

    pub fn delete_view(&mut self, workspace: WorkspaceId, view_id: &str) {
        self.one(q::VIEW_DELETE, vals![workspace, view_id.to_owned()]);
    }
}

fn read_view(mut row: Row) -> Result<ViewRow, StoreError> {
    Ok(ViewRow {
        view_id: row.take_text(0)?,
        area: row.take_text(1)?,
        owner: row.take_text(2)?,
        shared: row.bool(3)?,
        name: row.take_text(4)?,
        doc: row.take_text(5)?,
        place: row.int(6)?,
        revision: row.int(7)?,
        created_at: row.at(8)?,
        updated_at: row.at(9)?,
    })
}

impl ReadTx<'_> {
    /// The first and the last entry that the feed of changes still has; 0 where it has none.
    pub fn feed_ends(&mut self) -> Result<(i64, i64), StoreError> {
        self.query_opt(q::FEED_ENDS, &vals![])?.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// Which profiles changed behind an entry of the feed, and the entries' numbers.
    pub fn feed_after(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Vec<ProfileNo>)>, StoreError> {
        let read = |mut row: Row| {
            let bytes = row.take_bytes(1)?;
            let numbers = bytes.chunks(4).map(|four| {
                let four = <[u8; 4]>::try_from(four).map_err(|error| unreadable("the feed", error))?;
                Ok(ProfileNo(i64::from(u32::from_le_bytes(four))))
            });
            Ok((row.int(0)?, numbers.collect::<Result<_, StoreError>>()?))
        };
        self.query(q::FEED_AFTER, &vals![workspace, after, limit])?.into_iter().map(read).collect()
    }

    /// Whose events have a number behind one up to another, and when they happened; a profile comes once or often.
    pub fn seen_after(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (i64, i64),
        each: &mut dyn FnMut(ProfileNo, Timestamp),
    ) -> Result<(), StoreError> {
        self.for_each(q::SEEN_AFTER, &vals![workspace, after, to], &mut |row| {
            each(row.profile(0)?, row.at(1)?);
            Ok(())
        })
    }

    /// The profiles behind one number up to another whose search text contains `key` (without marks and in lower
    /// case), ascending.
    pub fn search_between(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        key: &str,
        each: &mut dyn FnMut(ProfileNo),
    ) -> Result<(), StoreError> {
        self.for_each(q::SEARCH_BETWEEN, &vals![workspace, after, to, key], &mut |row| {
            each(row.profile(0)?);
            Ok(())
        })
    }

    pub fn view(&mut self, workspace: WorkspaceId, view_id: &str) -> Result<Option<ViewRow>, StoreError> {
        self.query_opt(q::VIEW_FIND, &vals![workspace, view_id])?.map(read_view).transpose()
    }

    /// All views of a workspace, by their place.
    pub fn views(&mut self, workspace: WorkspaceId) -> Result<Vec<ViewRow>, StoreError> {
        self.query(q::VIEW_LIST, &vals![workspace])?.into_iter().map(read_view).collect()
    }
}
