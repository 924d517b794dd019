-- report: app-adds-by-product
-- title: How often products were added to a cart in the app
-- bar: number_of_adds
SELECT
  productId AS product_id,
  CAST(sum(add_count) AS BIGINT) AS number_of_adds,
  CAST(sum(added_quantity) AS BIGINT) AS total_units_added
FROM marts.event_products_30_minutes
WHERE CAST(window_start AS DATE) BETWEEN $from AND $to
GROUP BY productId
HAVING sum(add_count) <> 0
ORDER BY number_of_adds DESC, product_id
