-- kind: aggregate by window_start, eventType, category
-- count: event_count
-- source: app_events
-- Events of ten minutes of their own time by type and category.
SELECT
  window_start("timestamp", 10) AS window_start,
  eventType,
  category,
  CAST(sum(_sign) AS BIGINT) AS event_count
FROM changes.app_events
GROUP BY window_start("timestamp", 10), eventType, category
