-- Functions that contracts, models and reports call, on DuckDB. Those that profiling showed hot are native: clean_text,
-- parse_integer, parse_bigint, parse_boolean, is_decimal, parse_date, clean_email, split_address, content_hash (src/engine/duckdb/functions.cc).

-- A personal value as messages may show it: j***(18).
CREATE OR REPLACE MACRO mask(t) AS
  substr(t, 1, 1) || '***(' || CAST(length(t) AS VARCHAR) || ')';

-- A value as a message shows it: in quotes, its beginning only when it is long.
CREATE OR REPLACE MACRO quote_value(t) AS
  CASE WHEN length(t) > 60 THEN '''' || substr(t, 1, 60) || '...''' ELSE '''' || t || '''' END;

-- The English name of the weekday.
CREATE OR REPLACE MACRO day_name(d) AS dayname(d);
