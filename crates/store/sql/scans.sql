-- Streaming reads for counting before saving. Each reads one index from end to end of a range.

-- name: scan_profile_numbers
SELECT profile_no FROM profile WHERE workspace_id = $1 ORDER BY profile_no;

-- name: scan_profile_docs
SELECT profile_no, doc FROM profile WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
ORDER BY profile_no;

-- name: scan_event_counts
-- SQLite hands the rows over one by one faster than it groups them; PostgreSQL would send them all.
-- @sqlite SELECT profile_no, 1
-- @postgres SELECT profile_no, count(*)
FROM event WHERE workspace_id = $1 AND name_no = $2 AND at >= $3 AND at < $4
-- @postgres GROUP BY profile_no
;

-- name: scan_event_sums
-- @sqlite SELECT profile_no, 1, amount
-- @postgres SELECT profile_no, count(amount),
-- @postgres   CAST(least(greatest(sum(amount), -9223372036854775808), 9223372036854775807) AS BIGINT)
FROM event WHERE workspace_id = $1 AND name_no = $2 AND at >= $3 AND at < $4
-- @sqlite AND amount IS NOT NULL
-- @postgres GROUP BY profile_no
;

-- name: scan_event_ends
-- @sqlite SELECT profile_no, at, at
-- @postgres SELECT profile_no, min(at), max(at)
FROM event WHERE workspace_id = $1 AND name_no = $2 AND at >= $3 AND at < $4
-- @postgres GROUP BY profile_no
;

-- name: scan_event_bodies
SELECT profile_no, event_no, at, body FROM event
WHERE workspace_id = $1 AND name_no = $2 AND at >= $3 AND at < $4 ORDER BY at;

-- name: scan_list
-- The text is looked for first: reading a document costs a hundred times as much.
SELECT profile_no FROM profile WHERE workspace_id = $1 AND profile_no > $2
-- @sqlite AND instr(doc, $3) > 0 AND json_extract(doc, $4) = 1
-- @postgres AND strpos(doc, $3) > 0 AND jsonb_path_exists(CAST(doc AS JSONB), CAST(CAST($4 AS TEXT) || ' ? (@ == true)' AS JSONPATH))
ORDER BY profile_no LIMIT $5;

-- name: scan_last_seen
SELECT profile_no, max(at) FROM event WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
GROUP BY profile_no;

-- name: scan_messages
SELECT m.profile_no, m.id, m.channel, m.purpose, m.template_id, m.journey_id, m.campaign_id, m.state, m.decided_at,
  m.accepted_at, r.first_opened_at, r.first_clicked_at, r.unsubscribed_at, m.delivered_at
FROM message m LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.profile_no > $2 AND m.profile_no <= $3 AND m.origin NOT IN ('test', 'staff')
ORDER BY m.profile_no, m.message_no;

-- name: scan_runs
SELECT profile_no, journey_id, state, started_at, ended_at FROM journey_run
WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3 ORDER BY profile_no, started_at, run_id;

-- name: scan_order_counts
-- @sqlite SELECT profile_no, 1
-- @postgres SELECT profile_no, count(*)
FROM shop_order WHERE workspace_id = $1 AND placed_at >= $2 AND placed_at < $3 AND counts = $4
-- @postgres GROUP BY profile_no
;

-- name: scan_order_nets
-- Never grouped: an absurd amount is left out by who adds them up.
SELECT profile_no, net FROM shop_order
WHERE workspace_id = $1 AND placed_at >= $2 AND placed_at < $3 AND counts = $4 AND currency = $5;

-- name: scan_order_docs
SELECT profile_no, doc FROM shop_order WHERE workspace_id = $1 AND placed_at >= $2 AND placed_at < $3;

-- name: scan_order_docs_of_product
SELECT o.profile_no, o.doc FROM order_line l
JOIN shop_order o ON o.workspace_id = l.workspace_id AND o.source = l.source AND o.order_id = l.order_id
WHERE l.workspace_id = $1 AND l.product_id = $4 AND l.placed_at >= $2 AND l.placed_at < $3;

-- name: scan_own_zones
-- A few too many: who says so in another attribute is found too.
SELECT profile_no FROM profile WHERE workspace_id = $1
-- @sqlite AND (instr(doc, '"timezone":') > 0 OR instr(doc, '"time_zone":') > 0)
-- @postgres AND (strpos(doc, '"timezone":') > 0 OR strpos(doc, '"time_zone":') > 0)
ORDER BY profile_no LIMIT $2;

-- name: scan_event_last
SELECT max(at) FROM event WHERE workspace_id = $1 AND name_no = $2 AND at <= $3;

-- name: scan_event_recent
SELECT count(*) FROM (
  SELECT 1 AS one FROM event WHERE workspace_id = $1 AND name_no = $2 AND at >= $3 AND at <= $4 LIMIT $5) AS seen;

-- name: scan_event_sample
SELECT at, body FROM event WHERE workspace_id = $1 AND name_no = $2 AND at <= $3 ORDER BY at DESC LIMIT $4;

-- name: scan_transitions
-- By quarters of an hour: days of every time zone begin at the beginning of one.
SELECT at / 900000 AS quarter, entered, count(*) FROM segment_transition
WHERE workspace_id = $1 AND segment_id = $2 AND at >= $3 AND at < $4 GROUP BY at / 900000, entered;
