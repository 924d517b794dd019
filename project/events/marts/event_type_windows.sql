-- kind: window by window_start, eventType
-- minutes: 10
-- source: app_events
-- Events per type of each ten minutes, issued again when late ones come.
SELECT
  window_start,
  eventType,
  CAST(sum(event_count) AS BIGINT) AS event_count
FROM marts.events_10_minutes
WHERE window_start IN (SELECT window_start FROM due.windows)
GROUP BY window_start, eventType
HAVING sum(event_count) <> 0
