-- Data in and out, see docs/data.md.

-- Long work: imports, exports, backups. One row each, kept as a record after it has ended.
CREATE TABLE job (
  workspace_id BIGINT NOT NULL,
  job_id TEXT NOT NULL,
  -- import, export, backup
  kind TEXT NOT NULL,
  -- waiting, running, cancelling, undoing; completed, cancelled, failed, undone
  state TEXT NOT NULL,
  -- Who does the work: server, or command (a process of the command line).
  runner TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Tells the same work from other work: a digest of file and map.
  fingerprint TEXT NOT NULL,
  -- What is to be done, and how far it has come: documents.
  plan TEXT NOT NULL,
  progress TEXT NOT NULL,
  created_by TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, job_id)
);
CREATE INDEX job_by_age ON job (workspace_id, created_at, job_id);
CREATE INDEX job_open ON job (created_at, workspace_id, job_id)
WHERE state IN ('waiting', 'running', 'cancelling', 'undoing');

-- What an import touched first, as it was before: from this it can be undone.
CREATE TABLE import_touch (
  workspace_id BIGINT NOT NULL,
  job_id TEXT NOT NULL,
  -- 1 an order, 2 a product, 3 a profile: the order in which they are undone
  kind BIGINT NOT NULL,
  subject TEXT NOT NULL,
  -- The document before; null for what the import made.
  before TEXT,
  -- What the import left: a profile's version, a digest of another document.
  stamp BIGINT NOT NULL,
  -- Somebody else wrote it between two writes of the import.
  shared BOOLEAN NOT NULL,
  PRIMARY KEY (workspace_id, job_id, kind, subject)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
