-- What channels, the law and deliverability keep: receipts, prices, budgets, tokens of providers, devices.

-- Messages: what the provider told after it accepted, what it cost, and when the next way is tried.
ALTER TABLE message ADD COLUMN delivered_at BIGINT;
ALTER TABLE message ADD COLUMN seen_at BIGINT;
-- Minor units of the shop's currency; NULL: not known.
ALTER TABLE message ADD COLUMN price BIGINT;
-- At this instant the message counts as not delivered and its next way is tried.
ALTER TABLE message ADD COLUMN fall_back_at BIGINT;
CREATE INDEX message_by_provider_id ON message (workspace_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_fall_back ON message (fall_back_at, message_no) WHERE fall_back_at IS NOT NULL;

-- What was spent on messages, by the day of the shop: of the shop, a campaign or a journey (`scope` is empty,
-- `campaign:<id>` or `journey:<id>`).
CREATE TABLE spending (
  workspace_id BIGINT NOT NULL,
  scope TEXT NOT NULL,
  -- yyyymmdd on the shop's calendar.
  day BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  messages BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, scope, day)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Caps: what advertises to a person and to an address, whatever of the purposes that need consent, and what waits.
DROP INDEX message_advertised;
CREATE INDEX message_advertised ON message (workspace_id, profile_no, attempted_at, message_no)
WHERE purpose <> 'transactional' AND attempted_at IS NOT NULL;
CREATE INDEX message_advertised_to ON message (workspace_id, channel, address, attempted_at, message_no)
WHERE purpose <> 'transactional' AND attempted_at IS NOT NULL;
CREATE INDEX message_waiting ON message (workspace_id, profile_no, due_at, message_no)
WHERE state = 'queued' AND purpose <> 'transactional';

-- Numbers that nobody may advertise to, as hashes, with the instant of the listing that named them last.
CREATE TABLE do_not_call (
  workspace_id BIGINT NOT NULL,
  number_hash BYTEA NOT NULL,
  listing BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, number_hash)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- What providers issue and what is worth nothing once it was used, such as refresh tokens. `version` counts the
-- writings: whoever writes says which one they have read.
CREATE TABLE channel_token (
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Authorisations on their way through a provider's pages, by the hash of what comes back.
CREATE TABLE channel_authorisation (
  state_hash BYTEA NOT NULL PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  -- The session that began it; NULL: a key of the API.
  login_id TEXT,
  sealed BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Templates that a provider has, as they were when it was asked last.
CREATE TABLE provider_template (
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  template_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  -- JSON.
  doc TEXT NOT NULL,
  synced_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel, template_id)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- What the shop lets messages cost: a `day`, a `month`, a `campaign:<id>` or a `journey:<id>`.
CREATE TABLE budget (
  workspace_id BIGINT NOT NULL,
  scope TEXT NOT NULL,
  -- Minor units of the shop's currency.
  amount BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, scope)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- Browsers and apps that take notifications.
CREATE TABLE push_device (
  workspace_id BIGINT NOT NULL,
  -- The endpoint of a browser, or `fcm:` and the token of an app: the value of the identifier.
  address TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  -- browser, app
  kind TEXT NOT NULL,
  -- JSON: p256dh and auth of a browser.
  keys TEXT NOT NULL,
  user_agent TEXT,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  -- The provider said that it is gone.
  dead_at BIGINT,
  PRIMARY KEY (workspace_id, address)
);
CREATE INDEX push_device_by_profile ON push_device (workspace_id, profile_no, last_seen_at DESC, address);

-- Messages that wait for somebody to open a page of the shop.
CREATE TABLE onsite_message (
  workspace_id BIGINT NOT NULL,
  message_no BIGINT NOT NULL,
  message_id TEXT NOT NULL,
  profile_no BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  -- JSON of what the page shows.
  content TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  shown_at BIGINT,
  closed_at BIGINT,
  PRIMARY KEY (workspace_id, message_no)
);
CREATE UNIQUE INDEX onsite_message_by_id ON onsite_message (workspace_id, message_id);
CREATE INDEX onsite_message_by_profile ON onsite_message (workspace_id, profile_no, message_no);
CREATE INDEX onsite_message_by_age ON onsite_message (workspace_id, expires_at);

-- Ways to people of the shop other than e-mail, by the name under which journeys know them.
CREATE TABLE staff_contact (
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

-- What somebody waits for (an order, a code) goes before every advertisement.
CREATE INDEX message_due_service ON message (channel, due_at, message_no)
WHERE state = 'queued' AND purpose = 'transactional';

-- Soft bounces of an address since a message last arrived there.
CREATE TABLE soft_bounce (
  workspace_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  count BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel, address)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- How much may go out of a sending domain: its warm-up, and limits of single receivers.
CREATE TABLE sending_plan (
  workspace_id BIGINT NOT NULL,
  domain TEXT NOT NULL,
  -- JSON.
  doc TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, domain)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- What went out of a sending domain with a plan, by the hour.
CREATE TABLE sending_count (
  workspace_id BIGINT NOT NULL,
  domain TEXT NOT NULL,
  -- The domain of a receiver with a limit of its own; empty: all together.
  receiver TEXT NOT NULL,
  -- Hours since 1970.
  hour BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, domain, receiver, hour)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- How far the mailbox of returns was read.
CREATE TABLE mailbox_visit (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  validity BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  visited_at BIGINT NOT NULL,
  -- Why the last visit failed; empty: it did not.
  fault TEXT NOT NULL
);
