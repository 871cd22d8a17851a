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

-- name: budget_set
INSERT INTO budget (workspace_id, scope, amount, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, scope) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at;

-- name: budget_delete
DELETE FROM budget WHERE workspace_id = $1 AND scope = $2;

-- name: budget_list
SELECT workspace_id, scope, amount, updated_at FROM budget ORDER BY workspace_id, scope;

-- name: budgets_of
SELECT workspace_id, scope, amount, updated_at FROM budget WHERE workspace_id = $1 ORDER BY scope;
