-- dump: b2b_left_out
-- title: Sales of one date without an agent (online), which the dump leaves out
SELECT CAST(coalesce(sum(sales_count), 0) AS BIGINT) AS sales_left_out
FROM marts.agent_product_sales_daily
WHERE transaction_date = $date
  AND sales_agent_id IS NULL
