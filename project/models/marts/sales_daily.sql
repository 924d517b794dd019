-- kind: aggregate by transaction_date, branch_id, sales_agent_id, payment_method, is_online
-- count: sales_count
-- source: sales_transactions
-- Sales of one date by branch, agent and payment method; online sales have neither branch nor agent.
SELECT
  transaction_date,
  branch_id,
  sales_agent_id,
  payment_method,
  is_online,
  CAST(sum(_sign) AS BIGINT) AS sales_count,
  CAST(sum(_sign * units) AS BIGINT) AS units,
  CAST(sum(_sign * total_price) AS DECIMAL(38,4)) AS total_price,
  CAST(sum(_sign * total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
FROM changes.sales_transactions_fact
GROUP BY transaction_date, branch_id, sales_agent_id, payment_method, is_online
