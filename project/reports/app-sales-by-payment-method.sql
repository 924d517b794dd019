-- report: app-sales-by-payment-method
-- title: Purchases in the app by payment method
-- bar: total_revenue
SELECT
  paymentMethod AS payment_method,
  CAST(sum(purchase_count) AS BIGINT) AS number_of_purchases,
  CAST(sum(quantity) AS BIGINT) AS total_units_sold,
  CAST(sum(totalAmount) AS DECIMAL(38,2)) AS total_revenue
FROM marts.event_sales_hourly
WHERE event_date BETWEEN $from AND $to
GROUP BY paymentMethod
HAVING sum(purchase_count) <> 0
ORDER BY total_revenue DESC, payment_method
