-- name: soft_bounce_count
INSERT INTO soft_bounce (workspace_id, channel, address, count, first_at, last_at) VALUES ($1, $2, $3, 1, $4, $4)
ON CONFLICT (workspace_id, channel, address) DO UPDATE SET
count = CASE WHEN soft_bounce.last_at < $5 THEN 1 ELSE soft_bounce.count + 1 END,
first_at = CASE WHEN soft_bounce.last_at < $5 THEN excluded.first_at ELSE soft_bounce.first_at END,
last_at = excluded.last_at;

-- name: soft_bounce_clear
DELETE FROM soft_bounce WHERE workspace_id = $1 AND channel = $2 AND address = $3;

-- name: soft_bounce_find
SELECT count, first_at, last_at FROM soft_bounce WHERE workspace_id = $1 AND channel = $2 AND address = $3;

-- name: sending_count_add
INSERT INTO sending_count (workspace_id, domain, receiver, hour, sent) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, domain, receiver, hour) DO UPDATE SET sent = sending_count.sent + excluded.sent;

-- name: sending_count_list
SELECT receiver, hour, sent FROM sending_count WHERE workspace_id = $1 AND domain = $2 AND hour >= $3;

-- name: sending_count_expire
DELETE FROM sending_count WHERE workspace_id = $1 AND domain = $2 AND hour < $3;

-- name: sending_plan_set
INSERT INTO sending_plan (workspace_id, domain, doc, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, domain) DO UPDATE SET doc = excluded.doc, updated_at = excluded.updated_at;

-- name: sending_plan_delete
DELETE FROM sending_plan WHERE workspace_id = $1 AND domain = $2;

-- name: sending_plan_list
SELECT workspace_id, domain, doc, updated_at FROM sending_plan ORDER BY workspace_id, domain;

-- name: sending_plan_find
SELECT workspace_id, domain, doc, updated_at FROM sending_plan WHERE workspace_id = $1 AND domain = $2;

-- name: mailbox_visit_set
INSERT INTO mailbox_visit (workspace_id, validity, uid, visited_at, fault) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id) DO UPDATE SET validity = excluded.validity, uid = excluded.uid,
visited_at = excluded.visited_at, fault = excluded.fault;

-- name: mailbox_visit_find
SELECT validity, uid, visited_at, fault FROM mailbox_visit WHERE workspace_id = $1;

-- name: attention_find
SELECT count(*), max(r.first_opened_at), max(r.first_clicked_at) FROM message m
LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.profile_no = $2 AND m.purpose <> 'transactional' AND m.attempted_at >= $3
AND m.channel = 'email' AND m.state = 'accepted';
