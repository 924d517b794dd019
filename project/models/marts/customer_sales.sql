-- kind: aggregate by customer_id
-- count: sales_count
-- source: sales_transactions
-- Sales to one customer on all dates.
SELECT
  customer_id,
  CAST(sum(_sign) AS BIGINT) AS sales_count,
  CAST(sum(_sign * units) AS BIGINT) AS units,
  CAST(sum(_sign * total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
FROM changes.sales_transactions_fact
GROUP BY customer_id
