-- kind: window by window_start, place
-- minutes: 30
-- source: app_events
-- The five products with most events of each thirty minutes, issued again when late ones come; of equals, the one with more
-- units bought, then by its id.
WITH products AS (
  SELECT
    window_start,
    productId,
    CAST(sum(event_count) AS BIGINT) AS event_count,
    CAST(sum(view_count) AS BIGINT) AS view_count,
    CAST(sum(add_count) AS BIGINT) AS add_count,
    CAST(sum(purchased_quantity) AS BIGINT) AS purchased_quantity,
    CAST(sum(totalAmount) AS DECIMAL(38,2)) AS totalAmount
  FROM marts.event_products_30_minutes
  WHERE window_start IN (SELECT window_start FROM due.windows)
  GROUP BY window_start, productId
  HAVING sum(event_count) <> 0
),
places AS (
  SELECT
    *,
    CAST(row_number() OVER (
      PARTITION BY window_start
      ORDER BY event_count DESC, purchased_quantity DESC, productId
    ) AS INTEGER) AS place
  FROM products
)
SELECT
  window_start,
  place,
  productId,
  event_count,
  view_count,
  add_count,
  purchased_quantity,
  totalAmount
FROM places
WHERE place <= 5
