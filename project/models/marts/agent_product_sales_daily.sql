-- kind: aggregate by transaction_date, sales_agent_id, product_id
-- count: sales_count
-- source: sales_transactions
-- Units of one product that one agent sold on one date; online sales have no agent.
SELECT
  transaction_date,
  sales_agent_id,
  product_id,
  CAST(sum(_sign) AS BIGINT) AS sales_count,
  CAST(sum(_sign * units) AS BIGINT) AS units,
  CAST(sum(_sign * CASE WHEN is_online THEN 1 ELSE 0 END) AS BIGINT) AS online_sales_count
FROM changes.sales_transactions_fact
GROUP BY transaction_date, sales_agent_id, product_id
