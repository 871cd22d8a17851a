-- name: job_insert
INSERT INTO job (workspace_id, job_id, kind, state, runner, name, fingerprint, plan, progress, created_by, revision,
  created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11);

-- name: job_update
UPDATE job SET state = $3, progress = $5, plan = $6, updated_at = $7, revision = revision + 1
WHERE workspace_id = $1 AND job_id = $2 AND revision = $4;

-- name: job_find
SELECT workspace_id, job_id, kind, state, runner, name, fingerprint, plan, progress, created_by, revision, created_at,
  updated_at
FROM job WHERE workspace_id = $1 AND job_id = $2;

-- name: job_page
SELECT workspace_id, job_id, kind, state, runner, name, fingerprint, plan, progress, created_by, revision, created_at,
  updated_at
FROM job WHERE workspace_id = $1 AND (created_at < $2 OR (created_at = $2 AND job_id < $3)) AND (kind = $4 OR $4 = '')
ORDER BY created_at DESC, job_id DESC LIMIT $5;

-- name: job_open
SELECT workspace_id, job_id, kind, state, runner, name, fingerprint, plan, progress, created_by, revision, created_at,
  updated_at
FROM job WHERE state IN ('waiting', 'running', 'cancelling', 'undoing') ORDER BY created_at, workspace_id, job_id;

-- name: job_delete
DELETE FROM job WHERE workspace_id = $1 AND job_id = $2;

-- name: touch_set
INSERT INTO import_touch (workspace_id, job_id, kind, subject, before, stamp, shared)
VALUES ($1, $2, $3, $4, $5, $6, $8)
ON CONFLICT (workspace_id, job_id, kind, subject)
DO UPDATE SET shared = (import_touch.shared OR import_touch.stamp <> $7), stamp = excluded.stamp;

-- name: touch_page
SELECT kind, subject, before, stamp, shared FROM import_touch
WHERE workspace_id = $1 AND job_id = $2 ORDER BY kind, subject LIMIT $3;

-- name: touch_count
SELECT count(*) FROM import_touch WHERE workspace_id = $1 AND job_id = $2;

-- name: touch_find
SELECT kind FROM import_touch WHERE workspace_id = $1 AND job_id = $2 AND kind = $3 AND subject = $4;

-- name: touch_delete
DELETE FROM import_touch WHERE workspace_id = $1 AND job_id = $2 AND kind = $3 AND subject = $4;

-- name: event_delete
DELETE FROM event WHERE workspace_id = $1 AND event_no = $2;

-- name: event_message_delete
DELETE FROM event_message WHERE bucket = $1 AND workspace_id = $2 AND message_key = $3;

-- name: order_delete
DELETE FROM shop_order WHERE workspace_id = $1 AND source = $2 AND order_id = $3;

-- name: product_delete
DELETE FROM product WHERE workspace_id = $1 AND product_id = $2;

-- name: identifier_delete
DELETE FROM identifier WHERE workspace_id = $1 AND identifier = $2 AND profile_no = $3;

-- name: profile_alias_delete
DELETE FROM profile_alias WHERE workspace_id = $1 AND profile_no = $2;

-- name: merge_delete
DELETE FROM merge_log WHERE workspace_id = $1 AND profile_no = $2;

-- name: attribute_change_delete
DELETE FROM attribute_change WHERE workspace_id = $1 AND profile_no = $2;

-- name: attribute_change_of_source
SELECT change_no, name, at, old, new, source FROM attribute_change
WHERE workspace_id = $1 AND profile_no = $2 AND source = $3 ORDER BY change_no;

-- name: attribute_change_delete_source
DELETE FROM attribute_change WHERE workspace_id = $1 AND profile_no = $2 AND source = $3;

-- name: consent_delete
DELETE FROM consent_record WHERE workspace_id = $1 AND profile_no = $2;

-- name: consent_rows
SELECT record_no, doc FROM consent_record WHERE workspace_id = $1 AND profile_no = $2 ORDER BY at, record_no;

-- name: consent_delete_one
DELETE FROM consent_record WHERE workspace_id = $1 AND record_no = $2;

-- name: timer_delete_profile
DELETE FROM timer WHERE workspace_id = $1 AND profile_no = $2;

-- name: profile_messages
SELECT message_no FROM message WHERE workspace_id = $1 AND profile_no = $2 LIMIT 1;

-- name: profile_runs
SELECT run_id FROM journey_run WHERE workspace_id = $1 AND profile_no = $2 LIMIT 1;

-- name: export_profiles
SELECT p.profile_no, p.version, p.doc,
  (SELECT max(e.at) FROM event e WHERE e.workspace_id = p.workspace_id AND e.profile_no = p.profile_no)
FROM profile p WHERE p.workspace_id = $1 AND p.profile_no > $2 ORDER BY p.profile_no LIMIT $3;

-- name: export_orders
SELECT o.doc, o.profile_no, p.id FROM shop_order o
LEFT JOIN profile p ON p.workspace_id = o.workspace_id AND p.profile_no = o.profile_no
WHERE o.workspace_id = $1 AND (o.source, o.order_id) > ($2, $3) AND o.placed_at >= $4
ORDER BY o.source, o.order_id LIMIT $5;

-- name: export_events
SELECT e.event_no, n.name, e.at, e.received_at, e.historical, e.message_id, e.body, p.id
FROM event e JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name_no = e.name_no
LEFT JOIN profile p ON p.workspace_id = e.workspace_id AND p.profile_no = e.profile_no
WHERE e.event_no > $2 AND e.workspace_id = $1 AND e.at >= $3 ORDER BY e.event_no LIMIT $4;

-- name: export_messages
SELECT m.message_no, m.id, p.id, m.origin, m.journey_id, m.run_id, m.node, m.template_id, m.template_version, m.channel,
  m.purpose, m.address, m.state, m.reason, m.detail, m.decided_at, m.due_at, m.accepted_at, r.opens, r.clicks,
  r.first_opened_at, r.first_clicked_at, r.unsubscribed_at
FROM message m
LEFT JOIN profile p ON p.workspace_id = m.workspace_id AND p.profile_no = m.profile_no
LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
WHERE m.workspace_id = $1 AND m.message_no > $2 AND m.decided_at >= $3 ORDER BY m.message_no LIMIT $4;

-- name: export_consents
SELECT c.record_no, c.doc, p.id FROM consent_record c
LEFT JOIN profile p ON p.workspace_id = c.workspace_id AND p.profile_no = c.profile_no
WHERE c.record_no > $2 AND c.workspace_id = $1 AND c.at >= $3 ORDER BY c.record_no LIMIT $4;

-- name: export_segments
SELECT segment_id, name, description, state, version, definition, created_at, updated_at FROM segment
WHERE workspace_id = $1 ORDER BY segment_id;

-- name: export_journeys
SELECT j.journey_id, j.name, j.status, j.published, v.version, v.definition FROM journey j
JOIN journey_version v ON v.workspace_id = j.workspace_id AND v.journey_id = j.journey_id
WHERE j.workspace_id = $1 ORDER BY j.journey_id, v.version;
