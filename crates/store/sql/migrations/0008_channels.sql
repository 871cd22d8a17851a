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
