-- report: redeemed-offers
-- title: Sales by redeemed offer
-- bar: number_of_sales
SELECT
  discount_percentage,
  CAST(sum(sales_count) AS BIGINT) AS number_of_sales
FROM marts.product_sales_daily
WHERE transaction_date BETWEEN $from AND $to
GROUP BY discount_percentage
HAVING sum(sales_count) <> 0
ORDER BY number_of_sales DESC, discount_percentage
