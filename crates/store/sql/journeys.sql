-- name: journey_insert
INSERT INTO journey (workspace_id, journey_id, name, status, published, latest, revision, created_at, updated_at)
VALUES ($1, $2, $3, 'draft', 0, 1, 1, $4, $4);

-- name: journey_update
UPDATE journey SET name = $4, status = $5, published = $6, latest = $7, updated_at = $8, detail = $9,
  revision = revision + 1
WHERE workspace_id = $1 AND journey_id = $2 AND revision = $3;

-- name: journey_find
SELECT journey_id, name, status, published, latest, revision, created_at, updated_at, detail FROM journey
WHERE workspace_id = $1 AND journey_id = $2;

-- name: journey_list
SELECT journey_id, name, status, published, latest, revision, created_at, updated_at, detail FROM journey
WHERE workspace_id = $1 ORDER BY journey_id;

-- name: journey_version_insert
INSERT INTO journey_version (workspace_id, journey_id, version, definition, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: journey_version_find
SELECT definition, created_at FROM journey_version WHERE workspace_id = $1 AND journey_id = $2 AND version = $3;

-- name: journey_live
SELECT j.workspace_id, j.journey_id, j.status, j.published, v.version, v.definition
FROM journey j JOIN journey_version v ON v.workspace_id = j.workspace_id AND v.journey_id = j.journey_id
WHERE j.published > 0 AND (v.version = j.published OR EXISTS (
  SELECT 1 FROM journey_run r WHERE r.workspace_id = j.workspace_id AND r.journey_id = j.journey_id
  AND r.version = v.version AND r.state = 'active'))
ORDER BY j.workspace_id, j.journey_id, v.version;

-- name: run_insert
INSERT INTO journey_run (workspace_id, run_id, journey_id, version, profile_no, state, node, due_at, started_at,
  ended_at, revision, doc)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11);

-- name: run_update
UPDATE journey_run SET state = $4, node = $5, due_at = $6, ended_at = $7, doc = $8, revision = revision + 1
WHERE workspace_id = $1 AND run_id = $2 AND revision = $3;

-- name: run_move
UPDATE journey_run SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: run_active
SELECT run_id, journey_id, version, profile_no, state, node, due_at, started_at, ended_at, revision, doc
FROM journey_run WHERE workspace_id = $1 AND profile_no = $2 AND state = 'active' ORDER BY run_id;

-- name: run_find
SELECT run_id, journey_id, version, profile_no, state, node, due_at, started_at, ended_at, revision, doc
FROM journey_run WHERE workspace_id = $1 AND run_id = $2;

-- name: run_of_journey
SELECT run_id, journey_id, version, profile_no, state, node, due_at, started_at, ended_at, revision, doc
FROM journey_run WHERE workspace_id = $1 AND journey_id = $2 AND run_id < $3 ORDER BY run_id DESC LIMIT $4;

-- name: run_of_profile
SELECT run_id, journey_id, version, profile_no, state, node, due_at, started_at, ended_at, revision, doc
FROM journey_run WHERE workspace_id = $1 AND profile_no = $2 ORDER BY started_at DESC, run_id DESC LIMIT 200;

-- name: run_history
SELECT count(*), max(started_at) FROM journey_run
WHERE workspace_id = $1 AND profile_no = $2 AND journey_id = $3;

-- name: run_due
SELECT workspace_id, run_id, profile_no, due_at FROM journey_run
WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, run_id, workspace_id LIMIT $2;

-- name: run_next_due
SELECT min(due_at) FROM journey_run WHERE due_at IS NOT NULL;

-- name: run_hold
UPDATE journey_run SET due_at = NULL, revision = revision + 1
WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' AND due_at IS NOT NULL;

-- name: run_silence
UPDATE journey_run SET due_at = NULL WHERE workspace_id = $1 AND run_id = $2;

-- name: run_held
SELECT run_id, doc, revision FROM journey_run
WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' AND due_at IS NULL AND run_id > $3
ORDER BY run_id LIMIT 500;

-- name: run_release
UPDATE journey_run SET due_at = $4, revision = revision + 1 WHERE workspace_id = $1 AND run_id = $2 AND revision = $3;

-- name: run_active_of_journey
SELECT count(*) FROM journey_run WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active';

-- name: step_insert
INSERT INTO journey_step (workspace_id, run_id, seq, at, node, code, params) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: step_list
SELECT seq, at, node, code, params FROM journey_step WHERE workspace_id = $1 AND run_id = $2 ORDER BY seq LIMIT 1000;

-- name: count_add
INSERT INTO journey_count (workspace_id, journey_id, version, node, code, count) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, journey_id, version, node, code) DO UPDATE
SET count = journey_count.count + excluded.count;

-- name: count_list
SELECT version, node, code, count FROM journey_count WHERE workspace_id = $1 AND journey_id = $2
ORDER BY version, node, code;

-- name: timer_set
INSERT INTO timer (workspace_id, kind, profile_no, subject, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, kind, profile_no, subject) DO UPDATE SET due_at = excluded.due_at;

-- name: timer_delete
DELETE FROM timer WHERE workspace_id = $1 AND kind = $2 AND profile_no = $3 AND subject = $4 AND due_at = $5;

-- name: timer_clear
DELETE FROM timer WHERE workspace_id = $1 AND kind = $2 AND profile_no = $3 AND subject = $4;

-- name: timer_clear_profile
DELETE FROM timer WHERE workspace_id = $1 AND profile_no = $2 AND kind <> 'resume';

-- name: timer_move
UPDATE timer SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: timer_due
SELECT workspace_id, kind, profile_no, subject, due_at FROM timer WHERE due_at <= $1
ORDER BY due_at, workspace_id, kind, profile_no, subject LIMIT $2;

-- name: timer_next_due
SELECT min(due_at) FROM timer;

-- name: journey_active_nodes
SELECT version, node, count(*) FROM journey_run WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active'
GROUP BY version, node ORDER BY version, node;

-- name: journey_messages
SELECT m.node, m.channel, m.state, m.reason, count(*), count(r.first_opened_at), count(r.first_clicked_at),
  count(r.unsubscribed_at)
FROM message m LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.journey_id = $2 AND m.origin = 'journey'
GROUP BY m.node, m.channel, m.state, m.reason ORDER BY m.node, m.channel, m.state, m.reason;

-- name: journey_revenue
SELECT o.currency, count(*), count(DISTINCT o.profile_no), CAST(sum(o.net) AS BIGINT)
FROM (
  SELECT DISTINCT m.workspace_id, m.profile_no FROM message m
  WHERE m.workspace_id = $1 AND m.journey_id = $2 AND m.origin = 'journey' AND m.accepted_at IS NOT NULL
) p
JOIN shop_order o ON o.workspace_id = p.workspace_id AND o.profile_no = p.profile_no
WHERE o.counts AND EXISTS (
  SELECT 1 FROM message m WHERE m.workspace_id = o.workspace_id AND m.profile_no = o.profile_no AND m.journey_id = $2
  AND m.origin = 'journey' AND m.accepted_at <= o.placed_at AND m.accepted_at >= o.placed_at - $3)
GROUP BY o.currency ORDER BY o.currency;

-- name: canvas_find
SELECT document, draft, revision, updated_at, updated_by FROM journey_canvas WHERE workspace_id = $1 AND journey_id = $2;

-- name: canvas_set
INSERT INTO journey_canvas (workspace_id, journey_id, document, draft, revision, updated_at, updated_by)
VALUES ($1, $2, $3, $4, $5 + 1, $6, $7)
ON CONFLICT (workspace_id, journey_id) DO UPDATE SET document = excluded.document, draft = excluded.draft,
  revision = excluded.revision, updated_at = excluded.updated_at, updated_by = excluded.updated_by
WHERE journey_canvas.revision = $5;

-- name: journey_version_page
SELECT version, created_at FROM journey_version
WHERE workspace_id = $1 AND journey_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4;

-- name: journey_totals
SELECT journey_id, code, CAST(sum(count) AS BIGINT) FROM journey_count WHERE workspace_id = $1 AND code LIKE 'run.%'
GROUP BY journey_id, code ORDER BY journey_id, code;

-- name: journey_active_totals
SELECT journey_id, version, count(*) FROM journey_run WHERE workspace_id = $1 AND state = 'active'
GROUP BY journey_id, version ORDER BY journey_id, version;

-- name: run_of_journey_at
SELECT run_id, journey_id, version, profile_no, state, node, due_at, started_at, ended_at, revision, doc
FROM journey_run WHERE workspace_id = $1 AND journey_id = $2 AND run_id < $3
AND ($5 = '' OR node = $5) AND ($6 = '' OR state = $6) ORDER BY run_id DESC LIMIT $4;

-- name: journey_run_states
SELECT version, node, state, count(*) FROM journey_run
WHERE workspace_id = $1 AND journey_id = $2 AND run_id >= $3 AND run_id < $4
GROUP BY version, node, state ORDER BY version, node, state;

-- name: journey_step_counts
SELECT r.version, s.node, s.code, count(*) FROM journey_run r
JOIN journey_step s ON s.workspace_id = r.workspace_id AND s.run_id = r.run_id
WHERE r.workspace_id = $1 AND r.journey_id = $2 AND r.run_id >= $3 AND r.run_id < $4
GROUP BY r.version, s.node, s.code ORDER BY r.version, s.node, s.code;

-- name: journey_messages_of_runs
SELECT m.node, m.channel, m.state, m.reason, count(*), count(r.first_opened_at), count(r.first_clicked_at),
  count(r.unsubscribed_at)
FROM message m LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.journey_id = $2 AND m.origin = 'journey' AND m.run_id >= $3 AND m.run_id < $4
GROUP BY m.node, m.channel, m.state, m.reason ORDER BY m.node, m.channel, m.state, m.reason;

-- name: journey_revenue_of_runs
SELECT o.currency, count(*), count(DISTINCT o.profile_no), CAST(sum(o.net) AS BIGINT)
FROM (
  SELECT DISTINCT m.workspace_id, m.profile_no FROM message m
  WHERE m.workspace_id = $1 AND m.journey_id = $2 AND m.origin = 'journey' AND m.accepted_at IS NOT NULL
  AND m.run_id >= $4 AND m.run_id < $5
) p
JOIN shop_order o ON o.workspace_id = p.workspace_id AND o.profile_no = p.profile_no
WHERE o.counts AND EXISTS (
  SELECT 1 FROM message m WHERE m.workspace_id = o.workspace_id AND m.profile_no = o.profile_no AND m.journey_id = $2
  AND m.origin = 'journey' AND m.accepted_at <= o.placed_at AND m.accepted_at >= o.placed_at - $3
  AND m.run_id >= $4 AND m.run_id < $5)
GROUP BY o.currency ORDER BY o.currency;
