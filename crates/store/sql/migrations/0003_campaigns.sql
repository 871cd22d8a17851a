-- Campaigns, see docs/campaigns.md.

CREATE TABLE campaign (
  workspace_id BIGINT NOT NULL,
  campaign_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- The name without marks, for searching.
  search TEXT NOT NULL,
  -- draft, scheduled, sending, paused, done, cancelled
  state TEXT NOT NULL,
  -- Why it stands still, when it does.
  detail TEXT NOT NULL,
  channel TEXT NOT NULL,
  definition TEXT NOT NULL,
  -- The last run that began; 0: none did.
  run_no BIGINT NOT NULL,
  -- When the next run begins; null while none will.
  next_at BIGINT,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, campaign_id)
);
CREATE INDEX campaign_by_age ON campaign (workspace_id, created_at, campaign_id);

CREATE TABLE campaign_run (
  workspace_id BIGINT NOT NULL,
  campaign_id TEXT NOT NULL,
  run_no BIGINT NOT NULL,
  -- gathering, planning, sending, done, cancelled
  state TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  -- Where it stands and what it counted, as JSON.
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, campaign_id, run_no)
);
CREATE INDEX campaign_run_by_end ON campaign_run (workspace_id, ended_at);

-- Who is still to be decided on, by the instant at which it is to go: a Roaring bitmap of the low 16 bits of profile
-- numbers, one row for 65,536 numbers. Kept until the run ends.
CREATE TABLE campaign_audience (
  workspace_id BIGINT NOT NULL,
  campaign_id TEXT NOT NULL,
  run_no BIGINT NOT NULL,
  -- Milliseconds; 0: not yet known.
  wave BIGINT NOT NULL,
  chunk BIGINT NOT NULL,
  members BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, campaign_id, run_no, wave, chunk)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

ALTER TABLE message ADD COLUMN campaign_id TEXT;
ALTER TABLE message ADD COLUMN campaign_run BIGINT;
CREATE INDEX message_of_campaign ON message (workspace_id, campaign_id, campaign_run, profile_no)
WHERE campaign_id IS NOT NULL;
-- Small however large a campaign is: what is still to come of it.
CREATE INDEX message_of_campaign_open ON message (workspace_id, campaign_id, campaign_run, due_at)
WHERE campaign_id IS NOT NULL AND state IN ('queued', 'held', 'sending');
