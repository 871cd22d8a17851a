-- name: template_insert
INSERT INTO template (workspace_id, template_id, name, channel, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, 1, $5, $5);

-- name: template_update
UPDATE template SET name = $4, channel = $5, version = version + 1, updated_at = $6
WHERE workspace_id = $1 AND template_id = $2 AND version = $3;

-- name: template_find
SELECT t.template_id, t.name, t.channel, t.version, t.created_at, t.updated_at, v.source
FROM template t JOIN template_version v
ON v.workspace_id = t.workspace_id AND v.template_id = t.template_id AND v.version = t.version
WHERE t.workspace_id = $1 AND t.template_id = $2;

-- name: template_list
SELECT t.template_id, t.name, t.channel, t.version, t.created_at, t.updated_at, v.source
FROM template t JOIN template_version v
ON v.workspace_id = t.workspace_id AND v.template_id = t.template_id AND v.version = t.version
WHERE t.workspace_id = $1 ORDER BY t.template_id;

-- name: template_version_insert
INSERT INTO template_version (workspace_id, template_id, version, source, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: template_version_find
SELECT source FROM template_version WHERE workspace_id = $1 AND template_id = $2 AND version = $3;

-- name: message_insert
INSERT INTO message (message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node,
  template_id, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, context, campaign_id,
  campaign_run)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', $16, $17, 0, $18, $19, $20);

-- name: message_last
SELECT CAST(coalesce(max(message_no), 0) AS BIGINT) FROM message;

-- name: message_due
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE state = 'queued' AND channel = $1 AND due_at <= $2 AND purpose <> 'transactional'
AND (CAST($4 AS BIGINT) < 0 OR workspace_id = $4) ORDER BY due_at, message_no LIMIT $3;

-- name: message_due_service
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE state = 'queued' AND purpose = 'transactional' AND channel = $1 AND due_at <= $2
AND (CAST($4 AS BIGINT) < 0 OR workspace_id = $4) ORDER BY due_at, message_no LIMIT $3;

-- name: message_next_due
SELECT min(due_at) FROM message WHERE state = 'queued' AND channel = $1;

-- name: message_stranded
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE state = 'sending' ORDER BY message_no LIMIT $1;

-- name: message_find
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND id = $2;

-- name: message_by_no
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND message_no = $2;

-- name: message_by_key
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND message_key = $2;

-- name: message_of_profile
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND profile_no = $2 AND message_no < $3 ORDER BY message_no DESC LIMIT $4;

-- name: message_page
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND message_no < $2
AND ($4 = '' OR state = $4) AND ($5 = '' OR channel = $5) AND ($6 = '' OR journey_id = $6)
ORDER BY message_no DESC LIMIT $3;

-- name: ledger_whole
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND decided_at >= $4 AND (decided_at, message_no) < ($2, $3)
AND message_no > 0
ORDER BY decided_at DESC, message_no DESC LIMIT $5;

-- name: ledger_of_state
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND decided_at >= $4 AND (decided_at, message_no) < ($2, $3)
AND state = $6 AND state IN ('refused', 'failed', 'unknown', 'cancelled', 'held')
ORDER BY decided_at DESC, message_no DESC LIMIT $5;

-- name: ledger_of_reason
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND decided_at >= $4 AND (decided_at, message_no) < ($2, $3)
AND reason = $6 AND reason <> ''
ORDER BY decided_at DESC, message_no DESC LIMIT $5;

-- name: ledger_of_campaign
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND decided_at >= $4 AND (decided_at, message_no) < ($2, $3)
AND campaign_id = $6 AND campaign_id IS NOT NULL AND message_no <> 0
ORDER BY decided_at DESC, message_no DESC LIMIT $5;

-- name: ledger_of_profile
SELECT message_no, workspace_id, id, message_key, profile_no, origin, journey_id, run_id, node, template_id,
  template_version, channel, purpose, address, state, reason, detail, decided_at, due_at, attempts, attempted_at,
  accepted_at, provider_id, context, campaign_id, campaign_run
FROM message WHERE workspace_id = $1 AND decided_at >= $4 AND (decided_at, message_no) < ($2, $3)
AND profile_no = $6
ORDER BY decided_at DESC, message_no DESC LIMIT $5;

-- name: message_move
UPDATE message SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: message_cancel_run
UPDATE message SET state = 'cancelled', reason = $3
WHERE workspace_id = $1 AND run_id = $2 AND state = 'queued' AND purpose = 'marketing';

-- name: message_claim
UPDATE message SET state = 'sending', reason = '', attempts = attempts + 1, attempted_at = $2, address = $3,
  template_version = $4
WHERE message_no = $1 AND state = 'queued';

-- name: message_turn
UPDATE message SET state = $3, reason = $4, detail = $5, due_at = $6, address = coalesce($7, address)
WHERE message_no = $1 AND state = $2;

-- name: message_accept
UPDATE message SET state = 'accepted', reason = '', detail = $2, accepted_at = $3, provider_id = $4
WHERE message_no = $1 AND state = 'sending';

-- name: message_by_provider_id
SELECT message_no FROM message WHERE workspace_id = $1 AND provider_id = $2 AND provider_id IS NOT NULL
AND channel = $3 ORDER BY message_no DESC LIMIT 1;

-- name: message_delivered
UPDATE message SET delivered_at = coalesce(delivered_at, $2), fall_back_at = NULL, ask_at = NULL,
  accepted_at = coalesce(accepted_at, $2),
  reason = CASE WHEN state = 'unknown' THEN '' ELSE reason END,
  state = CASE WHEN state = 'unknown' THEN 'accepted' ELSE state END
WHERE message_no = $1;

-- name: message_seen
UPDATE message SET seen_at = coalesce(seen_at, $2) WHERE message_no = $1;

-- name: message_returned
UPDATE message SET state = 'failed', reason = $2, detail = $3, ask_at = NULL WHERE message_no = $1
AND state IN ('sending', 'accepted', 'unknown');

-- name: message_price
UPDATE message SET price = $2 WHERE message_no = $1;

-- name: message_switch
UPDATE message SET channel = $3, template_id = $4, template_version = NULL, context = $5, state = 'queued',
  reason = $6, detail = $7, due_at = $8, address = NULL, attempts = 0, price = NULL
WHERE message_no = $1 AND state = $2;

-- name: message_uncount
UPDATE message SET attempts = attempts - 1 WHERE message_no = $1 AND attempts > 0;

-- name: message_fall_back
UPDATE message SET fall_back_at = $2 WHERE message_no = $1;

-- name: message_fall_backs_due
SELECT message_no, workspace_id FROM message WHERE fall_back_at IS NOT NULL AND fall_back_at <= $1
ORDER BY fall_back_at, message_no LIMIT $2;

-- name: message_next_fall_back
SELECT min(fall_back_at) FROM message WHERE fall_back_at IS NOT NULL;

-- name: message_ask
UPDATE message SET ask_at = $2 WHERE message_no = $1;

-- name: message_asks_due
SELECT message_no, workspace_id, channel, id, provider_id, address, accepted_at FROM message
WHERE ask_at IS NOT NULL AND ask_at <= $1 ORDER BY ask_at, message_no LIMIT $2;

-- name: message_next_ask
SELECT min(ask_at) FROM message WHERE ask_at IS NOT NULL;

-- name: message_results
SELECT m.channel,
  CAST(sum(CASE WHEN m.state = 'accepted' THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN m.delivered_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN r.clicks > 0 THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN m.state = 'failed' THEN 1 ELSE 0 END) AS BIGINT),
  -- Within the three days of `domain::habits::BOUGHT_WITHIN_MS`.
  CAST(sum(CASE WHEN EXISTS (SELECT 1 FROM shop_order o WHERE o.workspace_id = $1 AND o.profile_no = $2 AND o.counts
    AND o.placed_at >= r.first_clicked_at AND o.placed_at <= r.first_clicked_at + 259200000) THEN 1 ELSE 0 END) AS BIGINT)
FROM (SELECT message_no, workspace_id, channel, state, delivered_at FROM message
  WHERE workspace_id = $1 AND profile_no = $2 AND state IN ('accepted', 'failed') AND origin NOT IN ('test', 'staff')
  ORDER BY message_no DESC LIMIT 200) m
LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
GROUP BY m.channel ORDER BY m.channel;

-- name: message_course
SELECT delivered_at, seen_at, price, fall_back_at FROM message WHERE workspace_id = $1 AND message_no = $2;

-- name: message_states
SELECT channel, state, reason, count(*) FROM message WHERE workspace_id = $1 AND decided_at >= $2
GROUP BY channel, state, reason ORDER BY channel, state, reason;

-- name: message_log_insert
INSERT INTO message_log (workspace_id, message_no, seq, at, what, detail)
SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), coalesce(max(seq), 0) + 1, CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT)
FROM message_log WHERE workspace_id = $1 AND message_no = $2;

-- name: message_log_list
SELECT at, what, detail FROM message_log WHERE workspace_id = $1 AND message_no = $2 ORDER BY seq LIMIT 500;

-- name: body_set
INSERT INTO message_body (workspace_id, message_no, created_at, subject, html, text, links)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, message_no) DO UPDATE SET subject = excluded.subject, html = excluded.html,
  text = excluded.text, links = excluded.links;

-- name: body_find
SELECT subject, html, text, links FROM message_body WHERE workspace_id = $1 AND message_no = $2;

-- name: body_subject
SELECT subject FROM message_body WHERE workspace_id = $1 AND message_no = $2;

-- name: body_expire
UPDATE message_body SET html = NULL, text = NULL
WHERE workspace_id = $1 AND created_at < $2 AND (html IS NOT NULL OR text IS NOT NULL);

-- name: response_add
INSERT INTO message_response (workspace_id, message_no, opens, clicks, machine_opens, machine_clicks,
  first_opened_at, first_clicked_at, unsubscribed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace_id, message_no) DO UPDATE SET
  opens = message_response.opens + excluded.opens,
  clicks = message_response.clicks + excluded.clicks,
  machine_opens = message_response.machine_opens + excluded.machine_opens,
  machine_clicks = message_response.machine_clicks + excluded.machine_clicks,
  first_opened_at = coalesce(message_response.first_opened_at, excluded.first_opened_at),
  first_clicked_at = coalesce(message_response.first_clicked_at, excluded.first_clicked_at),
  unsubscribed_at = coalesce(message_response.unsubscribed_at, excluded.unsubscribed_at);

-- name: response_find
SELECT opens, clicks, machine_opens, machine_clicks, first_opened_at, first_clicked_at, unsubscribed_at
FROM message_response WHERE workspace_id = $1 AND message_no = $2;

-- name: suppression_find
SELECT reason FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = $3;

-- name: suppression_set
INSERT INTO suppression (workspace_id, channel, address, reason, detail, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, channel, address) DO NOTHING;

-- name: suppression_delete
DELETE FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = $3;

-- name: suppression_page
SELECT channel, address, reason, detail, at FROM suppression
WHERE workspace_id = $1 AND (channel, address) > ($2, $3)
AND ($5 = '' OR channel = $5) AND ($6 = '' OR reason = $6)
-- @sqlite AND ($7 = '' OR instr(address, $7) > 0)
-- @postgres AND ($7 = '' OR strpos(address, $7) > 0)
ORDER BY channel, address LIMIT $4;

-- name: suppression_counts
SELECT channel, reason, count(*) FROM suppression WHERE workspace_id = $1
GROUP BY channel, reason ORDER BY channel, reason;
