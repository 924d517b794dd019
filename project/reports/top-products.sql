-- report: top-products
-- title: Products by units sold
-- bar: total_units_sold
SELECT
  s.product_id,
  p.product_name,
  CAST(sum(s.units) AS BIGINT) AS total_units_sold
FROM marts.product_sales_daily AS s
LEFT JOIN warehouse.product_dim AS p ON p.product_id = s.product_id AND p.is_current
WHERE s.transaction_date BETWEEN $from AND $to
GROUP BY s.product_id, p.product_name
HAVING sum(s.sales_count) <> 0
ORDER BY total_units_sold DESC, s.product_id
