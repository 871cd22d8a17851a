-- name: lead_set
INSERT INTO lead (workspace_id, profile_no, status, status_at, assignee, handed_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, profile_no) DO UPDATE SET status = excluded.status, status_at = excluded.status_at,
  assignee = excluded.assignee, handed_at = excluded.handed_at;

-- name: lead_delete
DELETE FROM lead WHERE workspace_id = $1 AND profile_no = $2;

-- name: lead_find
SELECT profile_no, status, status_at, assignee, handed_at FROM lead WHERE workspace_id = $1 AND profile_no = $2;

-- name: leads_by_status
SELECT profile_no, status_at FROM lead
WHERE workspace_id = $1 AND status = $2 AND (status_at < $3 OR (status_at = $3 AND profile_no < $4))
ORDER BY status_at DESC, profile_no DESC LIMIT $5;

-- name: leads_by_assignee
SELECT profile_no, status_at, status FROM lead
WHERE workspace_id = $1 AND assignee = $2 AND (status_at < $3 OR (status_at = $3 AND profile_no < $4))
ORDER BY status_at DESC, profile_no DESC LIMIT $5;

-- name: lead_counts
SELECT status, assignee, count(*) FROM lead WHERE workspace_id = $1 GROUP BY status, assignee ORDER BY status, assignee;

-- name: lead_numbers
SELECT profile_no FROM lead WHERE workspace_id = $1 ORDER BY profile_no;

-- name: lead_turn
SELECT coalesce(max(handed_at), 0) FROM lead WHERE workspace_id = $1 AND assignee = $2;
