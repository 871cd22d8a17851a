-- name: spend
INSERT INTO spending (workspace_id, scope, day, amount, messages) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, scope, day) DO UPDATE SET amount = spending.amount + excluded.amount,
  messages = spending.messages + excluded.messages;

-- name: spent
SELECT CAST(coalesce(sum(amount), 0) AS BIGINT), CAST(coalesce(sum(messages), 0) AS BIGINT) FROM spending
WHERE workspace_id = $1 AND scope = $2 AND day >= $3 AND day <= $4;

-- name: spending_days
SELECT day, amount, messages FROM spending WHERE workspace_id = $1 AND scope = $2 AND day >= $3 AND day <= $4
ORDER BY day;

-- name: guide_results
SELECT m.journey_id, m.channel, count(*), CAST(sum(CASE WHEN r.clicks > 0 THEN 1 ELSE 0 END) AS BIGINT)
FROM (SELECT message_no, workspace_id, journey_id, channel FROM message
  WHERE workspace_id = $1 AND decided_at >= $2 AND message_no > 0 AND state = 'accepted' AND journey_id IS NOT NULL
  ORDER BY decided_at DESC, message_no DESC LIMIT $3) m
LEFT JOIN message_response r ON r.workspace_id = m.workspace_id AND r.message_no = m.message_no
GROUP BY m.journey_id, m.channel ORDER BY m.journey_id, m.channel;

-- name: budget_set
INSERT INTO budget (workspace_id, scope, amount, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, scope) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at;

-- name: budget_delete
DELETE FROM budget WHERE workspace_id = $1 AND scope = $2;

-- name: budget_list
SELECT workspace_id, scope, amount, updated_at FROM budget ORDER BY workspace_id, scope;

-- name: budgets_of
SELECT workspace_id, scope, amount, updated_at FROM budget WHERE workspace_id = $1 ORDER BY scope;
