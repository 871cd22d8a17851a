-- name: model_insert
INSERT INTO model (workspace_id, kind, version, fitted_at, state, document, report)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: model_retire
UPDATE model SET state = 'retired', document = '' WHERE workspace_id = $1 AND kind = $2 AND state = 'serving';

-- name: model_prune
DELETE FROM model WHERE workspace_id = $1 AND kind = $2 AND version <= $3 AND state <> 'serving';

-- name: model_drop
DELETE FROM model WHERE workspace_id = $1 AND kind = $2;

-- name: model_last
SELECT version, fitted_at FROM model WHERE workspace_id = $1 AND kind = $2 ORDER BY version DESC LIMIT 1;

-- name: model_one
SELECT kind, version, fitted_at, state, document, report FROM model
WHERE workspace_id = $1 AND kind = $2 AND version = $3;

-- name: model_history
SELECT version, fitted_at, state, report FROM model WHERE workspace_id = $1 AND kind = $2
ORDER BY version DESC LIMIT $3;

-- name: models_serving
SELECT workspace_id, kind, version FROM model WHERE state = 'serving' ORDER BY workspace_id, kind;

-- name: models_serving_of
SELECT kind, version, fitted_at, state, document, report FROM model
WHERE workspace_id = $1 AND state = 'serving' ORDER BY kind;

-- name: scan_purchases
SELECT profile_no, placed_at, CASE WHEN currency = $3 THEN net ELSE 0 END FROM shop_order
WHERE workspace_id = $1 AND counts = $2;
