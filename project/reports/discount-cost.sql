-- report: discount-cost
-- title: What the redeemed offers cost, by discount and in all
-- bar: discount_cost
SELECT
  CASE WHEN grouping(discount_percentage) = 1 THEN 'all' ELSE CAST(discount_percentage AS STRING) END AS discount_percentage,
  CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
  CAST(sum(total_price) AS DECIMAL(38,4)) AS total_price,
  CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue,
  CAST(sum(total_price) - sum(total_paid_price) AS DECIMAL(38,4)) AS discount_cost
FROM marts.product_sales_daily AS s
WHERE transaction_date BETWEEN $from AND $to
  AND discount_percentage > 0
GROUP BY GROUPING SETS ((discount_percentage), ())
HAVING sum(sales_count) <> 0
ORDER BY grouping(s.discount_percentage), s.discount_percentage
