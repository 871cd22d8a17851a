-- name: device_set
INSERT INTO push_device (workspace_id, address, profile_no, kind, keys, user_agent, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (workspace_id, address) DO UPDATE SET profile_no = excluded.profile_no, kind = excluded.kind,
keys = excluded.keys, user_agent = excluded.user_agent, created_at = excluded.created_at,
last_seen_at = excluded.last_seen_at, dead_at = NULL;

-- name: device_find
SELECT address, profile_no, kind, keys, user_agent, created_at, last_seen_at, dead_at FROM push_device
WHERE workspace_id = $1 AND address = $2;

-- name: device_of_profile
SELECT address, profile_no, kind, keys, user_agent, created_at, last_seen_at, dead_at FROM push_device
WHERE workspace_id = $1 AND profile_no = $2 AND dead_at IS NULL ORDER BY last_seen_at DESC, address LIMIT 50;

-- name: device_dies
UPDATE push_device SET dead_at = $3 WHERE workspace_id = $1 AND address = $2 AND dead_at IS NULL;

-- name: device_delete
DELETE FROM push_device WHERE workspace_id = $1 AND address = $2;

-- name: device_move
UPDATE push_device SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: device_erase
DELETE FROM push_device WHERE workspace_id = $1 AND profile_no = $2;

-- name: onsite_insert
INSERT INTO onsite_message (workspace_id, message_no, message_id, profile_no, purpose, content, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: onsite_pending
SELECT message_no, message_id, profile_no, purpose, content, created_at, expires_at, shown_at, closed_at
FROM onsite_message WHERE workspace_id = $1 AND profile_no = $2 AND closed_at IS NULL AND +expires_at > $3
ORDER BY message_no DESC LIMIT $4;

-- name: onsite_find
SELECT message_no, message_id, profile_no, purpose, content, created_at, expires_at, shown_at, closed_at
FROM onsite_message WHERE workspace_id = $1 AND message_id = $2;

-- name: onsite_shown
UPDATE onsite_message SET shown_at = $3 WHERE workspace_id = $1 AND message_no = $2 AND shown_at IS NULL;

-- name: onsite_closed
UPDATE onsite_message SET closed_at = $3 WHERE workspace_id = $1 AND message_no = $2 AND closed_at IS NULL;

-- name: onsite_move
UPDATE onsite_message SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: onsite_erase
DELETE FROM onsite_message WHERE workspace_id = $1 AND profile_no = $2;

-- name: onsite_expire
DELETE FROM onsite_message WHERE workspace_id = $1 AND expires_at < $2;

-- name: contact_set
INSERT INTO staff_contact (workspace_id, name, sealed, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at;

-- name: contact_delete
DELETE FROM staff_contact WHERE workspace_id = $1 AND name = $2;

-- name: contact_find
SELECT workspace_id, name, sealed, updated_at FROM staff_contact WHERE workspace_id = $1 AND name = $2;

-- name: contact_list
SELECT workspace_id, name, sealed, updated_at FROM staff_contact ORDER BY workspace_id, name;
