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

-- Which profiles changed, in the order of the changes: whoever keeps a picture of all people in memory reads on from
-- where it stood. One row a changeset and workspace; the newest few thousand are kept.
CREATE TABLE profile_feed (
-- @sqlite   feed_no INTEGER PRIMARY KEY AUTOINCREMENT,
-- @postgres feed_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  -- Their numbers, four bytes each, the lowest byte first.
  numbers BYTEA NOT NULL
);

-- Filters, columns and order that somebody gave a name.
CREATE TABLE saved_view (
  workspace_id BIGINT NOT NULL,
  view_id TEXT NOT NULL,
  -- Which list it is of: customers.
  area TEXT NOT NULL,
  -- Whose it is: account:<id> or key:<id>.
  owner TEXT NOT NULL,
  -- Everybody in the workspace sees it.
  shared BOOLEAN NOT NULL,
  name TEXT NOT NULL,
  doc TEXT NOT NULL,
  -- Its place among the others.
  place BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, view_id)
);

-- Home: what changed, for other processes, see crates/store/src/topics.rs.
CREATE TABLE topic_count (
  workspace_id BIGINT NOT NULL,
  topic TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, topic)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
-- What the overview reads: messages by the time at which a channel took them or did not, and what people did.
CREATE INDEX message_accepted ON message (workspace_id, accepted_at, channel, journey_id, campaign_id)
WHERE accepted_at IS NOT NULL;
CREATE INDEX message_not_sent ON message (workspace_id, decided_at, channel, state, reason)
WHERE state IN ('refused', 'failed', 'unknown', 'cancelled');
CREATE INDEX message_response_opened ON message_response (workspace_id, first_opened_at)
WHERE first_opened_at IS NOT NULL;
CREATE INDEX message_response_clicked ON message_response (workspace_id, first_clicked_at)
WHERE first_clicked_at IS NOT NULL;
CREATE INDEX message_response_left ON message_response (workspace_id, unsubscribed_at)
WHERE unsubscribed_at IS NOT NULL;
CREATE INDEX message_response_machine ON message_response (workspace_id, message_no, machine_opens, machine_clicks)
WHERE machine_opens > 0 OR machine_clicks > 0;

-- Where the shop's own systems are told what happens.
CREATE TABLE webhook (
  workspace_id BIGINT NOT NULL,
  webhook_id TEXT NOT NULL,
  -- JSON: name, URL, topics.
  doc TEXT NOT NULL,
  -- The secrets that sign, sealed.
  sealed BYTEA NOT NULL,
  -- active, paused, disabled
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- Since when nothing was taken there.
  failing_since BIGINT,
  -- When something was taken last.
  delivered_at BIGINT,
  PRIMARY KEY (workspace_id, webhook_id)
);

-- What is to be told there, written with its cause, and afterwards what became of it.
CREATE TABLE webhook_delivery (
-- @sqlite   delivery_no INTEGER PRIMARY KEY AUTOINCREMENT,
-- @postgres delivery_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  webhook_id TEXT NOT NULL,
  topic TEXT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  -- waiting, delivered, failed
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  -- Null: nothing more happens by itself.
  next_at BIGINT,
  updated_at BIGINT NOT NULL,
  -- Of the last answer.
  status BIGINT,
  -- JSON list of attempts.
  log TEXT NOT NULL
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (workspace_id, webhook_id, next_at, delivery_no)
WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_of_webhook ON webhook_delivery (workspace_id, webhook_id, delivery_no);
CREATE INDEX webhook_delivery_by_age ON webhook_delivery (at) WHERE next_at IS NULL;

-- Domains that mail comes from.
CREATE TABLE sending_domain (
  workspace_id BIGINT NOT NULL,
  domain TEXT NOT NULL,
  selector TEXT NOT NULL,
  -- The private key of its signatures, sealed.
  sealed BYTEA NOT NULL,
  -- JSON: the public key, the return path.
  doc TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  checked_at BIGINT,
  -- JSON: what the DNS said of each record.
  found TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (workspace_id, domain)
);

-- When keys were used last, to the minute.
CREATE TABLE api_key_use (
  workspace_id BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, key_id)
);
CREATE INDEX quarantine_of_workspace ON quarantine (workspace_id, seq);

-- The ledger as it is read: the newest decision first. Only what did not go has an index of its own by state and by
-- reason, so that what goes, which is most, costs no more writes than one. `message_no > 0` is true of all: it keeps
-- the index from queries that do not name it, for which SQLite would take it for better than their own.
CREATE INDEX message_by_decision ON message (workspace_id, decided_at, message_no) WHERE message_no > 0;
CREATE INDEX message_by_state ON message (workspace_id, state, decided_at, message_no)
WHERE state IN ('refused', 'failed', 'unknown', 'cancelled', 'held');
CREATE INDEX message_by_reason ON message (workspace_id, reason, decided_at, message_no) WHERE reason <> '';
CREATE INDEX message_of_campaign_by_decision ON message (workspace_id, campaign_id, decided_at, message_no)
WHERE campaign_id IS NOT NULL AND message_no <> 0;

-- Campaigns that are put away, and the days on which runs began, for the calendar.
ALTER TABLE campaign ADD COLUMN archived_at BIGINT;
CREATE INDEX campaign_run_by_start ON campaign_run (workspace_id, started_at, campaign_id);
-- What the first-run wizard cannot see from what the shop has: what was put off, and whether it was closed. JSON.
CREATE TABLE setup (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  doc TEXT NOT NULL
);

-- Content: what somebody is writing in the editor, and pictures for messages.
CREATE TABLE template_draft (
  workspace_id BIGINT NOT NULL,
  template_id TEXT NOT NULL,
  -- The version that it was begun on.
  base_version BIGINT NOT NULL,
  -- JSON: a template that may not be whole yet.
  doc TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, template_id)
);
CREATE TABLE media (
  workspace_id BIGINT NOT NULL,
  media_id TEXT NOT NULL,
  name TEXT NOT NULL,
  file TEXT NOT NULL,
  kind TEXT NOT NULL,
  size BIGINT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  alt TEXT NOT NULL,
  search TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, media_id)
);
-- The bytes, apart so that lists stay light; in the database so that every node and every backup has them.
CREATE TABLE media_content (
  media_id TEXT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  content BYTEA NOT NULL
);
