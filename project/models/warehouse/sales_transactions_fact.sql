-- kind: fact by transaction_id
-- source: sales_transactions
-- partition: transaction_date
-- sort: product_id, transaction_id
-- personal: street, postal_code
-- One row per sale line that the source sent, at the price paid after its one offer.
SELECT
  transaction_id,
  customer_id,
  sales_agent_id,
  branch_id,
  product_id,
  units,
  CAST(unit_price AS DECIMAL(18,4)) AS unit_price,
  CAST(CAST(units AS DECIMAL(6,0)) * unit_price AS DECIMAL(18,4)) AS total_price,
  discount_percentage,
  CAST(CAST(units AS DECIMAL(6,0)) * unit_price * CAST(paid_share AS DECIMAL(3,2)) AS DECIMAL(18,4)) AS total_paid_price,
  is_online,
  payment_method,
  split_address(shipping_address, 1) AS street,
  split_address(shipping_address, 2) AS city,
  split_address(shipping_address, 3) AS state,
  split_address(shipping_address, 4) AS postal_code,
  data_hour,
  _file_id,
  _line,
  _content_hash,
  transaction_date
FROM staged_once.sales_transactions
