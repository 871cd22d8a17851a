-- name: segment_insert
INSERT INTO segment (workspace_id, segment_id, name, description, state, version, live_version, definition, revision,
  created_at, updated_at, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10);

-- name: segment_update
UPDATE segment SET name = $4, description = $5, state = $6, version = $7, live_version = $8, definition = $9,
  computed_at = $10, updated_at = $11, revision = revision + 1
WHERE workspace_id = $1 AND segment_id = $2 AND revision = $3;

-- name: segment_find
SELECT segment_id, name, description, state, version, live_version, definition, revision, created_at, updated_at,
  computed_at
FROM segment WHERE workspace_id = $1 AND segment_id = $2;

-- name: segment_all
SELECT segment_id, name, description, state, version, live_version, definition, revision, created_at, updated_at,
  computed_at
FROM segment WHERE workspace_id = $1 ORDER BY segment_id;

-- name: segment_version_insert
INSERT INTO segment_version (workspace_id, segment_id, version, name, definition, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: segment_version_page
SELECT version, name, definition, created_at, created_by, members, added, removed FROM segment_version
WHERE workspace_id = $1 AND segment_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4;

-- name: segment_entered
SELECT at FROM segment_transition
WHERE workspace_id = $1 AND profile_no = $2 AND segment_id = $3 AND entered = $4 ORDER BY transition_no DESC LIMIT 1;

-- name: list_insert
INSERT INTO list (workspace_id, list_id, name, description, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5);

-- name: list_update
UPDATE list SET name = $3, description = $4, updated_at = $5 WHERE workspace_id = $1 AND list_id = $2;

-- name: list_delete
DELETE FROM list WHERE workspace_id = $1 AND list_id = $2;

-- name: list_all
SELECT list_id, name, description, created_at, updated_at FROM list WHERE workspace_id = $1 ORDER BY list_id;

-- name: list_find
SELECT list_id, name, description, created_at, updated_at FROM list WHERE workspace_id = $1 AND list_id = $2;
