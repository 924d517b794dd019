-- kind: aggregate by transaction_date, product_id, discount_percentage
-- count: sales_count
-- source: sales_transactions
-- Sales of one product on one date at one discount.
SELECT
  transaction_date,
  product_id,
  discount_percentage,
  CAST(sum(_sign) AS BIGINT) AS sales_count,
  CAST(sum(_sign * units) AS BIGINT) AS units,
  CAST(sum(_sign * total_price) AS DECIMAL(38,4)) AS total_price,
  CAST(sum(_sign * total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
FROM changes.sales_transactions_fact
GROUP BY transaction_date, product_id, discount_percentage
