-- name: topic_bump
INSERT INTO topic_count (workspace_id, topic, count) VALUES ($1, $2, 1)
ON CONFLICT (workspace_id, topic) DO UPDATE SET count = topic_count.count + 1;

-- name: topic_counts
SELECT topic, count FROM topic_count WHERE workspace_id = $1;
