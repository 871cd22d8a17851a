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

-- name: scan_order_docs
SELECT profile_no, doc FROM shop_order WHERE workspace_id = $1 ORDER BY profile_no, placed_at;

-- name: scan_list
-- The text is looked for first: reading a document costs a hundred times as much.
SELECT profile_no FROM profile WHERE workspace_id = $1 AND profile_no > $2
-- @sqlite AND instr(doc, $3) > 0 AND json_extract(doc, $4) = 1
-- @postgres AND strpos(doc, $3) > 0 AND jsonb_path_exists(CAST(doc AS JSONB), CAST(CAST($4 AS TEXT) || ' ? (@ == true)' AS JSONPATH))
ORDER BY profile_no LIMIT $5;
