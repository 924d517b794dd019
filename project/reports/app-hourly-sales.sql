-- report: app-hourly-sales
-- title: Purchases in the app by hour (UTC)
-- bar: total_revenue
SELECT
  event_date,
  event_hour,
  CAST(sum(purchase_count) AS BIGINT) AS number_of_purchases,
  CAST(sum(quantity) AS BIGINT) AS total_units_sold,
  CAST(sum(totalAmount) AS DECIMAL(38,2)) AS total_revenue
FROM marts.event_sales_hourly
WHERE event_date BETWEEN $from AND $to
GROUP BY event_date, event_hour
HAVING sum(purchase_count) <> 0
ORDER BY event_date, event_hour
