-- report: offers-per-product
-- title: Offers redeemed per product
-- bar: purchase_count
SELECT
  s.product_id,
  p.product_name,
  s.discount_percentage,
  CAST(sum(s.sales_count) AS BIGINT) AS purchase_count
FROM marts.product_sales_daily AS s
LEFT JOIN warehouse.product_dim AS p ON p.product_id = s.product_id AND p.is_current
WHERE s.transaction_date BETWEEN $from AND $to
  AND s.discount_percentage > 0
GROUP BY s.product_id, p.product_name, s.discount_percentage
HAVING sum(s.sales_count) <> 0
ORDER BY purchase_count DESC, s.product_id, s.discount_percentage
