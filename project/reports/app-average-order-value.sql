-- report: app-average-order-value
-- title: What a purchase in the app comes to on average
WITH totals AS (
  SELECT
    CAST(sum(purchase_count) AS BIGINT) AS number_of_purchases,
    CAST(sum(totalAmount) AS DECIMAL(38,2)) AS total_revenue
  FROM marts.event_sales_hourly
  WHERE event_date BETWEEN $from AND $to
)
SELECT
  number_of_purchases,
  total_revenue,
  average_of(total_revenue, number_of_purchases) AS average_order_value
FROM totals
WHERE number_of_purchases > 0
