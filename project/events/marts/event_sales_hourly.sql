-- kind: aggregate by event_date, event_hour, paymentMethod
-- count: purchase_count
-- source: app_events
-- Purchases in the app of one hour of their own time by payment method.
SELECT
  event_date,
  event_hour,
  paymentMethod,
  CAST(sum(_sign) AS BIGINT) AS purchase_count,
  CAST(sum(_sign * quantity) AS BIGINT) AS quantity,
  CAST(sum(_sign * totalAmount) AS DECIMAL(38,2)) AS totalAmount
FROM changes.app_events
WHERE eventType = 'purchase'
GROUP BY event_date, event_hour, paymentMethod
