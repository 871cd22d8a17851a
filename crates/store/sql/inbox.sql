-- name: inbox_append
INSERT INTO inbox (workspace_id, received_at, kind, items, meta, payload) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING seq;

-- name: inbox_peek
SELECT seq, workspace_id, received_at, kind, items, meta, payload FROM inbox WHERE seq > $1 ORDER BY seq LIMIT $2;

-- name: inbox_outline
SELECT seq, items FROM inbox ORDER BY seq LIMIT $1;

-- name: inbox_delete
DELETE FROM inbox WHERE seq = $1;

-- name: quarantine_insert
INSERT INTO quarantine (seq, workspace_id, received_at, kind, items, meta, payload, at, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: quarantine_count
SELECT count(*) FROM quarantine;

-- name: inbox_waiting
SELECT count(*), CAST(coalesce(sum(items), 0) AS BIGINT), min(received_at) FROM inbox;

-- name: progress_get
SELECT value FROM progress WHERE name = $1;

-- name: progress_set
INSERT INTO progress (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: progress_bump_expected
UPDATE progress SET value = value + 1 WHERE name = $1 AND value = $2;

-- name: progress_bump
INSERT INTO progress (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = progress.value + 1;

-- name: set_aside_page
SELECT seq, received_at, kind, items, meta, payload, at, error FROM quarantine
WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: set_aside_find
SELECT seq, received_at, kind, items, meta, payload, at, error FROM quarantine WHERE workspace_id = $1 AND seq = $2;

-- name: set_aside_release
INSERT INTO inbox (workspace_id, received_at, kind, items, meta, payload)
SELECT workspace_id, received_at, kind, items, meta, payload FROM quarantine WHERE workspace_id = $1 AND seq = $2
RETURNING seq;

-- name: storage_size @sqlite
SELECT CAST(p.page_count * s.page_size AS BIGINT), 'SQLite ' || sqlite_version()
FROM pragma_page_count() p, pragma_page_size() s;
-- name: storage_size @postgres
SELECT pg_database_size(current_database()), 'PostgreSQL ' || current_setting('server_version');
