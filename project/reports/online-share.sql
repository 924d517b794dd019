-- report: online-share
-- title: Online share of sales and revenue by month, in percent
-- bar: online_percent_of_revenue
WITH days AS (
  SELECT
    transaction_date,
    is_online,
    CAST(sum(sales_count) AS BIGINT) AS sales_count,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_paid_price
  FROM marts.sales_daily
  WHERE transaction_date BETWEEN $from AND $to
  GROUP BY transaction_date, is_online
),
months AS (
  SELECT
    substr(CAST(transaction_date AS STRING), 1, 7) AS month,
    CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
    CAST(sum(CASE WHEN is_online THEN sales_count ELSE 0 END) AS BIGINT) AS online_sales,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue,
    CAST(sum(CASE WHEN is_online THEN total_paid_price ELSE 0 END) AS DECIMAL(38,4)) AS online_revenue
  FROM days
  GROUP BY substr(CAST(transaction_date AS STRING), 1, 7)
  HAVING sum(sales_count) <> 0
)
SELECT
  month,
  number_of_sales,
  online_sales,
  percent_of(online_sales, number_of_sales) AS online_percent_of_sales,
  total_revenue,
  online_revenue,
  percent_of(online_revenue, total_revenue) AS online_percent_of_revenue
FROM months
ORDER BY month
