-- kind: aggregate by window_start, productId
-- count: event_count
-- source: app_events
-- Events of thirty minutes of their own time by product.
SELECT
  window_start("timestamp", 30) AS window_start,
  productId,
  CAST(sum(_sign) AS BIGINT) AS event_count,
  CAST(sum(CASE WHEN eventType = 'productView' THEN _sign ELSE 0 END) AS BIGINT) AS view_count,
  CAST(sum(CASE WHEN eventType = 'addToCart' THEN _sign ELSE 0 END) AS BIGINT) AS add_count,
  CAST(sum(CASE WHEN eventType = 'addToCart' THEN _sign * quantity ELSE 0 END) AS BIGINT) AS added_quantity,
  CAST(sum(CASE WHEN eventType = 'purchase' THEN _sign ELSE 0 END) AS BIGINT) AS purchase_count,
  CAST(sum(CASE WHEN eventType = 'purchase' THEN _sign * quantity ELSE 0 END) AS BIGINT) AS purchased_quantity,
  CAST(sum(CASE WHEN eventType = 'purchase' THEN _sign * totalAmount ELSE 0 END) AS DECIMAL(38,2)) AS totalAmount
FROM changes.app_events
WHERE productId IS NOT NULL
GROUP BY window_start("timestamp", 30), productId
