-- What recommendations are made of: who looked at what, what the shop's catalogue turned, and the rules of its places.

-- name: seen_set
INSERT INTO product_seen (workspace_id, profile_no, product_id, viewed_at, carted_at, views)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, profile_no, product_id) DO UPDATE SET
-- @sqlite   viewed_at = max(product_seen.viewed_at, excluded.viewed_at),
-- @sqlite   carted_at = max(product_seen.carted_at, excluded.carted_at),
-- @postgres viewed_at = greatest(product_seen.viewed_at, excluded.viewed_at),
-- @postgres carted_at = greatest(product_seen.carted_at, excluded.carted_at),
  views = product_seen.views + excluded.views;

-- name: seen_take_over
INSERT INTO product_seen (workspace_id, profile_no, product_id, viewed_at, carted_at, views)
SELECT s.workspace_id, $3, s.product_id, s.viewed_at, s.carted_at, s.views FROM product_seen s
WHERE s.workspace_id = $1 AND s.profile_no = $2
ON CONFLICT (workspace_id, profile_no, product_id) DO UPDATE SET
-- @sqlite   viewed_at = max(product_seen.viewed_at, excluded.viewed_at),
-- @sqlite   carted_at = max(product_seen.carted_at, excluded.carted_at),
-- @postgres viewed_at = greatest(product_seen.viewed_at, excluded.viewed_at),
-- @postgres carted_at = greatest(product_seen.carted_at, excluded.carted_at),
  views = product_seen.views + excluded.views;

-- name: seen_erase
DELETE FROM product_seen WHERE workspace_id = $1 AND profile_no = $2;

-- name: seen_forget
DELETE FROM product_seen WHERE workspace_id = $1 AND profile_no = $2 AND product_id = $3;

-- name: seen_trim
DELETE FROM product_seen WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3
AND viewed_at < $4 AND carted_at < $4;

-- name: seen_of
SELECT product_id, viewed_at, carted_at, views FROM product_seen WHERE workspace_id = $1 AND profile_no = $2;

-- name: scan_seen
SELECT profile_no, product_id, viewed_at, carted_at, views FROM product_seen
WHERE workspace_id = $1 AND profile_no > $2 AND profile_no <= $3 ORDER BY profile_no;

-- name: seen_of_product
SELECT profile_no FROM product_seen
-- @sqlite INDEXED BY product_seen_by_product
WHERE workspace_id = $1 AND product_id = $2 AND profile_no > $3 AND (viewed_at >= $4 OR carted_at >= $4)
ORDER BY profile_no LIMIT $5;

-- name: bought_of_product
SELECT DISTINCT profile_no FROM order_line
-- @sqlite INDEXED BY order_line_by_product
WHERE workspace_id = $1 AND product_id = $2 AND placed_at >= $4 AND profile_no > $3 ORDER BY profile_no LIMIT $5;

-- name: bought_of
SELECT l.product_id, l.placed_at, l.source, l.order_id FROM order_line l
-- @sqlite INDEXED BY order_line_by_profile
JOIN shop_order o ON o.workspace_id = l.workspace_id AND o.source = l.source AND o.order_id = l.order_id
WHERE l.workspace_id = $1 AND l.profile_no = $2 AND o.counts = $3;

-- name: scan_bought
SELECT l.profile_no, l.product_id, l.placed_at, l.source, l.order_id FROM order_line l
-- @sqlite INDEXED BY order_line_by_profile
JOIN shop_order o ON o.workspace_id = l.workspace_id AND o.source = l.source AND o.order_id = l.order_id
WHERE l.workspace_id = $1 AND l.profile_no > $2 AND l.profile_no <= $3 AND o.counts = $4
ORDER BY l.profile_no, l.placed_at, l.source, l.order_id, l.product_id;

-- name: product_changed
SELECT doc, change_no FROM product WHERE workspace_id = $1 AND change_no > $2 ORDER BY change_no LIMIT $3;

-- name: product_change_last
SELECT CAST(coalesce(max(change_no), 0) AS BIGINT) FROM product WHERE workspace_id = $1;

-- name: book_insert
INSERT INTO recommendation_book (workspace_id, version, at, who, doc) VALUES ($1, $2, $3, $4, $5);

-- name: book_last
SELECT version, at, who, doc FROM recommendation_book WHERE workspace_id = $1 ORDER BY version DESC LIMIT 1;

-- name: book_page
SELECT version, at, who, doc FROM recommendation_book WHERE workspace_id = $1 AND version < $2
ORDER BY version DESC LIMIT $3;

-- name: book_prune
DELETE FROM recommendation_book WHERE workspace_id = $1 AND version <= $2;
