-- report: revenue-by-agent
-- title: Revenue by sales agent, with online sales as one
-- bar: total_revenue
-- An agent that only transactions name is shown by id.
WITH agents AS (
  SELECT
    sales_agent_id,
    is_online AND sales_agent_id IS NULL AS is_online_shop,
    CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
    CAST(sum(units) AS BIGINT) AS total_units_sold,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue
  FROM marts.sales_daily
  WHERE transaction_date BETWEEN $from AND $to
  GROUP BY sales_agent_id, is_online AND sales_agent_id IS NULL
  HAVING sum(sales_count) <> 0
)
SELECT
  s.sales_agent_id,
  CASE WHEN s.is_online_shop THEN 'online' ELSE coalesce(a.name, s.sales_agent_id) END AS sales_agent,
  s.number_of_sales,
  s.total_units_sold,
  s.total_revenue
FROM agents AS s
LEFT JOIN warehouse.sales_agent_dim AS a ON a.sales_agent_id = s.sales_agent_id AND a.is_current
ORDER BY s.total_revenue DESC, s.sales_agent_id, sales_agent
