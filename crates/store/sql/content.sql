-- name: template_delete
DELETE FROM template WHERE workspace_id = $1 AND template_id = $2;

-- name: template_delete_versions
DELETE FROM template_version WHERE workspace_id = $1 AND template_id = $2;

-- name: template_version_page
SELECT version, source, created_at FROM template_version
WHERE workspace_id = $1 AND template_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4;

-- name: template_draft_set
INSERT INTO template_draft (workspace_id, template_id, base_version, doc, updated_at, updated_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, template_id) DO UPDATE SET base_version = excluded.base_version, doc = excluded.doc,
  updated_at = excluded.updated_at, updated_by = excluded.updated_by;

-- name: template_draft_find
SELECT base_version, doc, updated_at, updated_by FROM template_draft WHERE workspace_id = $1 AND template_id = $2;

-- name: template_draft_list
SELECT template_id, doc FROM template_draft WHERE workspace_id = $1 ORDER BY template_id;

-- name: template_draft_delete
DELETE FROM template_draft WHERE workspace_id = $1 AND template_id = $2;

-- name: media_insert
INSERT INTO media (workspace_id, media_id, name, file, kind, size, width, height, alt, search, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: media_content_insert
INSERT INTO media_content (media_id, workspace_id, kind, content) VALUES ($1, $2, $3, $4);

-- name: media_update
UPDATE media SET name = $3, alt = $4, search = $5 WHERE workspace_id = $1 AND media_id = $2;

-- name: media_delete
DELETE FROM media WHERE workspace_id = $1 AND media_id = $2;

-- name: media_content_delete
DELETE FROM media_content WHERE media_id = $2 AND workspace_id = $1;

-- name: media_find
SELECT media_id, name, file, kind, size, width, height, alt, search, created_at, created_by FROM media
WHERE workspace_id = $1 AND media_id = $2;

-- name: media_page
SELECT media_id, name, file, kind, size, width, height, alt, search, created_at, created_by FROM media
WHERE workspace_id = $1 AND media_id < $2
-- @sqlite AND ($3 = '' OR instr(search, $3) > 0)
-- @postgres AND ($3 = '' OR strpos(search, $3) > 0)
ORDER BY media_id DESC LIMIT $4;

-- name: media_total
SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM media WHERE workspace_id = $1;

-- name: media_content_find
SELECT kind, content FROM media_content WHERE media_id = $1;
