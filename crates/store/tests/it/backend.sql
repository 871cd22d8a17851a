-- What the tests of the backend ask for.

-- name: counter_get
SELECT value FROM counter WHERE name = $1

-- name: counter_all
SELECT name, value FROM counter ORDER BY name

-- name: counter_insert
INSERT INTO counter (name, value) VALUES ($1, $2)

-- name: counter_set
UPDATE counter SET value = $2 WHERE name = $1 AND value = $3

-- name: counter_add
INSERT INTO counter (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value

-- name: log_append
INSERT INTO log (body) VALUES ($1) RETURNING seq

-- name: log_all
SELECT seq, body FROM log ORDER BY seq

-- name: log_count
SELECT count(*) FROM log

-- name: log_fill
-- @sqlite WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
-- @sqlite INSERT INTO log (body) SELECT 'row ' || i FROM n
-- @postgres INSERT INTO log (body) SELECT 'row ' || i FROM generate_series(1, $1::bigint) AS i

-- name: typed_insert
INSERT INTO typed (no, i, r, t, b, f) VALUES ($1, $2, $3, $4, $5, $6)

-- name: typed_get
SELECT i, r, t, b, f FROM typed WHERE no = $1

-- name: typed_by_text
SELECT t FROM typed WHERE t IS NOT NULL ORDER BY t
