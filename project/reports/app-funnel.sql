-- report: app-funnel
-- title: The way to a purchase in the app: customers who viewed, of these who then added to a cart, of these who then bought
-- bar: number_of_customers
WITH customers AS (
  SELECT
    customerId,
    min(first_view_at) AS first_view_at,
    max(last_purchase_at) AS last_purchase_at
  FROM marts.event_customer_steps
  GROUP BY customerId
  HAVING min(first_view_at) IS NOT NULL
),
added AS (
  -- An addition before the last purchase is one that a purchase came after.
  SELECT
    c.customerId,
    max(CASE WHEN s.added_at <= c.last_purchase_at THEN 1 ELSE 0 END) AS has_bought
  FROM customers AS c
  JOIN marts.event_customer_steps AS s ON s.customerId = c.customerId AND s.added_at >= c.first_view_at
  GROUP BY c.customerId
),
stages AS (
  SELECT
    (SELECT CAST(count(*) AS BIGINT) FROM customers) AS viewed,
    (SELECT CAST(count(*) AS BIGINT) FROM added) AS added,
    (SELECT CAST(coalesce(sum(has_bought), 0) AS BIGINT) FROM added) AS bought
)
SELECT 1 AS stage, 'productView' AS event, viewed AS number_of_customers, percent_of(viewed, viewed) AS percent_of_first FROM stages
UNION ALL
SELECT 2, 'addToCart', added, percent_of(added, viewed) FROM stages
UNION ALL
SELECT 3, 'purchase', bought, percent_of(bought, viewed) FROM stages
ORDER BY stage
