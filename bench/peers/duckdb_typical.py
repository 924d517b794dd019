#!/usr/bin/env python3
"""The batch job on DuckDB, as users write it: everything read as text, one SQL statement a table, default settings.

    duckdb_typical.py LANDING OUT
"""

import pathlib
import sys

import duckdb
import landing

# Detection guesses wrong here (some files look as if they had another separator, some show their longest row late), so the
# columns are named, all as text. Quotes are read as characters: the source leaves some unclosed, and a reader that obeys
# them loses the rows behind.
READ = """
SELECT * FROM read_csv({paths!r}, header = true, auto_detect = false, columns = {columns!r}, delim = ',', quote = '', escape = '',
                       null_padding = true, strict_mode = false, ignore_errors = true)
"""

RAW = "CREATE TABLE raw AS SELECT *, row_number() OVER () AS line FROM ({reads})"

# An address over two lines stands in quotes, and its second line is a row of one field.
TYPED = """
CREATE TABLE typed AS
SELECT
  raw.line,
  try_cast(raw.transaction_date AS DATE) AS transaction_date,
  raw.transaction_id,
  raw.customer_id,
  raw.customer_fname,
  raw.customer_lname,
  raw.customer_email AS raw_email,
  regexp_replace(
    nullif(regexp_extract(raw.customer_email, '^"?([A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,})', 1), ''),
    '\\.comm$', '.com') AS customer_email,
  raw.sales_agent_id,
  raw.branch_id,
  raw.product_id,
  raw.product_name,
  raw.product_category,
  [offer IS NOT NULL AND lower(offer) = 'true'
   FOR offer IN [raw.offer_1, raw.offer_2, raw.offer_3, raw.offer_4, raw.offer_5]] AS offers,
  try_cast(raw.units AS INTEGER) AS units,
  try_cast(raw.unit_price AS DECIMAL(9,2)) AS unit_price,
  CASE lower(raw.is_online) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS is_online,
  raw.payment_method,
  CASE WHEN rest.line IS NULL THEN raw.shipping_address
       ELSE ltrim(raw.shipping_address, '"') || chr(10) || rtrim(coalesce(rest.transaction_date, rest.transaction_id), '"')
  END AS shipping_address,
  raw.surplus
FROM raw
LEFT JOIN raw AS rest
  ON rest.line = raw.line + 1 AND starts_with(raw.shipping_address, '"') AND NOT ends_with(raw.shipping_address, '"')
  AND rest.customer_id IS NULL AND (rest.transaction_date IS NULL OR rest.transaction_id IS NULL)
"""

ACCEPTED = """
CREATE TABLE accepted AS
SELECT *, coalesce(list_position(offers, TRUE), 0) * 5 AS discount_percentage
FROM typed
WHERE transaction_date BETWEEN DATE '2000-01-01' AND DATE '2099-12-31'
  AND transaction_id IS NOT NULL
  AND customer_id IS NOT NULL
  AND product_id IS NOT NULL
  AND units BETWEEN 1 AND 100000
  AND unit_price >= 0
  AND is_online IS NOT NULL
  AND len(list_filter(offers, lambda offer: offer)) <= 1
  AND surplus IS NULL
  AND (raw_email IS NULL OR NOT starts_with(raw_email, '"') OR ends_with(raw_email, '"'))
  AND (shipping_address IS NULL OR NOT starts_with(shipping_address, '"') OR ends_with(shipping_address, '"'))
"""

FACT = """
CREATE TABLE fact AS
SELECT
  transaction_id,
  customer_id,
  sales_agent_id,
  branch_id,
  product_id,
  units,
  unit_price::DECIMAL(18,4) AS unit_price,
  (units::DECIMAL(6,0) * unit_price)::DECIMAL(18,4) AS total_price,
  discount_percentage,
  (units::DECIMAL(6,0) * unit_price * ((100 - discount_percentage)::DECIMAL(3,0) * 0.01))::DECIMAL(18,4) AS total_paid_price,
  is_online,
  payment_method,
  regexp_extract(shipping_address, '(?s)^(.*)/([^/]*)/([^/]*)/([^/]*)$', ['street', 'city', 'state', 'postal_code']) AS address,
  transaction_date
FROM accepted
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY line) = 1
"""

SPLIT_FACT = """
SELECT
  * EXCLUDE (address, transaction_date),
  nullif(trim(address.street), '') AS street,
  nullif(trim(address.city), '') AS city,
  nullif(trim(address.state), '') AS state,
  nullif(trim(address.postal_code), '') AS postal_code,
  transaction_date
FROM fact
"""

DIMENSIONS = {
    "customer_dim": """
        SELECT customer_id, customer_fname AS first_name, customer_lname AS last_name, customer_email AS email,
          transaction_date AS latest_transaction_date
        FROM accepted
        QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY transaction_date DESC, line DESC) = 1""",
    "product_dim": """
        SELECT product_id, product_name, product_category
        FROM accepted
        QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY line DESC) = 1""",
    "date_dim": """
        SELECT DISTINCT transaction_date, year(transaction_date) AS year, quarter(transaction_date) AS quarter,
          month(transaction_date) AS month, day(transaction_date) AS day, week(transaction_date) AS iso_week,
          dayname(transaction_date) AS day_name, dayofweek(transaction_date) IN (0, 6) AS is_weekend
        FROM accepted""",
    "branch_dim": """
        SELECT branch_id, location, try_cast(establish_date AS DATE) AS establish_date, class
        FROM read_csv({branches!r}, all_varchar = true, filename = true)
        QUALIFY row_number() OVER (PARTITION BY branch_id ORDER BY filename DESC) = 1""",
    "sales_agent_dim": """
        SELECT sales_person_id AS sales_agent_id, name, try_cast(hire_date AS DATE) AS hire_date
        FROM read_csv({agents!r}, all_varchar = true, filename = true)
        QUALIFY row_number() OVER (PARTITION BY sales_person_id ORDER BY filename DESC) = 1""",
}

REPORTS = {
    "top-products": """
        SELECT product_id, product_name, sum(units) AS total_units_sold
        FROM fact LEFT JOIN product_dim USING (product_id)
        GROUP BY ALL ORDER BY total_units_sold DESC, product_id""",
    "redeemed-offers": """
        SELECT discount_percentage, count(*) AS number_of_sales
        FROM fact GROUP BY ALL ORDER BY number_of_sales DESC, discount_percentage""",
    "offers-per-product": """
        SELECT product_id, product_name, discount_percentage, count(*) AS purchase_count
        FROM fact LEFT JOIN product_dim USING (product_id) WHERE discount_percentage > 0
        GROUP BY ALL ORDER BY purchase_count DESC, product_id, discount_percentage""",
    "lowest-online-cities": """
        SELECT city, state, sum(total_paid_price) AS total_online_sales
        FROM split_fact WHERE is_online GROUP BY ALL ORDER BY total_online_sales, city, state""",
    "b2b": """
        SELECT a.name AS sales_agent_name, p.product_name, sum(f.units) AS total_sold_units
        FROM fact AS f LEFT JOIN sales_agent_dim AS a USING (sales_agent_id) LEFT JOIN product_dim AS p USING (product_id)
        WHERE f.transaction_date = DATE '{day}' AND f.sales_agent_id IS NOT NULL
        GROUP BY f.sales_agent_id, a.name, f.product_id, p.product_name
        ORDER BY sales_agent_name NULLS FIRST, p.product_name, f.sales_agent_id, f.product_id""",
}


def main() -> None:
    landing_folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
    (out / "reports").mkdir(parents=True)
    connection = duckdb.connect()
    runs = landing.runs_of_equal_columns(landing.list_transactions(landing_folder))
    reads = [READ.format(paths=paths, columns=dict.fromkeys((*columns, "surplus"), "VARCHAR")) for columns, paths in runs]
    connection.execute(RAW.format(reads=" UNION ALL BY NAME ".join(reads)))
    connection.execute(TYPED)
    connection.execute(ACCEPTED)
    connection.execute(FACT)
    connection.execute(f"CREATE VIEW split_fact AS {SPLIT_FACT}")
    connection.execute(
        f"COPY (FROM split_fact) TO '{out}/sales_transactions_fact' "
        "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (transaction_date))"
    )
    branches = [file.path for file in landing.list_files(landing_folder, "branches", "branch_id")]
    agents = [file.path for file in landing.list_files(landing_folder, "sales_agents", "sales_person_id")]
    for name, sql in DIMENSIONS.items():
        connection.execute(f"CREATE TABLE {name} AS {sql.format(branches=branches, agents=agents)}")
        connection.execute(f"COPY {name} TO '{out}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    for name, sql in REPORTS.items():
        answer = sql.format(day=landing.last_whole_day(landing_folder))
        connection.execute(f"COPY ({answer}) TO '{out}/reports/{name}.csv' (HEADER)")


if __name__ == "__main__":
    main()
