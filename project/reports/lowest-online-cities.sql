-- report: lowest-online-cities
-- title: Cities by online sales, lowest first
-- bar: total_online_sales
SELECT
  city,
  state,
  CAST(sum(total_online_sales) AS DECIMAL(38,4)) AS total_online_sales
FROM marts.online_city_sales_daily
WHERE transaction_date BETWEEN $from AND $to
GROUP BY city, state
HAVING sum(sales_count) <> 0
ORDER BY total_online_sales, city, state
