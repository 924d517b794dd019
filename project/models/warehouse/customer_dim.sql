-- kind: scd2 by customer_id
-- source: sales_transactions
-- order: latest_transaction_date
-- partition: is_current
-- personal: first_name, last_name, email
-- One row per customer and period of data hours in which the shop knew them by this name and e-mail. The source gives one
-- customer many names: that of the latest transaction date counts, then the last in order.
SELECT
  customer_id,
  customer_fname AS first_name,
  customer_lname AS last_name,
  customer_email AS email,
  transaction_date AS latest_transaction_date,
  data_hour,
  _file,
  _line
FROM staged.sales_transactions
