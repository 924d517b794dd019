-- report: app-popular-categories
-- title: Categories by number of events in the app
-- bar: number_of_events
SELECT
  coalesce(category, '(without a category)') AS category,
  CAST(sum(event_count) AS BIGINT) AS number_of_events
FROM marts.events_10_minutes
WHERE CAST(window_start AS DATE) BETWEEN $from AND $to
GROUP BY category
HAVING sum(event_count) <> 0
ORDER BY number_of_events DESC, category
