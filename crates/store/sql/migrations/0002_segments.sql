-- Live segments, see docs/adr/006-live-segments.md.

CREATE TABLE segment (
  workspace_id BIGINT NOT NULL,
  segment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- computing, live, archived
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  -- The version that members are told by; 0 while none was computed. It stays in force while a newer one is computed.
  live_version BIGINT NOT NULL,
  -- The current version's, as it was authored.
  definition TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- When the current version became live.
  computed_at BIGINT,
  PRIMARY KEY (workspace_id, segment_id)
);

CREATE TABLE segment_version (
  workspace_id BIGINT NOT NULL,
  segment_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  -- What the edit changed, once it was computed.
  members BIGINT,
  added BIGINT,
  removed BIGINT,
  PRIMARY KEY (workspace_id, segment_id, version)
);

-- A leaf of the definitions, shared by all that contain it.
CREATE TABLE segment_condition (
  workspace_id BIGINT NOT NULL,
  condition_no BIGINT NOT NULL,
  -- SHA-256 of the leaf's canonical JSON.
  leaf_hash BYTEA NOT NULL,
  leaf TEXT NOT NULL,
  -- pending, live
  state TEXT NOT NULL,
  -- Profiles up to this number are computed.
  scanned_to BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, condition_no)
);
CREATE UNIQUE INDEX segment_condition_by_leaf ON segment_condition (workspace_id, leaf_hash);

-- For whom a leaf holds: a Roaring bitmap of the low 16 bits of profile numbers, one row for 65,536 numbers.
CREATE TABLE condition_members (
  workspace_id BIGINT NOT NULL,
  condition_no BIGINT NOT NULL,
  chunk BIGINT NOT NULL,
  members BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, condition_no, chunk)
);

CREATE TABLE segment_transition (
-- @sqlite   transition_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres transition_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  segment_id TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  at BIGINT NOT NULL,
  entered BOOLEAN NOT NULL
);
CREATE INDEX segment_transition_by_profile ON segment_transition (workspace_id, profile_no, transition_no);
CREATE INDEX segment_transition_by_segment ON segment_transition (workspace_id, segment_id, transition_no);

-- A list that people are put on and taken off by name; who is on it stands in the profile.
CREATE TABLE list (
  workspace_id BIGINT NOT NULL,
  list_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, list_id)
);

-- The number that most conditions on this event add up (domain::event::measure_of), in ten-thousandths.
ALTER TABLE event ADD COLUMN amount BIGINT;
-- @sqlite UPDATE event SET amount = CAST(round(json_extract(body, '$.properties.value') * 10000) AS INTEGER)
-- @sqlite WHERE json_type(body, '$.properties.value') IN ('integer', 'real');
-- @postgres UPDATE event SET amount = round((body::jsonb #>> '{properties,value}')::numeric * 10000)::bigint
-- @postgres WHERE jsonb_typeof(body::jsonb #> '{properties,value}') = 'number';
-- Both cover what most conditions ask, so that a scan reads the index alone.
DROP INDEX event_by_profile;
CREATE INDEX event_by_profile ON event (workspace_id, profile_no, at, name_no);
DROP INDEX event_by_name;
CREATE INDEX event_by_name ON event (workspace_id, name_no, at, profile_no, amount);

DROP INDEX shop_order_by_time;
CREATE INDEX shop_order_by_time ON shop_order (workspace_id, placed_at, profile_no, counts, currency, net);

-- Which orders hold a product.
CREATE TABLE order_line (
  workspace_id BIGINT NOT NULL,
  source TEXT NOT NULL,
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  placed_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, source, order_id, product_id)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
CREATE INDEX order_line_by_product ON order_line (workspace_id, product_id, placed_at, profile_no);
