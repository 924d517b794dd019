-- Functions that contracts, models and reports call, on DuckDB. Those that profiling showed hot are native: clean_text,
-- parse_integer, parse_bigint, parse_boolean, is_decimal, parse_date, clean_email, split_address, content_hash (src/engine/duckdb/functions.cc).

-- A personal value as messages may show it: j***(18).
CREATE OR REPLACE MACRO mask_value(t) AS
  substr(t, 1, 1) || '***(' || CAST(length(t) AS VARCHAR) || ')';

-- The same by its older name, which is another function on Spark.
CREATE OR REPLACE MACRO mask(t) AS mask_value(t);

-- A value as a message shows it: in quotes, its beginning only when it is long.
CREATE OR REPLACE MACRO quote_value(t) AS
  CASE WHEN length(t) > 60 THEN '''' || substr(t, 1, 60) || '...''' ELSE '''' || t || '''' END;

-- The English name of the weekday.
CREATE OR REPLACE MACRO day_name(d) AS dayname(d);

CREATE OR REPLACE MACRO ten_thousandths(n) AS
  CAST(CAST(n AS DECIMAL(38,4)) * 10000 AS HUGEINT);

-- What percentage `part` is of `whole`, both not negative: DECIMAL(9,2), half up, NULL when `whole` is 0. Counted in integers
-- (ten thousandths of the values, hundredths of a percent), because a quotient of decimals is a DOUBLE.
CREATE OR REPLACE MACRO percent_of(part, whole) AS
  CASE WHEN whole <> 0 THEN CAST(
    CAST((ten_thousandths(part) * 20000 + ten_thousandths(whole)) // (ten_thousandths(whole) * 2) AS DECIMAL(9,0))
    * CAST(0.01 AS DECIMAL(2,2)) AS DECIMAL(9,2)) END;

-- The window of so many minutes that a time lies in: its begin, counted from midnight UTC.
CREATE OR REPLACE MACRO window_start(t, minutes) AS
  to_timestamp(epoch_us(t) // (CAST(60000000 AS BIGINT) * minutes) * (60 * minutes));

-- What each of `n` has of `total`, n above 0: DECIMAL(38,2), half up, counted in integers as percent_of does.
CREATE OR REPLACE MACRO average_of(total, n) AS
  CASE WHEN n <> 0 THEN CAST(
    CAST((ten_thousandths(total) * 2 + CAST(n AS HUGEINT) * 100) // (CAST(n AS HUGEINT) * 200) AS DECIMAL(36,0))
    * CAST(0.01 AS DECIMAL(2,2)) AS DECIMAL(38,2)) END;
