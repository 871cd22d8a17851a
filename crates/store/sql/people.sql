-- name: profile_insert
INSERT INTO profile (workspace_id, profile_no, id, version, doc) VALUES ($1, $2, $3, 1, $4);

-- name: profile_update
UPDATE profile SET doc = $4, version = version + 1 WHERE workspace_id = $1 AND profile_no = $2 AND version = $3;

-- name: profile_delete
DELETE FROM profile WHERE workspace_id = $1 AND profile_no = $2 AND version = $3;

-- name: profile_by_no
SELECT p.profile_no, p.version, p.doc,
  (SELECT max(e.at) FROM event e WHERE e.workspace_id = p.workspace_id AND e.profile_no = p.profile_no)
FROM profile p WHERE p.workspace_id = $1 AND p.profile_no = $2;

-- name: profile_by_id
SELECT p.profile_no, p.version, p.doc,
  (SELECT max(e.at) FROM event e WHERE e.workspace_id = p.workspace_id AND e.profile_no = p.profile_no)
FROM profile p WHERE p.workspace_id = $1 AND p.id = $2;

-- name: profile_alias_find
SELECT profile_no FROM profile_alias WHERE workspace_id = $1 AND id = $2;

-- name: profile_page
SELECT p.profile_no, p.version, p.doc,
  (SELECT max(e.at) FROM event e WHERE e.workspace_id = p.workspace_id AND e.profile_no = p.profile_no)
FROM profile p WHERE p.workspace_id = $1 AND p.profile_no < $2
ORDER BY p.profile_no DESC LIMIT $3;

-- name: profile_count
SELECT count(*) FROM profile_search WHERE workspace_id = $1;

-- name: profile_no_last
SELECT CAST(max(last.no) AS BIGINT) FROM (
  SELECT coalesce(max(profile_no), 0) AS no FROM profile WHERE workspace_id = $1
  UNION ALL
  SELECT coalesce(max(other_no), 0) FROM merge_log WHERE workspace_id = $1 AND joined = $2
  UNION ALL
  SELECT coalesce(max(number_last), 0) FROM erasure WHERE workspace_id = $1
) AS last;

-- name: profile_alias_insert
INSERT INTO profile_alias (workspace_id, id, profile_no) VALUES ($1, $2, $3);

-- name: profile_alias_move
UPDATE profile_alias SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: identifier_find
SELECT profile_no FROM identifier WHERE workspace_id = $1 AND identifier = $2;

-- name: identifier_insert
INSERT INTO identifier (workspace_id, identifier, profile_no) VALUES ($1, $2, $3);

-- name: identifier_move
UPDATE identifier SET profile_no = $3 WHERE workspace_id = $1 AND identifier = $2;

-- name: search_set
INSERT INTO profile_search (workspace_id, profile_no, text) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, profile_no) DO UPDATE SET text = excluded.text;

-- name: search_delete
DELETE FROM profile_search WHERE workspace_id = $1 AND profile_no = $2;

-- name: search_find
SELECT profile_no FROM profile_search WHERE workspace_id = $1 AND profile_no < $2
-- @sqlite AND instr(text, $3) > 0
-- @postgres AND strpos(text, $3) > 0
ORDER BY profile_no DESC LIMIT $4;

-- name: attribute_change_insert
INSERT INTO attribute_change (change_no, workspace_id, profile_no, name, at, old, new, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: attribute_change_page
SELECT change_no, name, at, old, new, source FROM attribute_change
WHERE workspace_id = $1 AND profile_no = $2 AND change_no < $3 ORDER BY change_no DESC LIMIT $4;

-- name: attribute_change_move
UPDATE attribute_change SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: attribute_change_last
SELECT CAST(coalesce(max(change_no), 0) AS BIGINT) FROM attribute_change;

-- name: consent_insert
INSERT INTO consent_record (record_no, workspace_id, profile_no, at, doc) VALUES ($1, $2, $3, $4, $5);

-- name: consent_list
SELECT doc FROM consent_record WHERE workspace_id = $1 AND profile_no = $2 ORDER BY at DESC, record_no DESC LIMIT 500;

-- name: consent_move
UPDATE consent_record SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: consent_last
SELECT CAST(coalesce(max(record_no), 0) AS BIGINT) FROM consent_record;

-- name: merge_insert
INSERT INTO merge_log (merge_no, workspace_id, at, profile_no, other_no, other_id, joined, reason, link, other_doc)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: merge_list
SELECT at, other_no, other_id, joined, reason, link, other_doc FROM merge_log
WHERE workspace_id = $1 AND profile_no = $2 ORDER BY merge_no DESC LIMIT 500;

-- name: merge_refused_find
SELECT merge_no FROM merge_log
WHERE workspace_id = $1 AND profile_no = $2 AND other_no = $3 AND joined = $4 AND link = $5 LIMIT 1;

-- name: merge_move
UPDATE merge_log SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: merge_last
SELECT CAST(coalesce(max(merge_no), 0) AS BIGINT) FROM merge_log;
