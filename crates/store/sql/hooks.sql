-- name: hook_insert
INSERT INTO webhook (workspace_id, webhook_id, doc, sealed, state, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6);

-- name: hook_update
UPDATE webhook SET doc = $3, sealed = $4, state = $5, updated_at = $6,
  failing_since = CASE WHEN $5 = 'active' AND state <> 'active' THEN NULL ELSE failing_since END
WHERE workspace_id = $1 AND webhook_id = $2;

-- name: hook_delete
DELETE FROM webhook WHERE workspace_id = $1 AND webhook_id = $2;

-- name: hook_list
SELECT workspace_id, webhook_id, doc, sealed, state, created_at, updated_at, failing_since, delivered_at FROM webhook
ORDER BY workspace_id, created_at, webhook_id;

-- name: hook_find
SELECT workspace_id, webhook_id, doc, sealed, state, created_at, updated_at, failing_since, delivered_at FROM webhook
WHERE workspace_id = $1 AND webhook_id = $2;

-- name: hook_well
UPDATE webhook SET failing_since = NULL, delivered_at = $3 WHERE workspace_id = $1 AND webhook_id = $2;

-- name: hook_failing
UPDATE webhook SET failing_since = $3 WHERE workspace_id = $1 AND webhook_id = $2 AND failing_since IS NULL;

-- name: hook_disable
UPDATE webhook SET state = 'disabled', updated_at = $3 WHERE workspace_id = $1 AND webhook_id = $2 AND state = 'active';

-- name: hook_delivery_insert
INSERT INTO webhook_delivery (workspace_id, webhook_id, topic, at, body, state, attempts, next_at, updated_at, log)
VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $4, $4, '[]');

-- name: hook_delivery_due
SELECT delivery_no, workspace_id, webhook_id, topic, at, body, state, attempts, next_at, updated_at, status, log
FROM webhook_delivery
WHERE workspace_id = $1 AND webhook_id = $2 AND next_at IS NOT NULL AND next_at <= $3
ORDER BY next_at, delivery_no LIMIT $4;

-- name: hook_delivery_next
SELECT next_at FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND next_at IS NOT NULL
ORDER BY next_at LIMIT 1;

-- name: hook_delivery_waiting
SELECT count(*) FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND next_at IS NOT NULL;

-- name: hook_delivery_settle
UPDATE webhook_delivery SET state = $4, attempts = $5, next_at = $6, updated_at = $7, status = $8, log = $9
WHERE workspace_id = $1 AND webhook_id = $2 AND delivery_no = $3;

-- name: hook_delivery_again
UPDATE webhook_delivery SET state = 'waiting', next_at = $4, updated_at = $4
WHERE workspace_id = $1 AND webhook_id = $2 AND delivery_no = $3;

-- name: hook_delivery_drop
DELETE FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2;

-- name: hook_delivery_find
SELECT delivery_no, workspace_id, webhook_id, topic, at, body, state, attempts, next_at, updated_at, status, log
FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND delivery_no = $3;

-- name: hook_delivery_page
SELECT delivery_no, workspace_id, webhook_id, topic, at, body, state, attempts, next_at, updated_at, status, log
FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND delivery_no < $3 AND ($4 = '' OR state = $4)
ORDER BY delivery_no DESC LIMIT $5;

-- name: hook_delivery_expire
DELETE FROM webhook_delivery WHERE delivery_no IN (SELECT o.delivery_no FROM webhook_delivery o
  WHERE o.at < $1 AND o.next_at IS NULL ORDER BY o.at LIMIT $2);
