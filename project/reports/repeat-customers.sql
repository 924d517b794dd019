-- report: repeat-customers
-- title: Repeat customers (two sales or more) of all time, and their share in percent
WITH customers AS (
  SELECT
    customer_id,
    CAST(sum(sales_count) AS BIGINT) AS sales_count,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
  FROM marts.customer_sales
  GROUP BY customer_id
  HAVING sum(sales_count) <> 0
),
totals AS (
  SELECT
    CAST(count(*) AS BIGINT) AS customers,
    CAST(sum(CASE WHEN sales_count >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS repeat_customers,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue,
    CAST(sum(CASE WHEN sales_count >= 2 THEN total_paid_price ELSE 0 END) AS DECIMAL(38,4)) AS repeat_revenue
  FROM customers
)
SELECT
  customers,
  repeat_customers,
  percent_of(repeat_customers, customers) AS percent_of_customers,
  total_revenue,
  repeat_revenue,
  percent_of(repeat_revenue, total_revenue) AS percent_of_revenue
FROM totals
WHERE customers > 0
