-- kind: aggregate by customerId, added_at
-- count: event_count
-- least: first_view_at
-- greatest: last_purchase_at
-- source: app_events
-- When a customer took the steps to a purchase: a row for each moment of an addition to a cart, and one (added_at is NULL) for the
-- first view and the last purchase.
SELECT
  customerId,
  CASE WHEN eventType = 'addToCart' THEN "timestamp" END AS added_at,
  CAST(sum(_sign) AS BIGINT) AS event_count,
  min(CASE WHEN eventType = 'productView' THEN "timestamp" END) AS first_view_at,
  max(CASE WHEN eventType = 'purchase' THEN "timestamp" END) AS last_purchase_at
FROM changes.app_events
WHERE eventType IN ('productView', 'addToCart', 'purchase')
GROUP BY customerId, CASE WHEN eventType = 'addToCart' THEN "timestamp" END
