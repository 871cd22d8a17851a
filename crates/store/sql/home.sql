-- name: topic_bump
INSERT INTO topic_count (workspace_id, topic, count) VALUES ($1, $2, 1)
ON CONFLICT (workspace_id, topic) DO UPDATE SET count = topic_count.count + 1;

-- name: topic_counts
SELECT topic, count FROM topic_count WHERE workspace_id = $1;

-- name: setup_find
SELECT doc FROM setup WHERE workspace_id = $1;

-- name: setup_set
INSERT INTO setup (workspace_id, doc) VALUES ($1, $2) ON CONFLICT (workspace_id) DO UPDATE SET doc = excluded.doc;

-- name: search_range
-- The newest of a range whose text holds a part.
SELECT profile_no FROM profile_search WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
-- @sqlite AND instr(text, $4) > 0
-- @postgres AND strpos(text, $4) > 0
ORDER BY profile_no DESC LIMIT $5;

-- name: overview_orders
SELECT placed_at, profile_no, net FROM shop_order
WHERE workspace_id = $1 AND placed_at >= $2 AND placed_at < $3 AND counts AND currency = $4
ORDER BY placed_at;

-- name: overview_bought_before
-- The index by time does not hold the source, so SQLite takes the one in which a person's orders stand together.
SELECT source FROM shop_order WHERE workspace_id = $1 AND profile_no = $2 AND placed_at < $3 AND counts
ORDER BY placed_at LIMIT 1;

-- name: overview_first_order
SELECT placed_at FROM shop_order WHERE workspace_id = $1 ORDER BY placed_at LIMIT 1;

-- name: overview_touches
SELECT e.at, e.profile_no, e.event_no FROM event_name n CROSS JOIN event e
WHERE e.workspace_id = n.workspace_id AND e.name_no = n.name_no
AND n.workspace_id = $1 AND n.name = $2 AND e.at >= $3 AND e.at < $4 ORDER BY e.at;

-- name: overview_people
SELECT count(*) FROM profile WHERE workspace_id = $1 AND id >= $2 AND id < $3;

-- name: overview_sent
-- By the quarter of an hour: every zone's days begin on one.
SELECT accepted_at / 900000, channel, count(*), min(message_no) FROM message
WHERE workspace_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND accepted_at IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: overview_senders
SELECT journey_id, campaign_id, count(*) FROM message
WHERE workspace_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND accepted_at IS NOT NULL
GROUP BY journey_id, campaign_id;

-- name: overview_not_sent
SELECT channel, state, reason, count(*) FROM message
WHERE workspace_id = $1 AND decided_at >= $2 AND decided_at < $3
AND state IN ('refused', 'failed', 'unknown', 'cancelled')
GROUP BY channel, state, reason ORDER BY channel, state, reason;

-- name: overview_opened
SELECT first_opened_at / 900000, count(*) FROM message_response
WHERE workspace_id = $1 AND first_opened_at >= $2 AND first_opened_at < $3 AND first_opened_at IS NOT NULL
GROUP BY 1 ORDER BY 1;

-- name: overview_clicked
SELECT first_clicked_at / 900000, count(*) FROM message_response
WHERE workspace_id = $1 AND first_clicked_at >= $2 AND first_clicked_at < $3 AND first_clicked_at IS NOT NULL
GROUP BY 1 ORDER BY 1;

-- name: overview_left
SELECT unsubscribed_at / 900000, count(*) FROM message_response
WHERE workspace_id = $1 AND unsubscribed_at >= $2 AND unsubscribed_at < $3 AND unsubscribed_at IS NOT NULL
GROUP BY 1 ORDER BY 1;

-- name: overview_machines
SELECT CAST(coalesce(sum(CASE WHEN r.machine_opens > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN r.machine_clicks > 0 THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM message_response r CROSS JOIN message m
WHERE m.workspace_id = r.workspace_id AND m.message_no = r.message_no
AND r.workspace_id = $1 AND r.message_no >= $2 AND (r.machine_opens > 0 OR r.machine_clicks > 0)
AND m.accepted_at >= $3 AND m.accepted_at < $4;

-- name: overview_queue
SELECT count(*), min(due_at) FROM (
  SELECT due_at FROM message WHERE state = 'queued' AND channel = $2 AND due_at <= $3 AND workspace_id = $1
  ORDER BY due_at LIMIT $4) AS waiting;

-- name: overview_waiting
SELECT reason, count(*) FROM (
  SELECT reason FROM message WHERE state = 'queued' AND channel = $2 AND workspace_id = $1
  ORDER BY due_at LIMIT $3) AS waiting
GROUP BY reason ORDER BY reason;

-- name: overview_suppressed
SELECT channel, reason, count(*) FROM suppression WHERE workspace_id = $1 AND at >= $2 AND at < $3
GROUP BY channel, reason ORDER BY channel, reason;

-- name: campaign_scheduled
SELECT campaign_id, name, state, channel, next_at FROM campaign
WHERE workspace_id = $1 AND next_at IS NOT NULL AND state IN ('scheduled', 'sending') ORDER BY next_at LIMIT $2;

-- name: campaign_found
SELECT campaign_id, name, state, channel FROM campaign WHERE workspace_id = $1
-- @sqlite AND instr(search, $2) > 0
-- @postgres AND strpos(search, $2) > 0
ORDER BY created_at DESC, campaign_id DESC LIMIT $3;

-- name: overview_first_sent
SELECT accepted_at FROM message WHERE workspace_id = $1 AND accepted_at IS NOT NULL
ORDER BY workspace_id, accepted_at LIMIT 1;
