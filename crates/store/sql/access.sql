-- name: workspace_insert
INSERT INTO workspace (workspace_id, slug, name, settings, salt, version, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6);

-- name: workspace_list
SELECT workspace_id, slug, name, settings, salt, version FROM workspace ORDER BY workspace_id;

-- name: workspace_update
UPDATE workspace SET name = $3, settings = $4, version = version + 1 WHERE workspace_id = $1 AND version = $2;

-- name: channel_find
SELECT sealed, enabled, updated_at FROM channel WHERE workspace_id = $1 AND channel = $2;

-- name: channel_list
SELECT workspace_id, channel, sealed, enabled, updated_at FROM channel ORDER BY workspace_id, channel;

-- name: channel_set
INSERT INTO channel (workspace_id, channel, sealed, enabled, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, channel) DO UPDATE SET sealed = excluded.sealed, enabled = excluded.enabled,
  updated_at = excluded.updated_at;

-- name: key_insert
INSERT INTO api_key (key_id, workspace_id, kind, name, scopes, hash, hint, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: key_by_hash
SELECT key_id, workspace_id, kind, name, scopes, hint, created_at, revoked_at FROM api_key WHERE hash = $1;

-- name: key_list
SELECT key_id, workspace_id, kind, name, scopes, hint, created_at, revoked_at FROM api_key
WHERE workspace_id = $1 ORDER BY created_at, key_id;

-- name: key_revoke
UPDATE api_key SET revoked_at = $3 WHERE workspace_id = $1 AND key_id = $2 AND revoked_at IS NULL;

-- name: account_insert
INSERT INTO account (account_id, workspace_id, email, name, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: account_by_email
SELECT account_id, workspace_id, email, name, role, password_hash FROM account WHERE email = $1;

-- name: account_by_id
SELECT account_id, workspace_id, email, name, role, password_hash FROM account WHERE account_id = $1;

-- name: account_list
SELECT account_id, workspace_id, email, name, role, password_hash FROM account WHERE workspace_id = $1 ORDER BY created_at, email;

-- name: account_password
UPDATE account SET password_hash = $2 WHERE account_id = $1;

-- name: login_insert
INSERT INTO login (token_hash, account_id, workspace_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: login_find
SELECT account_id, workspace_id, expires_at FROM login WHERE token_hash = $1;

-- name: login_delete
DELETE FROM login WHERE token_hash = $1;

-- name: login_delete_account
DELETE FROM login WHERE account_id = $1;

-- name: login_expire
DELETE FROM login WHERE expires_at < $1;

-- name: idempotency_find
SELECT fingerprint, status, body FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2 AND at > $3;

-- name: idempotency_set
INSERT INTO idempotency (workspace_id, idempotency_key, fingerprint, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
  body = excluded.body, at = excluded.at;

-- name: idempotency_expire
DELETE FROM idempotency WHERE at < $1;
