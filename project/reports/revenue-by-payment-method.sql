-- report: revenue-by-payment-method
-- title: Revenue by payment method
-- bar: total_revenue
SELECT
  payment_method,
  CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
  CAST(sum(units) AS BIGINT) AS total_units_sold,
  CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue
FROM marts.sales_daily
WHERE transaction_date BETWEEN $from AND $to
GROUP BY payment_method
HAVING sum(sales_count) <> 0
ORDER BY total_revenue DESC, payment_method
