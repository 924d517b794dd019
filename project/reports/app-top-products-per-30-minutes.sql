-- report: app-top-products-per-30-minutes
-- title: The five products with most events in the app per thirty minutes of their own time (UTC), as issued last
-- bar: number_of_events
WITH last_issues AS (
  SELECT
    window_start,
    max(revision) AS revision
  FROM marts.top_product_windows
  WHERE CAST(window_start AS DATE) BETWEEN $from AND $to
  GROUP BY window_start
)
SELECT
  w.window_start,
  w.window_end,
  w.place,
  w.productId AS product_id,
  w.event_count AS number_of_events,
  w.view_count AS number_of_views,
  w.add_count AS number_of_adds,
  w.purchased_quantity AS total_units_sold,
  w.totalAmount AS total_revenue,
  w.state,
  w.revision
FROM marts.top_product_windows AS w
JOIN last_issues AS l ON w.window_start = l.window_start AND w.revision = l.revision
ORDER BY w.window_start, w.place
