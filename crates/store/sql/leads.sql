-- name: lead_set
INSERT INTO lead (workspace_id, profile_no, status, status_at, assignee, handed_at, score)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, profile_no) DO UPDATE SET status = excluded.status, status_at = excluded.status_at,
  assignee = excluded.assignee, handed_at = excluded.handed_at;

-- name: lead_score_set
INSERT INTO lead (workspace_id, profile_no, status, status_at, assignee, handed_at, score)
VALUES ($1, $2, '', 0, '', 0, $3)
ON CONFLICT (workspace_id, profile_no) DO UPDATE SET score = excluded.score WHERE lead.score <> excluded.score;

-- name: lead_score_drop
DELETE FROM lead WHERE workspace_id = $1 AND profile_no = $2 AND status = '';

-- name: lead_scores_drop
DELETE FROM lead WHERE workspace_id = $1 AND status = '';

-- name: lead_scores_unset
UPDATE lead SET score = $2 WHERE workspace_id = $1;

-- name: lead_delete
DELETE FROM lead WHERE workspace_id = $1 AND profile_no = $2;

-- name: lead_find
SELECT profile_no, status, status_at, assignee, handed_at, score FROM lead WHERE workspace_id = $1 AND profile_no = $2;

-- name: lead_scores_between
SELECT profile_no, score FROM lead WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3 ORDER BY profile_no;

-- name: leads_ranked
SELECT profile_no, score FROM lead
WHERE workspace_id = $1 AND score >= $2 AND score <= $3 AND (score < $3 OR profile_no < $4)
ORDER BY score DESC, profile_no DESC LIMIT $5;

-- name: leads_ranked_by_status
SELECT profile_no, score FROM lead
WHERE workspace_id = $1 AND status = $2 AND score >= $3 AND score <= $4 AND (score < $4 OR profile_no < $5)
ORDER BY score DESC, profile_no DESC LIMIT $6;

-- name: leads_ranked_by_assignee
SELECT profile_no, score FROM lead
WHERE workspace_id = $1 AND assignee = $2 AND score >= $3 AND score <= $4 AND (score < $4 OR profile_no < $5)
  AND status <> '' AND ($6 = '*' OR status = $6)
ORDER BY score DESC, profile_no DESC LIMIT $7;

-- name: leads_counted
SELECT count(*) FROM lead
WHERE workspace_id = $1 AND score >= $2 AND score <= $3
  AND ($4 = '*' OR status = $4) AND ($5 = '*' OR (assignee = $5 AND status <> ''));

-- name: leads_by_status
SELECT profile_no, status_at FROM lead
WHERE workspace_id = $1 AND status = $2 AND (status_at < $3 OR (status_at = $3 AND profile_no < $4))
ORDER BY status_at DESC, profile_no DESC LIMIT $5;

-- name: leads_by_assignee
SELECT profile_no, status_at FROM lead
WHERE workspace_id = $1 AND assignee = $2 AND (status_at < $3 OR (status_at = $3 AND profile_no < $4))
  AND status <> '' AND ($5 = '*' OR status = $5)
ORDER BY status_at DESC, profile_no DESC LIMIT $6;

-- name: leads_waiting
SELECT profile_no FROM lead
WHERE workspace_id = $1 AND profile_no > $2 AND score >= $3 AND handed_at = 0 AND status IN ('', 'new')
ORDER BY profile_no LIMIT $4;

-- name: leads_waiting_counted
SELECT count(*) FROM lead WHERE workspace_id = $1 AND score >= $2 AND handed_at = 0 AND status IN ('', 'new');

-- name: lead_counts
SELECT status, assignee, count(*) FROM lead WHERE workspace_id = $1 AND status <> ''
GROUP BY status, assignee ORDER BY status, assignee;

-- name: lead_turn
SELECT coalesce(max(handed_at), 0) FROM lead WHERE workspace_id = $1 AND assignee = $2;
