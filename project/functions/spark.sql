-- Functions that contracts, models and reports call, on Spark: each means what its namesake means on DuckDB (functions/duckdb.sql,
-- src/engine/duckdb/text_functions.h). A backslash is a plain character, as there. Patterns end
-- in \z, because $ also matches before a line end.

CREATE OR REPLACE TEMPORARY FUNCTION clean_text(t STRING) RETURNS STRING
RETURN nullif(btrim(t, concat(' ', chr(9))), '');

CREATE OR REPLACE TEMPORARY FUNCTION parse_bigint(t STRING) RETURNS BIGINT
RETURN CASE WHEN t RLIKE '\A[+-]?[0-9]+\z' THEN try_cast(t AS BIGINT) END;

CREATE OR REPLACE TEMPORARY FUNCTION parse_integer(t STRING) RETURNS INT
RETURN CASE WHEN t RLIKE '\A[+-]?[0-9]+\z' THEN try_cast(t AS INT) END;

CREATE OR REPLACE TEMPORARY FUNCTION parse_boolean(t STRING) RETURNS BOOLEAN
RETURN CASE
  WHEN lower(t) IN ('yes', 'true', 'y', 't', '1') THEN TRUE
  WHEN lower(t) IN ('no', 'false', 'n', 'f', '0') THEN FALSE END;

-- Digits of the whole part count without zeros before them, those of the fraction without zeros behind them.
CREATE OR REPLACE TEMPORARY FUNCTION is_decimal(t STRING, digits INT, fraction_digits INT) RETURNS BOOLEAN
RETURN CASE WHEN t IS NOT NULL AND digits IS NOT NULL AND fraction_digits IS NOT NULL THEN
  digits BETWEEN 1 AND 38 AND fraction_digits BETWEEN 0 AND digits
  AND t RLIKE '\A[+-]?[0-9]+([.][0-9]*)?\z'
  AND length(regexp_extract(t, '\A[+-]?0*([0-9]*)', 1)) <= digits - fraction_digits
  AND length(regexp_extract(t, '[.]([0-9]*?)0*\z', 1)) <= fraction_digits END;

CREATE OR REPLACE TEMPORARY FUNCTION parse_date(t STRING) RETURNS DATE
RETURN CASE WHEN clean_text(t) RLIKE '\A[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\z' THEN try_cast(clean_text(t) AS DATE) END;

-- What may be a domain, up to its first empty label. No group is repeated: Java's patterns would run out of stack on a text of
-- many thousand labels.
CREATE OR REPLACE TEMPORARY FUNCTION email_domain(t STRING) RETURNS STRING
RETURN split_part(regexp_extract(clean_text(t), '\A[A-Za-z0-9._%+-]++@([A-Za-z0-9.-]*)', 1), '..', 1);

CREATE OR REPLACE TEMPORARY FUNCTION email_prefix(t STRING) RETURNS STRING
RETURN regexp_extract(clean_text(t), '\A[A-Za-z0-9._%+-]++@', 0) ||
  nullif(regexp_extract(email_domain(t), '\A[A-Za-z0-9-][A-Za-z0-9.-]*[.][A-Za-z]{2,}+', 0), '');

CREATE OR REPLACE TEMPORARY FUNCTION clean_email(t STRING) RETURNS STRING
RETURN CASE WHEN endswith(email_prefix(t), '.comm') THEN substr(email_prefix(t), 1, length(email_prefix(t)) - 1)
  ELSE email_prefix(t) END;

CREATE OR REPLACE TEMPORARY FUNCTION split_address(t STRING, part INT) RETURNS STRING
RETURN clean_text(CASE
  WHEN t RLIKE '(?s)\A.*/[^/]*/[^/]*/[^/]*\z' THEN
    CASE part
      WHEN 1 THEN regexp_extract(t, '(?s)\A(.*)/[^/]*/[^/]*/[^/]*\z', 1)
      WHEN 2 THEN regexp_extract(t, '/([^/]*)/[^/]*/[^/]*\z', 1)
      WHEN 3 THEN regexp_extract(t, '/([^/]*)/[^/]*\z', 1)
      WHEN 4 THEN regexp_extract(t, '/([^/]*)\z', 1) END
  WHEN part = 1 THEN t END);

-- Of an array of texts, where the one of DuckDB takes any number of them. XXH64 with seed 42 and with seed 1011: the number is
-- the one whose own hash is 1011.
CREATE OR REPLACE TEMPORARY FUNCTION content_hash(texts ARRAY<STRING>) RETURNS BINARY
RETURN to_binary(concat(
  lpad(hex(xxhash64(array_join(texts, chr(31), chr(30)))), 16, '0'),
  lpad(hex(xxhash64(-3250993447849531683L, array_join(texts, chr(31), chr(30)))), 16, '0')), 'hex');

CREATE OR REPLACE TEMPORARY FUNCTION regexp_full_match(t STRING, pattern STRING) RETURNS BOOLEAN
RETURN t RLIKE concat('\A(?:', pattern, ')\z');

CREATE OR REPLACE TEMPORARY FUNCTION mask_value(t STRING) RETURNS STRING
RETURN substr(t, 1, 1) || '***(' || CAST(length(t) AS STRING) || ')';

CREATE OR REPLACE TEMPORARY FUNCTION quote_value(t STRING) RETURNS STRING
RETURN CASE WHEN length(t) > 60 THEN '''' || substr(t, 1, 60) || '...''' ELSE '''' || t || '''' END;

CREATE OR REPLACE TEMPORARY FUNCTION day_name(d DATE) RETURNS STRING
RETURN date_format(d, 'EEEE');

CREATE OR REPLACE TEMPORARY FUNCTION ten_thousandths(n DECIMAL(38,4)) RETURNS DECIMAL(38,0)
RETURN CAST(n * 10000 AS DECIMAL(38,0));

-- Decimals, because div gives 64 bits; what remains is taken off first, so that nothing is rounded.
CREATE OR REPLACE TEMPORARY FUNCTION whole_quotient(a DECIMAL(38,0), b DECIMAL(38,0)) RETURNS DECIMAL(32,0)
RETURN CAST((a - a % b) / b AS DECIMAL(32,0));

CREATE OR REPLACE TEMPORARY FUNCTION percent_of(part DECIMAL(38,4), whole DECIMAL(38,4)) RETURNS DECIMAL(9,2)
RETURN CASE WHEN whole <> 0 THEN CAST(
  CAST(whole_quotient(ten_thousandths(part) * 20000 + ten_thousandths(whole), ten_thousandths(whole) * 2) AS DECIMAL(9,0))
  * CAST(0.01 AS DECIMAL(2,2)) AS DECIMAL(9,2)) END;

CREATE OR REPLACE TEMPORARY FUNCTION window_start(t TIMESTAMP, minutes INT) RETURNS TIMESTAMP
RETURN timestamp_seconds(unix_micros(t) div (60000000L * minutes) * (60 * minutes));

CREATE OR REPLACE TEMPORARY FUNCTION average_of(total DECIMAL(38,4), n BIGINT) RETURNS DECIMAL(38,2)
RETURN CASE WHEN n <> 0 THEN CAST(
  whole_quotient(ten_thousandths(total) * 2 + CAST(n AS DECIMAL(38,0)) * 100, CAST(n AS DECIMAL(38,0)) * 200)
  * CAST(0.01 AS DECIMAL(2,2)) AS DECIMAL(38,2)) END;
