-- report: app-funnel
-- title: The way to a purchase in the app: customers who viewed, of these who added to a cart, of these who bought
-- bar: number_of_customers
WITH customers AS (
  SELECT
    customerId,
    CAST(sum(CASE WHEN eventType = 'productView' THEN event_count ELSE 0 END) AS BIGINT) AS views,
    CAST(sum(CASE WHEN eventType = 'addToCart' THEN event_count ELSE 0 END) AS BIGINT) AS adds,
    CAST(sum(CASE WHEN eventType = 'purchase' THEN event_count ELSE 0 END) AS BIGINT) AS purchases
  FROM marts.event_customers
  GROUP BY customerId
),
stages AS (
  SELECT
    CAST(sum(CASE WHEN views > 0 THEN 1 ELSE 0 END) AS BIGINT) AS viewed,
    CAST(sum(CASE WHEN views > 0 AND adds > 0 THEN 1 ELSE 0 END) AS BIGINT) AS added,
    CAST(sum(CASE WHEN views > 0 AND adds > 0 AND purchases > 0 THEN 1 ELSE 0 END) AS BIGINT) AS bought
  FROM customers
)
SELECT 1 AS stage, 'productView' AS event, viewed AS number_of_customers, percent_of(viewed, viewed) AS percent_of_first FROM stages
UNION ALL
SELECT 2, 'addToCart', added, percent_of(added, viewed) FROM stages
UNION ALL
SELECT 3, 'purchase', bought, percent_of(bought, viewed) FROM stages
ORDER BY stage
