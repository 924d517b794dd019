-- report: app-revenue-by-customer
-- title: Revenue of the app by customer
-- bar: total_revenue
SELECT
  customerId AS customer_id,
  CAST(sum(event_count) AS BIGINT) AS number_of_purchases,
  CAST(sum(totalAmount) AS DECIMAL(38,2)) AS total_revenue
FROM marts.event_customers
WHERE eventType = 'purchase'
GROUP BY customerId
HAVING sum(event_count) <> 0
ORDER BY total_revenue DESC, customer_id
