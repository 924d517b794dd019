-- kind: aggregate by transaction_date, state, city
-- count: sales_count
-- source: sales_transactions
-- Online sales of one date that were shipped to one city.
SELECT
  transaction_date,
  state,
  city,
  CAST(sum(_sign) AS BIGINT) AS sales_count,
  CAST(sum(_sign * total_paid_price) AS DECIMAL(38,4)) AS total_online_sales
FROM changes.sales_transactions_fact
WHERE is_online
GROUP BY transaction_date, state, city
