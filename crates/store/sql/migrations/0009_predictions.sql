-- What is learned of a shop, its scores of leads and its recommendations.

-- Fitted models. Of a kind (`purchases`, `carts`, `leads`, `hours`) at most one serves; the others were judged worse
-- or served before.
CREATE TABLE model (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  fitted_at BIGINT NOT NULL,
  -- serving, refused, retired
  state TEXT NOT NULL,
  -- What is asked, as JSON of the crate `models`.
  document TEXT NOT NULL,
  -- How good it is, on what data, beside which naive rules.
  report TEXT NOT NULL,
  PRIMARY KEY (workspace_id, kind, version)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- What was left of the channels.

-- Why a journey stands still, where nobody paused it by hand.
ALTER TABLE journey ADD COLUMN detail TEXT NOT NULL DEFAULT '';

-- When the provider is asked next what became of an accepted message; null: it tells by itself, or has told.
ALTER TABLE message ADD COLUMN ask_at BIGINT;
CREATE INDEX message_to_ask ON message (ask_at, message_no) WHERE ask_at IS NOT NULL;

-- Where the do-not-call register is fetched every day.
CREATE TABLE register_source (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  -- The address and the header that opens it, sealed.
  sealed BYTEA NOT NULL,
  -- Of the shop's day, 0 to 23.
  hour BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  -- Failures in a row.
  failures BIGINT NOT NULL,
  fetched_at BIGINT,
  -- Why the last fetch failed; empty: it did not.
  fault TEXT NOT NULL,
  -- The job that read what was fetched last.
  job_id TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Recommendations: who looked at a product or put it into a cart, and when last; 0 stands for never. One row a person
-- and product, so that the people who wait for a product are found without reading events.
CREATE TABLE product_seen (
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  product_id TEXT NOT NULL,
  viewed_at BIGINT NOT NULL,
  carted_at BIGINT NOT NULL,
  views BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, profile_no, product_id)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
-- What was seen before this table was there.
INSERT INTO product_seen (workspace_id, profile_no, product_id, viewed_at, carted_at, views)
SELECT told.workspace_id, told.profile_no, told.product_id, max(told.viewed_at), max(told.carted_at), sum(told.viewed)
FROM (SELECT e.workspace_id, e.profile_no,
-- @sqlite   CAST(coalesce(json_extract(e.body, '$.properties.product_id'), json_extract(e.body, '$.properties.sku')) AS TEXT) AS product_id,
-- @postgres coalesce(e.body::jsonb #>> '{properties,product_id}', e.body::jsonb #>> '{properties,sku}') AS product_id,
    CASE WHEN n.name = 'Product Added' THEN 0 ELSE e.at END AS viewed_at,
    CASE WHEN n.name = 'Product Added' THEN e.at ELSE 0 END AS carted_at,
    CASE WHEN n.name = 'Product Added' THEN 0 ELSE 1 END AS viewed
  FROM event e JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name_no = e.name_no
  WHERE n.name IN ('Product Viewed', 'Product Clicked', 'Product Added')) AS told
WHERE told.product_id IS NOT NULL AND length(told.product_id) BETWEEN 1 AND 200
GROUP BY told.workspace_id, told.profile_no, told.product_id;
CREATE INDEX product_seen_by_product ON product_seen (workspace_id, product_id, profile_no);

-- Counts up with each change of a product, so that what changed since is found.
ALTER TABLE product ADD COLUMN change_no BIGINT NOT NULL DEFAULT 1;
CREATE INDEX product_by_change ON product (workspace_id, change_no);

-- The places where the shop recommends, with their rules, as one document; the highest version holds.
CREATE TABLE recommendation_book (
  workspace_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, version)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );

-- People who have a grade, and those whom sales have or had (what the profile's document says of it), to be listed by.
-- Instants of 0: never. Status empty: sales never had them.
CREATE TABLE lead (
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  status TEXT NOT NULL,
  status_at BIGINT NOT NULL,
  -- Empty: nobody.
  assignee TEXT NOT NULL,
  handed_at BIGINT NOT NULL,
  -- As it was told last; the smallest number there is: none.
  score BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, profile_no)
-- @sqlite ) WITHOUT ROWID;
-- @postgres );
CREATE INDEX lead_by_status ON lead (workspace_id, status, status_at, profile_no);
CREATE INDEX lead_by_assignee ON lead (workspace_id, assignee, status_at, profile_no);
CREATE INDEX lead_by_score ON lead (workspace_id, score, profile_no);
CREATE INDEX lead_by_status_score ON lead (workspace_id, status, score, profile_no);
CREATE INDEX lead_by_assignee_score ON lead (workspace_id, assignee, score, profile_no, status);
CREATE INDEX lead_turn ON lead (workspace_id, assignee, handed_at);
