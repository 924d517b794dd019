-- kind: scd2 by branch_id
-- source: branches
-- inferred from: sales_transactions.branch_id
-- One row per branch and period of data hours. A branch that only transactions name is inferred: flagged, without attributes,
-- until it arrives.
SELECT
  branch_id,
  location,
  establish_date,
  class,
  data_hour,
  _file,
  _line
FROM staged.branches
