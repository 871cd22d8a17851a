-- name: event_insert
INSERT INTO event (event_no, workspace_id, profile_no, name_no, at, received_at, historical, message_id, body,
  amount)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: event_last
SELECT CAST(coalesce(max(event_no), 0) AS BIGINT) FROM event;

-- name: event_move
UPDATE event SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: event_page
SELECT e.event_no, n.name, e.at, e.received_at, e.historical, e.message_id, e.body
FROM event e JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name_no = e.name_no
WHERE e.workspace_id = $1 AND e.profile_no = $2 AND (e.at < $3 OR (e.at = $3 AND e.event_no < $4))
ORDER BY e.at DESC, e.event_no DESC LIMIT $5;

-- name: event_page_named
SELECT e.event_no, n.name, e.at, e.received_at, e.historical, e.message_id, e.body
FROM event e JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name_no = e.name_no
WHERE e.workspace_id = $1 AND e.profile_no = $2 AND (e.at < $3 OR (e.at = $3 AND e.event_no < $4)) AND n.name = $6
ORDER BY e.at DESC, e.event_no DESC LIMIT $5;

-- name: event_by_no
SELECT e.event_no, n.name, e.at, e.received_at, e.historical, e.message_id, e.body
FROM event e JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name_no = e.name_no
WHERE e.workspace_id = $1 AND e.event_no = $2;

-- name: event_count
SELECT count(*) FROM event WHERE workspace_id = $1;

-- name: event_count_named
SELECT count(*) FROM event WHERE workspace_id = $1
AND name_no IN (SELECT name_no FROM event_name WHERE workspace_id = $1 AND name = $2);

-- name: event_names
SELECT workspace_id, name_no, name FROM event_name ORDER BY workspace_id, name_no;

-- name: event_name_insert
INSERT INTO event_name (workspace_id, name_no, name) VALUES ($1, $2, $3);

-- name: event_message_find
SELECT event_no FROM event_message WHERE bucket = $1 AND workspace_id = $2 AND message_key = $3;

-- name: event_message_insert
INSERT INTO event_message (bucket, workspace_id, message_key, event_no) VALUES ($1, $2, $3, $4);

-- name: event_message_count
WITH RECURSIVE buckets (bucket) AS (
  SELECT min(bucket) FROM event_message
  UNION ALL
  SELECT (SELECT min(m.bucket) FROM event_message m WHERE m.bucket > buckets.bucket) FROM buckets
  WHERE buckets.bucket IS NOT NULL
)
SELECT count(*) FROM event_message m
WHERE m.bucket IN (SELECT bucket FROM buckets WHERE bucket IS NOT NULL)
AND m.workspace_id = $1 AND m.message_key = $2;

-- name: rejection_insert
INSERT INTO rejection (rejection_no, workspace_id, at, code, detail, sample) VALUES ($1, $2, $3, $4, $5, $6);

-- name: rejection_page
SELECT rejection_no, at, code, detail, sample FROM rejection
WHERE workspace_id = $1 AND rejection_no < $2 ORDER BY rejection_no DESC LIMIT $3;

-- name: rejection_last
SELECT CAST(coalesce(max(rejection_no), 0) AS BIGINT) FROM rejection;

-- name: rejection_trim
DELETE FROM rejection WHERE rejection_no <= $1;

-- name: product_find
SELECT doc FROM product WHERE workspace_id = $1 AND product_id = $2;

-- name: product_set
-- One process writes products at a time, so the numbers of their changes ascend.
INSERT INTO product (workspace_id, product_id, doc, change_no)
VALUES ($1, $2, $3, (SELECT coalesce(max(c.change_no), 0) + 1 FROM product c WHERE c.workspace_id = $1))
ON CONFLICT (workspace_id, product_id) DO UPDATE SET doc = excluded.doc, change_no = excluded.change_no;

-- name: product_page
SELECT product_id, doc FROM product WHERE workspace_id = $1 AND product_id > $2 ORDER BY product_id LIMIT $3;

-- name: product_count
SELECT count(*) FROM product WHERE workspace_id = $1;

-- name: order_find
SELECT profile_no, doc FROM shop_order WHERE workspace_id = $1 AND source = $2 AND order_id = $3;

-- name: order_summaries
SELECT source, order_id, placed_at, currency, net, refunded, counts, cancelled FROM shop_order
WHERE workspace_id = $1 AND profile_no = $2 ORDER BY placed_at, source, order_id;

-- name: order_page
SELECT placed_at, doc, status, net, refunded FROM shop_order
WHERE workspace_id = $1 AND profile_no = $2 ORDER BY placed_at DESC, source, order_id LIMIT $3 OFFSET $4;

-- name: order_recent
SELECT placed_at, doc, status, net, refunded, profile_no FROM shop_order
WHERE workspace_id = $1 AND placed_at <= $2 AND (placed_at < $2 OR source > $3 OR (source = $3 AND order_id > $4))
ORDER BY placed_at DESC, source, order_id LIMIT $5;

-- name: order_set
INSERT INTO shop_order (workspace_id, source, order_id, profile_no, placed_at, status, currency, net, refunded, counts,
  cancelled, doc)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (workspace_id, source, order_id) DO UPDATE SET profile_no = excluded.profile_no,
  placed_at = excluded.placed_at, status = excluded.status, currency = excluded.currency, net = excluded.net,
  refunded = excluded.refunded, counts = excluded.counts, cancelled = excluded.cancelled, doc = excluded.doc;

-- name: order_move
UPDATE shop_order SET profile_no = $3 WHERE workspace_id = $1 AND profile_no = $2;

-- name: order_count
-- In two parts, since one order of an absurd amount, which any visitor can send, must not make the sum overflow.
SELECT count(*), CAST(coalesce(sum(net / 1000000), 0) AS BIGINT), CAST(coalesce(sum(net % 1000000), 0) AS BIGINT)
FROM shop_order WHERE workspace_id = $1 AND placed_at >= $2;
