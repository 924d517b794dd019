-- kind: upsert by transaction_date
-- source: sales_transactions
-- One row per date on which something was sold.
SELECT
  transaction_date,
  CAST(extract(YEAR FROM transaction_date) AS INTEGER) AS year,
  CAST(extract(QUARTER FROM transaction_date) AS INTEGER) AS quarter,
  CAST(extract(MONTH FROM transaction_date) AS INTEGER) AS month,
  CAST(extract(DAY FROM transaction_date) AS INTEGER) AS day,
  CAST(extract(WEEK FROM transaction_date) AS INTEGER) AS iso_week,
  day_name(transaction_date) AS day_name,
  day_name(transaction_date) IN ('Saturday', 'Sunday') AS is_weekend
FROM (SELECT DISTINCT transaction_date FROM staged.sales_transactions) AS dates
