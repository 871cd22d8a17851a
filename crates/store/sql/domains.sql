-- name: domain_insert
INSERT INTO sending_domain (workspace_id, domain, selector, sealed, doc, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: domain_update
UPDATE sending_domain SET selector = $3, sealed = $4, doc = $5, checked_at = NULL, found = '[]'
WHERE workspace_id = $1 AND domain = $2;

-- name: domain_delete
DELETE FROM sending_domain WHERE workspace_id = $1 AND domain = $2;

-- name: domain_list
SELECT workspace_id, domain, selector, sealed, doc, created_at, checked_at, found FROM sending_domain
ORDER BY workspace_id, domain;

-- name: domain_find
SELECT workspace_id, domain, selector, sealed, doc, created_at, checked_at, found FROM sending_domain
WHERE workspace_id = $1 AND domain = $2;

-- name: domain_checked
UPDATE sending_domain SET checked_at = $3, found = $4 WHERE workspace_id = $1 AND domain = $2;
