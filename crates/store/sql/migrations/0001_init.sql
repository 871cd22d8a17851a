-- The first schema. Instants are milliseconds since 1970 (UTC); money is minor units; documents are JSON text.
-- Every table carries the workspace. Numbers (`*_no`) are given out by the engine, the only writer of them.

CREATE TABLE workspace (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  -- Salt of splits and signatures; never shown.
  salt TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- What was acknowledged and is not processed yet. Rows leave in the changeset that holds their effects.
CREATE TABLE inbox (
-- @sqlite   seq INTEGER PRIMARY KEY AUTOINCREMENT,
-- @postgres seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  -- batch, an item kind, or internal
  kind TEXT NOT NULL,
  items BIGINT NOT NULL,
  -- client address, agent, historical flag
  meta TEXT NOT NULL,
  payload BYTEA NOT NULL
);

-- Inbox rows that no try could process: kept whole for whoever mends the fault, so that nothing is lost and
-- nothing behind them waits.
CREATE TABLE quarantine (
  seq BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  items BIGINT NOT NULL,
  meta TEXT NOT NULL,
  payload BYTEA NOT NULL,
  at BIGINT NOT NULL,
  error TEXT NOT NULL
);

-- Named positions, such as how far the engine has come.
CREATE TABLE progress (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE profile (
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, profile_no)
);
CREATE UNIQUE INDEX profile_by_id ON profile (workspace_id, id);

-- The ids of profiles that were found to be another one.
CREATE TABLE profile_alias (
  workspace_id BIGINT NOT NULL,
  id TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
CREATE INDEX profile_alias_by_profile ON profile_alias (workspace_id, profile_no);

CREATE TABLE identifier (
  workspace_id BIGINT NOT NULL,
  identifier TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, identifier)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Narrow on purpose: a search without marks reads all of it.
CREATE TABLE profile_search (
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (workspace_id, profile_no)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

CREATE TABLE event_name (
  workspace_id BIGINT NOT NULL,
  name_no BIGINT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (workspace_id, name_no)
);

CREATE TABLE event (
-- @sqlite   event_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres event_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  name_no BIGINT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  historical BOOLEAN NOT NULL,
  message_id TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX event_by_profile ON event (workspace_id, profile_no, at);
CREATE INDEX event_by_name ON event (workspace_id, name_no, at, profile_no);

-- Which message ids were taken in. `bucket` is 32 days of arrival: the current one and the one before are asked,
-- so a repetition is known for at least 32 days, and the part of the index that is written stays small.
CREATE TABLE event_message (
  bucket BIGINT NOT NULL,
  workspace_id BIGINT NOT NULL,
  message_key BYTEA NOT NULL,
  event_no BIGINT NOT NULL,
  PRIMARY KEY (bucket, workspace_id, message_key)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Acknowledged messages that could not be taken, with the reason.
CREATE TABLE rejection (
-- @sqlite   rejection_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres rejection_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  sample TEXT NOT NULL
);
CREATE INDEX rejection_by_workspace ON rejection (workspace_id, rejection_no);

CREATE TABLE attribute_change (
-- @sqlite   change_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres change_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  old TEXT,
  new TEXT NOT NULL,
  source TEXT NOT NULL
);
CREATE INDEX attribute_change_by_profile ON attribute_change (workspace_id, profile_no, change_no);

-- Only ever added to: the proof of consent.
CREATE TABLE consent_record (
-- @sqlite   record_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres record_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE INDEX consent_record_by_profile ON consent_record (workspace_id, profile_no, at);

-- Joins of profiles, and joins that were refused, with what led to them.
CREATE TABLE merge_log (
-- @sqlite   merge_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres merge_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  other_no BIGINT NOT NULL,
  other_id TEXT NOT NULL,
  joined BOOLEAN NOT NULL,
  reason TEXT NOT NULL,
  link TEXT NOT NULL,
  -- The absorbed profile as it was.
  other_doc TEXT
);
CREATE INDEX merge_log_by_profile ON merge_log (workspace_id, profile_no, merge_no);

CREATE TABLE product (
  workspace_id BIGINT NOT NULL,
  product_id TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, product_id)
);

CREATE TABLE shop_order (
  workspace_id BIGINT NOT NULL,
  source TEXT NOT NULL,
  order_id TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  placed_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  currency TEXT NOT NULL,
  net BIGINT NOT NULL,
  refunded BIGINT NOT NULL,
  counts BOOLEAN NOT NULL,
  cancelled BOOLEAN NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, source, order_id)
);
CREATE INDEX shop_order_by_profile ON shop_order (workspace_id, profile_no, placed_at);
CREATE INDEX shop_order_by_time ON shop_order (workspace_id, placed_at);

CREATE TABLE journey (
  workspace_id BIGINT NOT NULL,
  journey_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- draft, active, paused, archived
  status TEXT NOT NULL,
  -- The version that new runs take; 0: none was published.
  published BIGINT NOT NULL,
  -- The highest version that exists.
  latest BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, journey_id)
);

CREATE TABLE journey_version (
  workspace_id BIGINT NOT NULL,
  journey_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  definition TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, journey_id, version)
);

CREATE TABLE journey_run (
  workspace_id BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  state TEXT NOT NULL,
  node TEXT NOT NULL,
  -- When it acts next by itself; null while its journey is paused or it has ended.
  due_at BIGINT,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  revision BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, run_id)
);
CREATE INDEX journey_run_by_profile ON journey_run (workspace_id, profile_no, journey_id, started_at);
-- Without the run_id, SQLite reads every run of the workspace for those of one profile in order.
CREATE INDEX journey_run_active ON journey_run (workspace_id, profile_no, run_id) WHERE state = 'active';
-- All of the order: a festival wakes a hundred thousand at one instant, and no batch may sort them all.
CREATE INDEX journey_run_due ON journey_run (due_at, run_id, workspace_id) WHERE due_at IS NOT NULL;
-- Which versions are still followed: asked at every change of the configuration, whatever ran and ended before.
CREATE INDEX journey_run_followed ON journey_run (workspace_id, journey_id, version) WHERE state = 'active';
CREATE INDEX journey_run_by_journey ON journey_run (workspace_id, journey_id, run_id);

CREATE TABLE journey_step (
  workspace_id BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  node TEXT NOT NULL,
  code TEXT NOT NULL,
  params TEXT NOT NULL,
  PRIMARY KEY (workspace_id, run_id, seq)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- How often each thing happened at each node, for the numbers on a journey's picture.
CREATE TABLE journey_count (
  workspace_id BIGINT NOT NULL,
  journey_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  node TEXT NOT NULL,
  code TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, journey_id, version, node, code)
);

-- Instants at which something happens by itself to one profile, beside its runs.
CREATE TABLE timer (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  subject TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, profile_no, subject)
);
CREATE INDEX timer_due ON timer (due_at, workspace_id, kind, profile_no, subject);
CREATE INDEX timer_by_profile ON timer (workspace_id, profile_no);

CREATE TABLE template (
  workspace_id BIGINT NOT NULL,
  template_id TEXT NOT NULL,
  name TEXT NOT NULL,
  channel TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, template_id)
);

CREATE TABLE template_version (
  workspace_id BIGINT NOT NULL,
  template_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  source TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, template_id, version)
);

-- The ledger: one row for each message that was decided on, whatever became of it.
CREATE TABLE message (
-- @sqlite   message_no INTEGER NOT NULL PRIMARY KEY,
-- @postgres message_no BIGINT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  id TEXT NOT NULL,
  -- Names the decision: the same key is never sent twice.
  message_key TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  -- journey, test, api
  origin TEXT NOT NULL,
  journey_id TEXT,
  run_id TEXT,
  node TEXT,
  template_id TEXT,
  template_version BIGINT,
  channel TEXT NOT NULL,
  purpose TEXT NOT NULL,
  address TEXT,
  -- queued, sending, accepted, refused, failed, unknown, cancelled
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  attempted_at BIGINT,
  accepted_at BIGINT,
  provider_id TEXT,
  -- What the template sees beside the profile: the event, or a webhook's request.
  context TEXT NOT NULL
);
CREATE UNIQUE INDEX message_by_key ON message (workspace_id, message_key);
CREATE UNIQUE INDEX message_by_id ON message (workspace_id, id);
CREATE INDEX message_by_profile ON message (workspace_id, profile_no, message_no);
CREATE INDEX message_by_workspace ON message (workspace_id, message_no);
CREATE INDEX message_due ON message (channel, due_at, message_no) WHERE state = 'queued';
CREATE INDEX message_sending ON message (message_no) WHERE state = 'sending';
-- For the frequency cap, which every send asks.
CREATE INDEX message_advertised ON message (workspace_id, profile_no, attempted_at, message_no)
WHERE purpose = 'marketing' AND attempted_at IS NOT NULL;
CREATE INDEX message_by_run ON message (workspace_id, run_id) WHERE run_id IS NOT NULL;

-- Every turn in the life of a message: decisions, attempts, receipts, opens and clicks.
CREATE TABLE message_log (
  workspace_id BIGINT NOT NULL,
  message_no BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (workspace_id, message_no, seq)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- What was sent, word for word, for as long as the shop keeps it.
CREATE TABLE message_body (
  workspace_id BIGINT NOT NULL,
  message_no BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  subject TEXT NOT NULL,
  -- LZ4 frames of UTF-8.
  html BYTEA,
  text BYTEA,
  links TEXT NOT NULL,
  PRIMARY KEY (workspace_id, message_no)
);
-- Only what there is to forget.
CREATE INDEX message_body_by_age ON message_body (workspace_id, created_at)
WHERE html IS NOT NULL OR text IS NOT NULL;

-- What people did with a message, and beside it what machines did.
CREATE TABLE message_response (
  workspace_id BIGINT NOT NULL,
  message_no BIGINT NOT NULL,
  opens BIGINT NOT NULL,
  clicks BIGINT NOT NULL,
  machine_opens BIGINT NOT NULL,
  machine_clicks BIGINT NOT NULL,
  first_opened_at BIGINT,
  first_clicked_at BIGINT,
  unsubscribed_at BIGINT,
  PRIMARY KEY (workspace_id, message_no)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

CREATE TABLE suppression (
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel, address)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- How each channel is reached; sealed with the key of the data folder.
CREATE TABLE channel (
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  enabled BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel)
);

CREATE TABLE api_key (
  key_id TEXT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  hash BYTEA NOT NULL UNIQUE,
  -- The first characters, to tell keys apart.
  hint TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX api_key_by_workspace ON api_key (workspace_id);

CREATE TABLE account (
  account_id TEXT NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_by_email ON account (email);

CREATE TABLE login (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX login_by_age ON login (expires_at);

-- Answers to writes that named an idempotency key, kept for a day.
CREATE TABLE idempotency (
  workspace_id BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint BYTEA NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);
