-- What the web app keeps: second factors, saved views, media, notes on journeys, webhooks.

-- Second factors of staff. A factor without `confirmed_at` was begun and asks for nothing yet.
CREATE TABLE second_factor (
  account_id TEXT NOT NULL PRIMARY KEY,
  -- The secret, sealed.
  sealed BYTEA NOT NULL,
  begun_at BIGINT NOT NULL,
  confirmed_at BIGINT,
  -- The last step of time whose code was used: a code works once.
  last_step BIGINT NOT NULL
);

-- What opens an account when its device is lost; each works once.
CREATE TABLE recovery_code (
  account_id TEXT NOT NULL,
  code_hash BYTEA NOT NULL,
  PRIMARY KEY (account_id, code_hash)
);

-- The language that somebody reads the app in; empty: what the browser says.
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- Segments: how many entered and left, day by day.
CREATE INDEX segment_transition_by_time ON segment_transition (workspace_id, segment_id, at, entered);

-- Journeys on the canvas: where the nodes stand, notes beside them, and the draft that is being written. No run ever
-- reads it.
CREATE TABLE journey_canvas (
  workspace_id BIGINT NOT NULL,
  journey_id TEXT NOT NULL,
  -- JSON: places and notes.
  document TEXT NOT NULL,
  -- A definition that may not be whole yet; null: the latest version is what is worked on.
  draft TEXT,
  revision BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, journey_id)
);
