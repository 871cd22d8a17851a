-- CROSS JOIN tells SQLite with which table to begin; PostgreSQL finds out by itself.

-- name: campaign_insert
INSERT INTO campaign (workspace_id, campaign_id, name, search, state, detail, channel, definition, run_no, next_at,
  revision, created_at, updated_at, created_by)
VALUES ($1, $2, $3, $4, 'draft', '', $5, $6, 0, NULL, 1, $7, $7, $8);

-- name: campaign_update
UPDATE campaign SET name = $4, search = $5, state = $6, detail = $7, channel = $8, definition = $9, run_no = $10,
  next_at = $11, updated_at = $12, archived_at = $13, revision = revision + 1
WHERE workspace_id = $1 AND campaign_id = $2 AND revision = $3;

-- name: campaign_delete
DELETE FROM campaign WHERE workspace_id = $1 AND campaign_id = $2 AND revision = $3 AND state = 'draft';

-- name: campaign_find
SELECT campaign_id, name, state, detail, channel, definition, run_no, next_at, revision, created_at, updated_at,
  created_by, archived_at
FROM campaign WHERE workspace_id = $1 AND campaign_id = $2;

-- name: campaign_page
SELECT campaign_id, name, state, detail, channel, definition, run_no, next_at, revision, created_at, updated_at,
  created_by, archived_at
FROM campaign WHERE workspace_id = $1 AND (created_at, campaign_id) < ($2, $3)
AND ($5 = '' OR state = $5) AND ($7 = '' OR channel = $7)
AND (CAST($8 AS BIGINT) = 0 AND archived_at IS NULL OR CAST($8 AS BIGINT) = 1 AND archived_at IS NOT NULL
  OR CAST($8 AS BIGINT) = 2)
-- @sqlite AND ($6 = '' OR instr(search, $6) > 0)
-- @postgres AND ($6 = '' OR strpos(search, $6) > 0)
ORDER BY created_at DESC, campaign_id DESC LIMIT $4;

-- name: campaign_run_insert
INSERT INTO campaign_run (workspace_id, campaign_id, run_no, state, started_at, ended_at, doc)
VALUES ($1, $2, $3, $4, $5, NULL, $6);

-- name: campaign_run_update
UPDATE campaign_run SET state = $4, ended_at = $5, doc = $6 WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3;

-- name: campaign_run_find
SELECT run_no, state, started_at, ended_at, doc FROM campaign_run
WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3;

-- name: campaign_run_page
SELECT run_no, state, started_at, ended_at, doc FROM campaign_run
WHERE workspace_id = $1 AND campaign_id = $2 AND run_no < $3 ORDER BY run_no DESC LIMIT $4;

-- name: audience_set
INSERT INTO campaign_audience (workspace_id, campaign_id, run_no, wave, chunk, members) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, campaign_id, run_no, wave, chunk) DO UPDATE SET members = excluded.members;

-- name: audience_clear
DELETE FROM campaign_audience WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3;

-- name: audience_clear_wave
DELETE FROM campaign_audience WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3 AND wave = $4;

-- name: audience_find
SELECT wave, chunk, members FROM campaign_audience WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3
ORDER BY wave, chunk;

-- name: audience_waves
SELECT wave FROM campaign_audience WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3
GROUP BY wave ORDER BY wave;

-- name: audience_chunk
SELECT chunk, members FROM campaign_audience
WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3 AND wave = $4 AND chunk >= $5 ORDER BY chunk LIMIT 1;

-- name: audience_of_chunk
SELECT members FROM campaign_audience
WHERE workspace_id = $1 AND campaign_id = $2 AND run_no = $3 AND wave = $4 AND chunk = $5;

-- name: profile_numbers
SELECT profile_no FROM profile WHERE workspace_id = $1;

-- name: profile_exists
SELECT profile_no FROM profile WHERE workspace_id = $1 AND profile_no = $2;

-- name: profile_became
SELECT profile_no FROM merge_log WHERE workspace_id = $1 AND other_no = $2 AND joined ORDER BY merge_no DESC LIMIT 1;

-- name: campaign_has
SELECT message_no FROM message
WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_run = $3 AND profile_no = $4
AND state NOT IN ('refused', 'failed', 'cancelled') LIMIT 1;

-- name: campaign_people_since
SELECT m.profile_no FROM campaign_run r CROSS JOIN message m
WHERE m.workspace_id = r.workspace_id AND m.campaign_id = r.campaign_id AND m.campaign_run = r.run_no
AND r.workspace_id = $1 AND (r.ended_at IS NULL OR r.ended_at >= $2)
AND m.campaign_id IS NOT NULL AND m.attempted_at >= $2 AND m.state IN ('sending', 'accepted', 'unknown');

-- name: channel_backlog
SELECT count(*) FROM (
  SELECT message_no FROM message WHERE state = 'queued' AND channel = $1 AND due_at <= $2 LIMIT $3) AS waiting;

-- name: campaign_open
SELECT count(*), min(due_at) FROM message
WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_run = $3 AND campaign_id IS NOT NULL
AND state IN ('queued', 'held', 'sending');

-- name: campaign_hold
UPDATE message SET state = 'held' WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_id IS NOT NULL
AND state IN ('queued', 'held', 'sending') AND state = 'queued';

-- name: campaign_held
SELECT message_no, due_at FROM message WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_run = $3
AND campaign_id IS NOT NULL AND state IN ('queued', 'held', 'sending') AND state = 'held'
ORDER BY due_at, message_no;

-- name: campaign_release
UPDATE message SET state = 'queued', due_at = $3, decided_at = $4
WHERE workspace_id = $1 AND message_no = $2 AND state = 'held';

-- name: campaign_cancel
UPDATE message SET state = 'cancelled', reason = $3
WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_id IS NOT NULL
AND state IN ('queued', 'held', 'sending') AND state <> 'sending';

-- name: campaign_once
UPDATE message SET state = 'cancelled', reason = 'merged'
WHERE workspace_id = $1 AND profile_no = $2 AND state IN ('queued', 'held')
AND EXISTS (SELECT 1 FROM message other WHERE other.workspace_id = message.workspace_id
  AND other.campaign_id = message.campaign_id AND other.campaign_run = message.campaign_run
  AND other.profile_no = message.profile_no
  AND (other.state IN ('sending', 'accepted', 'unknown')
    OR other.state IN ('queued', 'held') AND other.message_no < message.message_no));

-- name: campaign_states
SELECT state, reason, count(*) FROM message
WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_run = $3 GROUP BY state, reason ORDER BY state, reason;

-- name: campaign_messages
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND campaign_id = $2 AND campaign_run = $3
AND (profile_no > $4 OR profile_no = $4 AND message_no > $5) AND profile_no >= $4
AND ($6 = '' OR state = $6) AND ($7 = '' OR reason = $7)
AND ($9 = '' OR EXISTS (SELECT 1 FROM message_response r
  WHERE r.workspace_id = message.workspace_id AND r.message_no = message.message_no
  AND ($9 = 'opened' AND r.opens > 0 OR $9 = 'clicked' AND r.clicks > 0
    OR $9 = 'unsubscribed' AND r.unsubscribed_at IS NOT NULL
    OR $9 = 'machine' AND r.opens = 0 AND r.clicks = 0 AND (r.machine_opens > 0 OR r.machine_clicks > 0)))
  OR $9 = 'nothing' AND NOT EXISTS (SELECT 1 FROM message_response r
  WHERE r.workspace_id = message.workspace_id AND r.message_no = message.message_no
  AND (r.opens > 0 OR r.clicks > 0)))
ORDER BY profile_no, message_no LIMIT $8;

-- name: campaign_answers
SELECT CAST(coalesce(sum(CASE WHEN r.opens > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN r.clicks > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN r.unsubscribed_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN r.opens = 0 AND r.clicks = 0 AND (r.machine_opens > 0 OR r.machine_clicks > 0)
    THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM message m CROSS JOIN message_response r
WHERE r.workspace_id = m.workspace_id AND r.message_no = m.message_no
AND m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3;

-- name: campaign_hours
SELECT 'accepted', m.accepted_at / 3600000 * 3600000, count(*) FROM message m
WHERE m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3 AND m.accepted_at IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT 'opened', r.first_opened_at / 3600000 * 3600000, count(*)
FROM message m CROSS JOIN message_response r
WHERE r.workspace_id = m.workspace_id AND r.message_no = m.message_no
AND m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3 AND r.first_opened_at IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT 'clicked', r.first_clicked_at / 3600000 * 3600000, count(*)
FROM message m CROSS JOIN message_response r
WHERE r.workspace_id = m.workspace_id AND r.message_no = m.message_no
AND m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3 AND r.first_clicked_at IS NOT NULL GROUP BY 1, 2;

-- name: campaign_domains
SELECT d.domain, count(*),
  CAST(sum(CASE WHEN d.state = 'accepted' THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN d.state = 'failed' THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN d.opens > 0 THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN d.clicks > 0 THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN d.unsubscribed_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT)
FROM (
-- @sqlite   SELECT lower(substr(m.address, instr(m.address, '@') + 1)) AS domain,
-- @postgres   SELECT lower(split_part(m.address, '@', 2)) AS domain,
    m.state, r.opens, r.clicks, r.unsubscribed_at
  FROM message m LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
  WHERE m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3 AND m.attempts > 0
  AND m.address LIKE '%@%'
) d
GROUP BY d.domain ORDER BY 2 DESC, 1 LIMIT $4;

-- name: campaign_runs_between
SELECT r.campaign_id, r.run_no, r.state, r.started_at, r.ended_at, r.doc FROM campaign_run r
WHERE r.workspace_id = $1 AND r.started_at >= $2 AND r.started_at < $3 ORDER BY r.started_at, r.campaign_id LIMIT $4;

-- name: campaign_links
SELECT l.detail, count(DISTINCT m.message_no), count(*)
FROM message m CROSS JOIN message_response r
CROSS JOIN message_log l
WHERE r.workspace_id = m.workspace_id AND r.message_no = m.message_no
AND l.workspace_id = m.workspace_id AND l.message_no = m.message_no
AND m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3 AND r.clicks > 0 AND l.what = 'clicked'
GROUP BY l.detail ORDER BY 2 DESC, 1 LIMIT $4;

-- name: campaign_orders
SELECT DISTINCT o.source, o.order_id, o.profile_no, o.placed_at, o.net
FROM message m CROSS JOIN message_response r
CROSS JOIN shop_order o
WHERE r.workspace_id = m.workspace_id AND r.message_no = m.message_no
AND o.workspace_id = m.workspace_id AND o.profile_no = m.profile_no
AND m.workspace_id = $1 AND m.campaign_id = $2 AND m.campaign_run = $3
AND (o.placed_at >= r.first_opened_at OR o.placed_at >= r.first_clicked_at) AND o.currency = $4 AND o.counts
ORDER BY o.source, o.order_id;

-- name: touches_of
SELECT m.campaign_id, m.campaign_run, l.at
FROM message m CROSS JOIN message_log l
WHERE l.workspace_id = m.workspace_id AND l.message_no = m.message_no
AND m.workspace_id = $1 AND m.profile_no = $2 AND m.origin NOT IN ('test', 'staff') AND l.what IN ('opened', 'clicked')
ORDER BY l.at, l.message_no, l.seq;
