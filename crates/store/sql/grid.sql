-- All people at a glance, and the views that staff keep of them.

-- name: feed_insert
INSERT INTO profile_feed (workspace_id, numbers) VALUES ($1, $2);

-- name: feed_trim
DELETE FROM profile_feed WHERE feed_no < (SELECT max(feed_no) FROM profile_feed) - 20000;

-- name: feed_ends
SELECT CAST(coalesce(min(feed_no), 0) AS BIGINT), CAST(coalesce(max(feed_no), 0) AS BIGINT) FROM profile_feed;

-- name: feed_after
SELECT feed_no, numbers FROM profile_feed WHERE feed_no > $2 AND workspace_id = $1 ORDER BY feed_no LIMIT $3;

-- name: seen_after
SELECT profile_no, at FROM event WHERE event_no > $2 AND event_no <= $3 AND +workspace_id = $1;

-- name: search_between
SELECT profile_no FROM profile_search WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
-- @sqlite AND instr(text, $4) > 0
-- @postgres AND strpos(text, $4) > 0
ORDER BY profile_no;

-- name: view_insert
INSERT INTO saved_view (workspace_id, view_id, area, owner, shared, name, doc, place, revision, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9);

-- name: view_update
UPDATE saved_view SET shared = $4, name = $5, doc = $6, place = $7, updated_at = $8, revision = revision + 1
WHERE workspace_id = $1 AND view_id = $2 AND revision = $3;

-- name: view_delete
DELETE FROM saved_view WHERE workspace_id = $1 AND view_id = $2;

-- name: view_find
SELECT view_id, area, owner, shared, name, doc, place, revision, created_at, updated_at FROM saved_view
WHERE workspace_id = $1 AND view_id = $2;

-- name: view_list
SELECT view_id, area, owner, shared, name, doc, place, revision, created_at, updated_at FROM saved_view
WHERE workspace_id = $1 ORDER BY place, created_at, view_id;
