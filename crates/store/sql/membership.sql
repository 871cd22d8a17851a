-- name: condition_insert
INSERT INTO segment_condition (workspace_id, condition_no, leaf_hash, leaf, state, scanned_to, created_at)
VALUES ($1, $2, $3, $4, 'pending', 0, $5);

-- name: condition_find
SELECT condition_no, state FROM segment_condition WHERE workspace_id = $1 AND leaf_hash = $2;

-- name: condition_last
SELECT CAST(coalesce(max(condition_no), 0) AS BIGINT) FROM segment_condition WHERE workspace_id = $1;

-- name: condition_list
SELECT workspace_id, condition_no, leaf, state, scanned_to FROM segment_condition ORDER BY workspace_id, condition_no;

-- name: condition_of
SELECT workspace_id, condition_no, leaf, state, scanned_to FROM segment_condition
WHERE workspace_id = $1 ORDER BY condition_no;

-- name: condition_scanned
UPDATE segment_condition SET scanned_to = $3, state = $4 WHERE workspace_id = $1 AND condition_no = $2;

-- name: condition_delete
DELETE FROM segment_condition WHERE workspace_id = $1 AND condition_no = $2;

-- name: members_set
INSERT INTO condition_members (workspace_id, condition_no, chunk, members) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, condition_no, chunk) DO UPDATE SET members = excluded.members;

-- name: members_delete
DELETE FROM condition_members WHERE workspace_id = $1 AND condition_no = $2;

-- name: members_find
SELECT chunk, members FROM condition_members WHERE workspace_id = $1 AND condition_no = $2 ORDER BY chunk;

-- name: segment_follow
SELECT s.workspace_id, s.segment_id, s.state, s.version, s.definition, s.live_version, v.definition
FROM segment s LEFT JOIN segment_version v ON v.workspace_id = s.workspace_id AND v.segment_id = s.segment_id
  AND v.version = s.live_version
WHERE s.state <> 'archived' ORDER BY s.workspace_id, s.segment_id;

-- name: segment_computed
UPDATE segment SET state = 'live', live_version = $3, computed_at = $4
WHERE workspace_id = $1 AND segment_id = $2 AND version = $3 AND state <> 'archived';

-- name: segment_version_computed
UPDATE segment_version SET members = $4, added = $5, removed = $6
WHERE workspace_id = $1 AND segment_id = $2 AND version = $3;

-- name: transition_insert
INSERT INTO segment_transition (transition_no, workspace_id, segment_id, profile_no, at, entered)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: transition_last_no
SELECT CAST(coalesce(max(transition_no), 0) AS BIGINT) FROM segment_transition;

-- name: transition_of_segment
SELECT transition_no, segment_id, profile_no, at, entered FROM segment_transition
WHERE workspace_id = $1 AND segment_id = $2 AND transition_no < $3 ORDER BY transition_no DESC LIMIT $4;

-- name: transition_of_profile
SELECT transition_no, segment_id, profile_no, at, entered FROM segment_transition
WHERE workspace_id = $1 AND profile_no = $2 AND transition_no < $3 ORDER BY transition_no DESC LIMIT $4;

-- name: transition_move
UPDATE segment_transition SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: profile_range
SELECT p.profile_no, p.version, p.doc,
  (SELECT max(e.at) FROM event e WHERE e.workspace_id = p.workspace_id AND e.profile_no = p.profile_no)
FROM profile p WHERE p.workspace_id = $1 AND p.profile_no > $2
ORDER BY p.profile_no LIMIT $3;

-- name: timer_of_kind
SELECT due_at FROM timer WHERE workspace_id = $1 AND kind = $2 AND profile_no = $3 AND subject = $4;

-- name: past_events
SELECT at, name_no, event_no FROM event WHERE workspace_id = $1 AND profile_no = $2 AND at >= $3 ORDER BY at, event_no;

-- name: past_event_bodies
SELECT at, event_no, body FROM event WHERE workspace_id = $1 AND profile_no = $2 AND at >= $3 AND name_no = $4
ORDER BY at, event_no;

-- name: past_events_range
SELECT profile_no, at, name_no, event_no FROM event WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
AND at >= $4;

-- name: past_event_bodies_range
SELECT profile_no, at, event_no, body FROM event WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
AND at >= $4 AND name_no = $5;

-- name: past_orders
SELECT profile_no, doc FROM shop_order WHERE workspace_id = $1 AND profile_no = $2 ORDER BY placed_at, source, order_id;

-- name: past_orders_range
SELECT profile_no, doc FROM shop_order WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
ORDER BY profile_no, placed_at, source, order_id;

-- name: past_messages
SELECT m.profile_no, m.id, m.channel, m.purpose, m.template_id, m.journey_id, m.campaign_id, m.state, m.decided_at,
  m.accepted_at, r.first_opened_at, r.first_clicked_at, r.unsubscribed_at, m.delivered_at
FROM message m LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.profile_no = $2 AND m.origin NOT IN ('test', 'staff') ORDER BY m.message_no;

-- name: past_runs
SELECT journey_id, state, started_at, ended_at, run_id FROM journey_run WHERE workspace_id = $1 AND profile_no = $2
ORDER BY started_at, run_id;

-- name: order_line_insert
INSERT INTO order_line (workspace_id, source, order_id, product_id, profile_no, placed_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: order_line_delete
DELETE FROM order_line WHERE workspace_id = $1 AND source = $2 AND order_id = $3;

-- name: order_line_move
UPDATE order_line SET profile_no = $3
WHERE workspace_id = $1 AND (source, order_id) IN (
  SELECT o.source, o.order_id FROM shop_order o WHERE o.workspace_id = $1 AND o.profile_no = $2);
