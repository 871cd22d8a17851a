-- What is learned of a shop, its scores of leads and its recommendations.

-- Fitted models. Of a kind (`purchases`, `carts`, `leads`, `hours`) at most one serves; the others were judged worse
-- or served before.
CREATE TABLE model (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  fitted_at BIGINT NOT NULL,
  -- serving, refused, retired
  state TEXT NOT NULL,
  -- What is asked, as JSON of the crate `models`.
  document TEXT NOT NULL,
  -- How good it is, on what data, beside which naive rules.
  report TEXT NOT NULL,
  PRIMARY KEY (workspace_id, kind, version)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
CREATE INDEX model_serving ON model (workspace_id, kind, version) WHERE state = 'serving';
