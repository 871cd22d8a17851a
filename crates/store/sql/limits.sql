-- name: message_recent
SELECT message_no, channel, purpose, attempted_at FROM message
WHERE workspace_id = $1 AND profile_no = $2 AND purpose <> 'transactional' AND origin <> 'test'
AND state IN ('sending', 'accepted', 'unknown') AND attempted_at > $3
ORDER BY attempted_at, message_no;

-- name: message_recent_to
SELECT message_no, channel, purpose, attempted_at FROM message
WHERE workspace_id = $1 AND channel = $2 AND address = $3 AND purpose <> 'transactional' AND origin <> 'test'
AND state IN ('sending', 'accepted', 'unknown') AND attempted_at > $4
ORDER BY attempted_at, message_no;

-- name: message_waiting
SELECT message_no, channel, purpose, decided_at, context FROM message
WHERE workspace_id = $1 AND profile_no = $2 AND state = 'queued' AND due_at <= $3 AND purpose <> 'transactional'
ORDER BY due_at, message_no LIMIT 100;

-- name: do_not_call_set
INSERT INTO do_not_call (workspace_id, number_hash, listing) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, number_hash) DO UPDATE SET listing = excluded.listing;

-- name: do_not_call_drop_older
DELETE FROM do_not_call WHERE workspace_id = $1 AND listing < $2;

-- name: do_not_call_find
SELECT listing FROM do_not_call WHERE workspace_id = $1 AND number_hash = $2;

-- name: do_not_call_count
SELECT count(*), CAST(coalesce(max(listing), 0) AS BIGINT) FROM do_not_call WHERE workspace_id = $1;

-- name: register_source_set
INSERT INTO register_source (workspace_id, sealed, hour, next_at, failures, fetched_at, fault, job_id, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace_id) DO UPDATE SET sealed = excluded.sealed, hour = excluded.hour, next_at = excluded.next_at,
  failures = excluded.failures, fetched_at = excluded.fetched_at, fault = excluded.fault, job_id = excluded.job_id,
  updated_at = excluded.updated_at;

-- name: register_source_fetched
UPDATE register_source SET next_at = $3, failures = $4, fetched_at = $5, fault = $6, job_id = $7
WHERE workspace_id = $1 AND updated_at = $2;

-- name: register_source_drop
DELETE FROM register_source WHERE workspace_id = $1;

-- name: register_source_find
SELECT workspace_id, sealed, hour, next_at, failures, fetched_at, fault, job_id, updated_at FROM register_source
WHERE workspace_id = $1;

-- name: register_sources
SELECT workspace_id, sealed, hour, next_at, failures, fetched_at, fault, job_id, updated_at FROM register_source
ORDER BY workspace_id;
