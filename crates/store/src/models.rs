//! What was learned of a shop: fitted models by kind, and what they are fitted to.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// A fitted model. Of a kind at most one serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelRow {
    /// `purchases`, `carts`, `leads`, `hours`, `recommend`.
    pub kind: String,
    /// Counts up from 1 with each fit of the kind.
    pub version: i64,
    pub fitted_at: Timestamp,
    /// `serving`, `refused` (judged worse than the one that serves), `retired`.
    pub state: String,
    /// What is asked; empty once it is retired.
    pub document: String,
    /// How good it is.
    pub report: String,
}

/// A fit without what it is asked by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelMark {
    pub version: i64,
    pub fitted_at: Timestamp,
    pub state: String,
    pub report: String,
}

impl Changeset {
    pub fn insert_model(&mut self, workspace: WorkspaceId, model: ModelRow) {
        self.one(
            q::MODEL_INSERT,
            vals![
                workspace,
                model.kind,
                model.version,
                model.fitted_at,
                model.state,
                model.document,
                model.report
            ],
        );
    }

    /// Takes the model of a kind that serves, if one does, out of service.
    pub fn retire_model(&mut self, workspace: WorkspaceId, kind: &str) {
        self.any(q::MODEL_RETIRE, vals![workspace, kind.to_owned()]);
    }

    /// Forgets fits up to a version, but for the one that serves.
    pub fn prune_models(&mut self, workspace: WorkspaceId, kind: &str, up_to: i64) {
        self.any(q::MODEL_PRUNE, vals![workspace, kind.to_owned(), up_to]);
    }

    /// Forgets every fit of a kind.
    pub fn drop_models(&mut self, workspace: WorkspaceId, kind: &str) {
        self.any(q::MODEL_DROP, vals![workspace, kind.to_owned()]);
    }
}

fn read_model(mut row: Row) -> Result<ModelRow, StoreError> {
    Ok(ModelRow {
        kind: row.take_text(0)?,
        version: row.int(1)?,
        fitted_at: row.at(2)?,
        state: row.take_text(3)?,
        document: row.take_text(4)?,
        report: row.take_text(5)?,
    })
}

impl ReadTx<'_> {
    /// The version and the instant of the newest fit of a kind, whatever became of it.
    pub fn last_model(
        &mut self,
        workspace: WorkspaceId,
        kind: &str,
    ) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let rows = self.query(q::MODEL_LAST, &vals![workspace, kind])?;
        rows.first().map(|row| Ok((row.int(0)?, row.at(1)?))).transpose()
    }

    pub fn model(
        &mut self,
        workspace: WorkspaceId,
        kind: &str,
        version: i64,
    ) -> Result<Option<ModelRow>, StoreError> {
        self.query(q::MODEL_ONE, &vals![workspace, kind, version])?
            .into_iter()
            .next()
            .map(read_model)
            .transpose()
    }

    /// The newest fits of a kind, newest first.
    pub fn model_history(
        &mut self,
        workspace: WorkspaceId,
        kind: &str,
        limit: i64,
    ) -> Result<Vec<ModelMark>, StoreError> {
        let read = |mut row: Row| {
            Ok(ModelMark {
                version: row.int(0)?,
                fitted_at: row.at(1)?,
                state: row.take_text(2)?,
                report: row.take_text(3)?,
            })
        };
        self.query(q::MODEL_HISTORY, &vals![workspace, kind, limit])?.into_iter().map(read).collect()
    }

    /// Which models serve, of all workspaces: workspace, kind, version.
    pub fn serving_models(&mut self) -> Result<Vec<(WorkspaceId, String, i64)>, StoreError> {
        let read = |mut row: Row| Ok((row.workspace(0)?, row.take_text(1)?, row.int(2)?));
        self.query(q::MODELS_SERVING, &vals![])?.into_iter().map(read).collect()
    }

    /// The models of a workspace that serve.
    pub fn serving_models_of(&mut self, workspace: WorkspaceId) -> Result<Vec<ModelRow>, StoreError> {
        self.query(q::MODELS_SERVING_OF, &vals![workspace])?.into_iter().map(read_model).collect()
    }

    /// Each order that counts: whose, when it was placed, and what stays of it in minor units where it is in
    /// `currency`, else 0.
    pub fn scan_purchases(
        &mut self,
        workspace: WorkspaceId,
        currency: &str,
        each: &mut dyn FnMut(ProfileNo, Timestamp, i64),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_PURCHASES, &vals![workspace, true, currency], &mut |row| {
            each(row.profile(0)?, row.at(1)?, row.int(2)?);
            Ok(())
        })
    }
}
