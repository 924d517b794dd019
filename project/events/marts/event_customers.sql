-- kind: aggregate by customerId, eventType, category, algorithm
-- count: event_count
-- source: app_events
-- What a customer did in the app: events by type, category and algorithm, and what the purchases among them came to.
SELECT
  customerId,
  eventType,
  category,
  algorithm,
  CAST(sum(_sign) AS BIGINT) AS event_count,
  CAST(sum(_sign * totalAmount) AS DECIMAL(38,2)) AS totalAmount
FROM changes.app_events
GROUP BY customerId, eventType, category, algorithm
