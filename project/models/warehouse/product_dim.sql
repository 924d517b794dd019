-- kind: scd2 by product_id
-- source: sales_transactions
-- One row per product and period of data hours in which it had this name and category. Two products may share a name.
SELECT
  product_id,
  product_name,
  product_category,
  data_hour,
  _file,
  _line
FROM staged.sales_transactions
