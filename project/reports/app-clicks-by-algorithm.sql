-- report: app-clicks-by-algorithm
-- title: Clicks on recommendations by algorithm, and the customers behind them
-- bar: number_of_clicks
WITH customers AS (
  SELECT
    algorithm,
    customerId,
    CAST(sum(event_count) AS BIGINT) AS event_count
  FROM marts.event_customers
  WHERE eventType = 'recommendationClick'
  GROUP BY algorithm, customerId
  HAVING sum(event_count) <> 0
)
SELECT
  coalesce(algorithm, '(without an algorithm)') AS algorithm,
  CAST(sum(event_count) AS BIGINT) AS number_of_clicks,
  CAST(count(*) AS BIGINT) AS unique_customers
FROM customers
GROUP BY algorithm
ORDER BY number_of_clicks DESC, algorithm
