-- report: revenue-by-branch
-- title: Revenue by branch, with online sales as one
-- bar: total_revenue
-- A branch that only transactions name is shown by its id.
WITH branches AS (
  SELECT
    branch_id,
    is_online AND branch_id IS NULL AS is_online_shop,
    CAST(sum(sales_count) AS BIGINT) AS number_of_sales,
    CAST(sum(units) AS BIGINT) AS total_units_sold,
    CAST(sum(total_paid_price) AS DECIMAL(38,4)) AS total_revenue
  FROM marts.sales_daily
  WHERE transaction_date BETWEEN $from AND $to
  GROUP BY branch_id, is_online AND branch_id IS NULL
  HAVING sum(sales_count) <> 0
)
SELECT
  s.branch_id,
  CASE WHEN s.is_online_shop THEN 'online' ELSE coalesce(b.location, s.branch_id) END AS branch,
  s.number_of_sales,
  s.total_units_sold,
  s.total_revenue
FROM branches AS s
LEFT JOIN warehouse.branch_dim AS b ON b.branch_id = s.branch_id AND b.is_current
ORDER BY s.total_revenue DESC, s.branch_id, branch
