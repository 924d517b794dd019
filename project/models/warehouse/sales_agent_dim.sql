-- kind: scd2 by sales_agent_id
-- source: sales_agents
-- inferred from: sales_transactions.sales_agent_id
-- One row per sales agent and period of data hours. An agent that only transactions name is inferred: flagged, without
-- attributes, until they arrive.
SELECT
  sales_person_id AS sales_agent_id,
  name,
  hire_date,
  data_hour,
  _file,
  _line
FROM staged.sales_agents
