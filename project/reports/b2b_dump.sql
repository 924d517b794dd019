-- dump: b2b_sales
-- title: Units sold per agent and product on one date, for the B2B team
SELECT
  a.name AS sales_agent_name,
  p.product_name,
  CAST(sum(s.units) AS BIGINT) AS total_sold_units
FROM marts.agent_product_sales_daily AS s
LEFT JOIN warehouse.sales_agent_dim AS a ON a.sales_agent_id = s.sales_agent_id AND a.is_current
LEFT JOIN warehouse.product_dim AS p ON p.product_id = s.product_id AND p.is_current
WHERE s.transaction_date = $date
  AND s.sales_agent_id IS NOT NULL
GROUP BY s.sales_agent_id, a.name, s.product_id, p.product_name
HAVING sum(s.sales_count) <> 0
ORDER BY sales_agent_name, p.product_name, s.sales_agent_id, s.product_id
