-- name: request_insert
INSERT INTO person_request (workspace_id, request_id, kind, state, received_at, due_at, profile_id, revision, doc)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8);

-- name: request_update
UPDATE person_request SET state = $4, due_at = $5, profile_id = $6, doc = $7, revision = revision + 1
WHERE workspace_id = $1 AND request_id = $2 AND revision = $3;

-- name: request_find
SELECT request_id, kind, state, received_at, due_at, profile_id, revision, doc FROM person_request
WHERE workspace_id = $1 AND request_id = $2;

-- name: request_page
SELECT request_id, kind, state, received_at, due_at, profile_id, revision, doc FROM person_request
WHERE workspace_id = $1 AND request_id < $2 AND ($3 = '' OR state = $3) AND ($4 = '' OR kind = $4)
ORDER BY request_id DESC LIMIT $5;

-- name: request_open
SELECT request_id, kind, state, received_at, due_at, profile_id, revision, doc FROM person_request
WHERE workspace_id = $1 AND state IN ('received', 'acknowledged') AND due_at < $2 AND (due_at > $3 OR (due_at = $3 AND request_id > $4))
ORDER BY due_at, request_id LIMIT $5;

-- name: request_of_profile
SELECT request_id, kind, state, received_at, due_at, profile_id, revision, doc FROM person_request
WHERE workspace_id = $1 AND profile_id = $2 ORDER BY request_id LIMIT 500;

-- name: erasure_insert
INSERT INTO erasure (workspace_id, profile_no, profile_id, at, number_last, doc) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, profile_no) DO NOTHING;

-- name: erasure_finish
UPDATE erasure SET finished_at = $3 WHERE workspace_id = $1 AND profile_no = $2 AND finished_at IS NULL;

-- name: erasure_find
SELECT profile_no, profile_id, at, finished_at, number_last, doc FROM erasure WHERE workspace_id = $1 AND profile_id = $2;

-- name: erasure_by_no
SELECT profile_no, profile_id, at, finished_at, number_last, doc FROM erasure WHERE workspace_id = $1 AND profile_no = $2;

-- name: erasure_page
SELECT profile_no, profile_id, at, finished_at, number_last, doc FROM erasure
WHERE workspace_id = $1 AND profile_no > $2 ORDER BY profile_no LIMIT $3;

-- name: erase_profile
DELETE FROM profile WHERE workspace_id = $1 AND profile_no = $2;

-- name: erase_identifier
DELETE FROM identifier WHERE workspace_id = $1 AND identifier = $2 AND profile_no = $3;

-- name: erase_aliases
DELETE FROM profile_alias WHERE workspace_id = $1 AND profile_no = $2;

-- name: erase_timers
DELETE FROM timer WHERE workspace_id = $1 AND profile_no = $2 AND kind <> 'erase';

-- name: erase_events
DELETE FROM event WHERE event_no IN (SELECT e.event_no FROM event e WHERE e.workspace_id = $1 AND e.profile_no = $2
  LIMIT $3);

-- name: erase_changes
DELETE FROM attribute_change WHERE change_no IN (SELECT c.change_no FROM attribute_change c
  WHERE c.workspace_id = $1 AND c.profile_no = $2 LIMIT $3);

-- name: erase_consents
DELETE FROM consent_record WHERE record_no IN (SELECT c.record_no FROM consent_record c
  WHERE c.workspace_id = $1 AND c.profile_no = $2 LIMIT $3);

-- name: erase_merges
DELETE FROM merge_log WHERE merge_no IN (SELECT m.merge_no FROM merge_log m
  WHERE m.workspace_id = $1 AND m.profile_no = $2 LIMIT $3);

-- name: erase_merges_of_others
DELETE FROM merge_log WHERE merge_no IN (SELECT m.merge_no FROM merge_log m
  WHERE m.workspace_id = $1 AND m.other_no = $2 LIMIT $3);

-- name: erase_steps
DELETE FROM journey_step WHERE workspace_id = $1 AND run_id IN (SELECT r.run_id FROM journey_run r
  WHERE r.workspace_id = $1 AND r.profile_no = $2 ORDER BY r.run_id LIMIT $3);

-- name: erase_runs
DELETE FROM journey_run WHERE workspace_id = $1 AND run_id IN (SELECT r.run_id FROM journey_run r
  WHERE r.workspace_id = $1 AND r.profile_no = $2 ORDER BY r.run_id LIMIT $3);

-- name: erase_transitions
DELETE FROM segment_transition WHERE transition_no IN (SELECT t.transition_no FROM segment_transition t
  WHERE t.workspace_id = $1 AND t.profile_no = $2 LIMIT $3);

-- name: erase_message_logs
UPDATE message_log SET detail = '' WHERE workspace_id = $1 AND detail <> '' AND message_no IN (SELECT m.message_no FROM message m
  WHERE m.workspace_id = $1 AND m.profile_no = $2
  AND (m.message_key NOT LIKE 'erased:%' OR m.detail <> '' OR m.address IS NOT NULL) ORDER BY m.message_no LIMIT $3);

-- name: erase_bodies
DELETE FROM message_body WHERE workspace_id = $1 AND message_no IN (SELECT m.message_no FROM message m
  WHERE m.workspace_id = $1 AND m.profile_no = $2
  AND (m.message_key NOT LIKE 'erased:%' OR m.detail <> '' OR m.address IS NOT NULL) ORDER BY m.message_no LIMIT $3);

-- name: erase_messages
UPDATE message SET message_key = 'erased:' || CAST(message_no AS TEXT), address = NULL, detail = '', context = '{}',
  provider_id = NULL, state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
  reason = CASE WHEN state = 'queued' THEN 'erased' ELSE reason END
WHERE message_no IN (SELECT m.message_no FROM message m
  WHERE m.workspace_id = $1 AND m.profile_no = $2
  AND (m.message_key NOT LIKE 'erased:%' OR m.detail <> '' OR m.address IS NOT NULL) ORDER BY m.message_no LIMIT $3);

-- name: erase_orders
DELETE FROM shop_order WHERE workspace_id = $1 AND profile_no = $2;

-- name: erase_order_lines
DELETE FROM order_line WHERE workspace_id = $1 AND profile_no = $2;

-- name: erase_left
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM event WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM attribute_change WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM consent_record WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM merge_log WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM merge_log WHERE workspace_id = $1 AND other_no = $2)
  OR EXISTS (SELECT 1 FROM journey_run WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM segment_transition WHERE workspace_id = $1 AND profile_no = $2)
  OR EXISTS (SELECT 1 FROM message m WHERE m.workspace_id = $1 AND m.profile_no = $2
    AND (m.message_key NOT LIKE 'erased:%' OR m.detail <> '' OR m.address IS NOT NULL))
  THEN 1 ELSE 0 END AS BIGINT);

-- name: rejection_delete
DELETE FROM rejection WHERE workspace_id = $1 AND rejection_no = $2;

-- name: quarantine_page
SELECT seq, meta, payload, error FROM quarantine WHERE seq > $2 AND workspace_id = $1 ORDER BY seq LIMIT $3;

-- name: quarantine_delete
DELETE FROM quarantine WHERE workspace_id = $1 AND seq = $2;

-- name: idempotency_page
SELECT idempotency_key, body FROM idempotency WHERE workspace_id = $1 AND idempotency_key > $2
ORDER BY idempotency_key LIMIT $3;

-- name: idempotency_delete
DELETE FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2;

-- name: suppression_erased
SELECT at FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = $3 AND reason = 'erased';

-- name: old_events
SELECT event_no, profile_no, at FROM event WHERE workspace_id = $1 AND name_no = $2 AND at < $3
ORDER BY at, event_no LIMIT $4;

-- name: old_events_count
SELECT count(*) FROM event WHERE workspace_id = $1 AND name_no = $2 AND at < $3;

-- name: old_event_delete
DELETE FROM event WHERE workspace_id = $1 AND event_no = $2;

-- name: old_rejections_count
SELECT count(*) FROM rejection WHERE workspace_id = $1 AND at < $2;

-- name: old_rejections_delete
DELETE FROM rejection WHERE rejection_no IN (SELECT r.rejection_no FROM rejection r
  WHERE r.workspace_id = $1 AND r.at < $2 ORDER BY r.at LIMIT $3);

-- name: old_bodies_count
SELECT count(*) FROM message_body WHERE workspace_id = $1 AND created_at < $2 AND (html IS NOT NULL OR text IS NOT NULL);
