-- report: revenue-by-month
-- title: Revenue by month
-- bar: total_revenue
WITH days AS (
  SELECT
    transaction_date,
    CAST(sum(sales_count) AS BIGINT) AS sales_count,
    CAST(sum(units) AS BIGINT) AS units,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
  FROM marts.sales_daily
  WHERE transaction_date BETWEEN $from AND $to
  GROUP BY transaction_date
)
SELECT
  substr(CAST(transaction_date AS STRING), 1, 7) AS month,
  CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
  CAST(sum(units) AS BIGINT) AS total_units_sold,
  CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue
FROM days
GROUP BY substr(CAST(transaction_date AS STRING), 1, 7)
HAVING sum(sales_count) <> 0
ORDER BY month
