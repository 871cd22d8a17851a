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

-- name: key_use_set
INSERT INTO api_key_use (workspace_id, key_id, used_at) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, key_id) DO UPDATE SET used_at = excluded.used_at WHERE api_key_use.used_at < excluded.used_at;

-- name: key_use_list
SELECT key_id, used_at FROM api_key_use WHERE workspace_id = $1;

-- name: account_insert
INSERT INTO account (account_id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: account_of_email
SELECT account_id, email, name, password_hash FROM account WHERE email = $1;

-- name: account_by_email
SELECT a.account_id, m.workspace_id, a.email, a.name, m.role, a.password_hash
FROM account a JOIN account_workspace m ON m.account_id = a.account_id
WHERE a.email = $1 ORDER BY m.added_at, m.workspace_id LIMIT 1;

-- name: account_by_id
SELECT a.account_id, m.workspace_id, a.email, a.name, m.role, a.password_hash
FROM account_workspace m JOIN account a ON a.account_id = m.account_id
WHERE m.workspace_id = $1 AND m.account_id = $2;

-- name: account_list
SELECT a.account_id, m.workspace_id, a.email, a.name, m.role, a.password_hash
FROM account_workspace m JOIN account a ON a.account_id = m.account_id
WHERE m.workspace_id = $1 ORDER BY m.added_at, a.email;

-- name: account_password
UPDATE account SET password_hash = $2 WHERE account_id = $1;

-- name: account_rename
UPDATE account SET name = $2 WHERE account_id = $1;

-- name: account_delete_lonely
DELETE FROM account WHERE account_id = $1
AND NOT EXISTS (SELECT 1 FROM account_workspace m WHERE m.account_id = account.account_id);

-- name: account_language
UPDATE account SET language = $2 WHERE account_id = $1;

-- name: account_personal
SELECT a.language, a.created_at, f.confirmed_at, (SELECT count(*) FROM recovery_code r WHERE r.account_id = a.account_id)
FROM account a LEFT JOIN second_factor f ON f.account_id = a.account_id WHERE a.account_id = $1;

-- name: second_factor_list
SELECT f.account_id FROM account_workspace m JOIN second_factor f ON f.account_id = m.account_id
WHERE m.workspace_id = $1 AND f.confirmed_at IS NOT NULL;

-- name: second_factor_begin
INSERT INTO second_factor (account_id, sealed, begun_at, confirmed_at, last_step) VALUES ($1, $2, $3, NULL, 0)
ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, begun_at = excluded.begun_at, last_step = 0
WHERE second_factor.confirmed_at IS NULL;

-- name: second_factor_find
SELECT sealed, begun_at, confirmed_at, last_step FROM second_factor WHERE account_id = $1;

-- name: second_factor_confirm
UPDATE second_factor SET confirmed_at = $2, last_step = $3 WHERE account_id = $1 AND confirmed_at IS NULL;

-- name: second_factor_use
UPDATE second_factor SET last_step = $2 WHERE account_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL;

-- name: second_factor_delete
DELETE FROM second_factor WHERE account_id = $1;

-- name: second_factor_delete_lonely
DELETE FROM second_factor WHERE account_id = $1
AND NOT EXISTS (SELECT 1 FROM account a WHERE a.account_id = second_factor.account_id);

-- name: recovery_insert
INSERT INTO recovery_code (account_id, code_hash) VALUES ($1, $2);

-- name: recovery_use
DELETE FROM recovery_code WHERE account_id = $1 AND code_hash = $2;

-- name: recovery_delete_account
DELETE FROM recovery_code WHERE account_id = $1;

-- name: recovery_delete_lonely
DELETE FROM recovery_code WHERE account_id = $1
AND NOT EXISTS (SELECT 1 FROM account a WHERE a.account_id = recovery_code.account_id);

-- name: member_insert
INSERT INTO account_workspace (workspace_id, account_id, role, added_at) VALUES ($1, $2, $3, $4);

-- name: member_workspaces
SELECT m.workspace_id, w.slug, w.name, m.role FROM account_workspace m JOIN workspace w ON w.workspace_id = m.workspace_id
WHERE m.account_id = $1 ORDER BY m.added_at, m.workspace_id;

-- name: member_role
UPDATE account_workspace SET role = $3 WHERE workspace_id = $1 AND account_id = $2 AND role = $4
AND ($3 = 'owner' OR role <> 'owner' OR EXISTS (SELECT 1 FROM account_workspace o
  WHERE o.workspace_id = $1 AND o.role = 'owner' AND o.account_id <> $2));

-- name: member_delete
DELETE FROM account_workspace WHERE workspace_id = $1 AND account_id = $2
AND (role <> 'owner' OR EXISTS (SELECT 1 FROM account_workspace o
  WHERE o.workspace_id = $1 AND o.role = 'owner' AND o.account_id <> $2));

-- name: login_insert
INSERT INTO login (token_hash, login_id, account_id, workspace_id, created_at, token_at, used_at, expires_at, replaced,
  ip, agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: login_find
SELECT login_id, account_id, workspace_id, created_at, token_at, used_at, expires_at, replaced, ip, agent
FROM login WHERE token_hash = $1;

-- name: login_list
SELECT login_id, account_id, workspace_id, created_at, token_at, used_at, expires_at, replaced, ip, agent
FROM login WHERE account_id = $1 AND replaced = $2 ORDER BY created_at, login_id LIMIT 200;

-- name: login_touch
UPDATE login SET used_at = $2, ip = $3 WHERE token_hash = $1;

-- name: login_replace
UPDATE login SET replaced = $2, expires_at = $3 WHERE token_hash = $1 AND replaced <> $2;

-- name: login_move
UPDATE login SET workspace_id = $2 WHERE token_hash = $1;

-- name: login_delete
DELETE FROM login WHERE token_hash = $1;

-- name: login_delete_id
DELETE FROM login WHERE account_id = $1 AND login_id = $2;

-- name: login_delete_account
DELETE FROM login WHERE account_id = $1;

-- name: login_delete_others
DELETE FROM login WHERE account_id = $1 AND login_id <> $2;

-- name: login_delete_member
DELETE FROM login WHERE account_id = $2 AND workspace_id = $1;

-- name: login_expire
DELETE FROM login WHERE expires_at < $1;

-- name: invitation_insert
INSERT INTO invitation (workspace_id, invitation_id, email, role, token_hash, invited_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: invitation_by_token
SELECT workspace_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
FROM invitation WHERE token_hash = $1;

-- name: invitation_find
SELECT workspace_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
FROM invitation WHERE workspace_id = $1 AND invitation_id = $2;

-- name: invitation_list
SELECT workspace_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
FROM invitation WHERE workspace_id = $1 ORDER BY invitation_id DESC LIMIT 500;

-- name: invitation_renew
UPDATE invitation SET token_hash = $3, expires_at = $4
WHERE workspace_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: invitation_accept
UPDATE invitation SET accepted_at = $3
WHERE workspace_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3;

-- name: invitation_revoke
UPDATE invitation SET revoked_at = $3
WHERE workspace_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: reset_insert
INSERT INTO password_reset (token_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: reset_find
SELECT account_id, expires_at FROM password_reset WHERE token_hash = $1;

-- name: reset_use
DELETE FROM password_reset WHERE token_hash = $1;

-- name: reset_delete_account
DELETE FROM password_reset WHERE account_id = $1;

-- name: reset_expire
DELETE FROM password_reset WHERE expires_at < $1;

-- name: audit_insert
INSERT INTO audit (workspace_id, at, actor, role, action, object, detail, ip) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: audit_page
SELECT audit_no, at, actor, role, action, object, detail, ip FROM audit
WHERE workspace_id = $1 AND audit_no < $2 AND at >= $3 AND at < $4 AND ($5 = '' OR action = $5)
AND ($7 = '' OR object = $7 OR substr(object, 1, length($7) + 1) = $7 || '/')
ORDER BY audit_no DESC LIMIT $6;

-- name: audit_page_of_actor
SELECT audit_no, at, actor, role, action, object, detail, ip FROM audit
WHERE workspace_id = $1 AND actor = $8 AND audit_no < $2 AND at >= $3 AND at < $4 AND ($5 = '' OR action = $5)
AND ($7 = '' OR object = $7 OR substr(object, 1, length($7) + 1) = $7 || '/')
ORDER BY audit_no DESC LIMIT $6;

-- name: audit_page_of_object
SELECT audit_no, at, actor, role, action, object, detail, ip FROM audit
WHERE workspace_id = $1 AND object = $8 AND audit_no < $2 AND at >= $3 AND at < $4 AND ($5 = '' OR action = $5)
AND ($7 = '' OR object = $7 OR substr(object, 1, length($7) + 1) = $7 || '/')
ORDER BY audit_no DESC LIMIT $6;

-- name: audit_old_count
SELECT count(*) FROM audit WHERE workspace_id = $1 AND at < $2;

-- name: audit_expire
DELETE FROM audit WHERE audit_no IN (SELECT o.audit_no FROM audit o WHERE o.workspace_id = $1 AND o.at < $2
  ORDER BY o.at LIMIT $3);

-- name: idempotency_find
SELECT fingerprint, status, body FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2 AND at > $3;

-- name: idempotency_set
INSERT INTO idempotency (workspace_id, idempotency_key, fingerprint, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
  body = excluded.body, at = excluded.at;

-- name: idempotency_expire
DELETE FROM idempotency WHERE at < $1;
