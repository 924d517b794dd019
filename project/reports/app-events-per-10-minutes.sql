-- report: app-events-per-10-minutes
-- title: Events in the app per type and ten minutes of their own time (UTC), as issued last
-- bar: number_of_events
WITH last_issues AS (
  SELECT
    window_start,
    max(revision) AS revision
  FROM marts.event_type_windows
  WHERE CAST(window_start AS DATE) BETWEEN $from AND $to
  GROUP BY window_start
)
SELECT
  w.window_start,
  w.window_end,
  w.eventType AS event_type,
  w.event_count AS number_of_events,
  w.state,
  w.revision
FROM marts.event_type_windows AS w
JOIN last_issues AS l ON w.window_start = l.window_start AND w.revision = l.revision
ORDER BY w.window_start, event_type
