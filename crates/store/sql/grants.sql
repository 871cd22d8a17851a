-- name: channel_token_insert
INSERT INTO channel_token (workspace_id, channel, sealed, version) VALUES ($1, $2, $3, 1);

-- name: channel_token_update
UPDATE channel_token SET sealed = $4, version = version + 1 WHERE workspace_id = $1 AND channel = $2 AND version = $3;

-- name: channel_token_find
SELECT sealed, version FROM channel_token WHERE workspace_id = $1 AND channel = $2;

-- name: channel_authorisation_insert
INSERT INTO channel_authorisation (state_hash, workspace_id, channel, login_id, sealed, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: channel_authorisation_find
SELECT workspace_id, channel, login_id, sealed, expires_at FROM channel_authorisation WHERE state_hash = $1;

-- name: channel_authorisation_delete
DELETE FROM channel_authorisation WHERE state_hash = $1;

-- name: channel_authorisation_expire
DELETE FROM channel_authorisation WHERE expires_at < $1;

-- name: provider_template_clear
DELETE FROM provider_template WHERE workspace_id = $1 AND channel = $2;

-- name: provider_template_insert
INSERT INTO provider_template (workspace_id, channel, template_id, name, status, doc, synced_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: provider_template_turn
UPDATE provider_template SET status = $4 WHERE workspace_id = $1 AND channel = $2 AND template_id = $3;

-- name: provider_template_list
SELECT template_id, name, status, doc, synced_at FROM provider_template WHERE workspace_id = $1 AND channel = $2
ORDER BY template_id;
