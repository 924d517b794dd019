-- report: app-category-views
-- title: Product views in the app by category, and the customers behind them
-- bar: number_of_views
WITH customers AS (
  SELECT
    category,
    customerId,
    CAST(sum(event_count) AS BIGINT) AS event_count
  FROM marts.event_customers
  WHERE eventType = 'productView'
  GROUP BY category, customerId
  HAVING sum(event_count) <> 0
)
SELECT
  coalesce(category, '(without a category)') AS category,
  CAST(sum(event_count) AS BIGINT) AS number_of_views,
  CAST(count(*) AS BIGINT) AS unique_customers
FROM customers
GROUP BY category
ORDER BY number_of_views DESC, category
