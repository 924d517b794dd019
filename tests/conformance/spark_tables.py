"""Lets Spark write tables, each with its rows as Spark reads them, in the form of `qlake sql --format json`.

spark_tables.py features|statements FOLDER     TABLE/ and TABLE.json for each, TABLE.vN.json for the rows of version N

features: what a table's protocol can ask of a reader. statements: what Spark's SQL does to a table.
"""
import json
import os
import sys

import spark_rows


class Tables:
    def __init__(self, spark, folder):
        self.spark = spark
        self.folder = folder

    def table(self, name):
        return f"delta.`{self.folder}/{name}`"

    def run(self, name, *statements):
        for statement in statements:
            self.spark.sql(statement.replace("TABLE_", self.table(name))).collect()

    def keep_rows(self, name, version=None):
        rows = spark_rows.read_table(self.spark, f"{self.folder}/{name}", version)
        path = f"{self.folder}/{name}{'' if version is None else f'.v{version}'}.json"
        with open(path, "w") as file:
            json.dump(rows, file, ensure_ascii=False)

    def keep_rows_of_versions(self, name, *versions):
        for version in (*versions, None):
            self.keep_rows(name, version)


ONE_FILE = "/*+ COALESCE(1) */"
MAPPED = f"""CREATE TABLE TABLE_ USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode' = 'MODE') AS
SELECT {ONE_FILE} id, named_struct('a', CAST(id AS INT), 'b c', named_struct('c', concat('c', id), 'd', array(id, NULL))) s,
array(named_struct('x,y', id, 'y', 'q'), NULL) arr, map(named_struct('k', id), named_struct('u', id, 'v', CAST(id AS DECIMAL(10,2)))) m,
concat('p ', id % 2) p, id * 2 gone FROM range(3)"""
RENAMES = [
    "ALTER TABLE TABLE_ RENAME COLUMN id TO `my id`",
    "ALTER TABLE TABLE_ RENAME COLUMN s.a TO alpha",
    "ALTER TABLE TABLE_ RENAME COLUMN p TO part",
    "ALTER TABLE TABLE_ DROP COLUMN gone",
    "ALTER TABLE TABLE_ RENAME COLUMN arr.element.y TO why",
    "ALTER TABLE TABLE_ RENAME COLUMN m.value.u TO uu",
    "ALTER TABLE TABLE_ RENAME COLUMN m.key.k TO kk",
    "ALTER TABLE TABLE_ ADD COLUMN gone STRING",
    "ALTER TABLE TABLE_ ADD COLUMN s.neu INT",
    "INSERT INTO TABLE_ (`my id`, part, gone) VALUES (100, NULL, 'x'), (101, 'p/=%', 'y')",
]
TYPES = f"""SELECT {ONE_FILE} CAST(id AS BYTE) b, CAST(id AS SHORT) s, CAST(id AS INT) i, id l, CAST(id / 2 AS FLOAT) f, id / 4D d,
CAST(id / 7 AS DECIMAL(12,4)) dec, CAST(id / 7 AS DECIMAL(38,18)) big, id % 2 = 0 bo, concat('s', id, ' é') st,
CAST(concat('x', id) AS BINARY) bin, date_add(DATE'2020-02-27', CAST(id AS INT)) dt, timestamp_micros(1600000000000001 + id * 1234567) ts,
CAST(timestamp_micros(1600000000000001 + id) AS TIMESTAMP_NTZ) ntz, array(array(1, 2), array(), NULL) aa,
IF(id = 1, NULL, map(named_struct('k', id), array(id, NULL))) m, IF(id = 2, NULL, named_struct('z', named_struct('y', id))) n FROM range(4)"""


def write_features(tables):
    run, keep, spark = tables.run, tables.keep_rows, tables.spark
    for mode in ("name", "id"):
        name = f"mapped_by_{mode}"
        run(name, MAPPED.replace("MODE", mode), *RENAMES)
        keep(name)
    run("types", f"CREATE TABLE TABLE_ USING delta AS {TYPES}")
    keep("types")
    # The forms that Parquet had for lists, maps and timestamps at first.
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    run("legacy_types", f"CREATE TABLE TABLE_ USING delta AS {TYPES}")
    keep("legacy_types")
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", "false")
    spark.conf.unset("spark.sql.parquet.outputTimestampType")

    run(
        "deletion_vectors",
        f"CREATE TABLE TABLE_ USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true') AS SELECT {ONE_FILE} id, id % 7 k FROM range(400)",
        "DELETE FROM TABLE_ WHERE k = 3",
        "DELETE FROM TABLE_ WHERE id BETWEEN 20 AND 370",
        "UPDATE TABLE_ SET k = -1 WHERE id = 5",
    )
    for version in (1, 2, None):
        keep("deletion_vectors", version)
    # Prefixes before the UUIDs of deletion vectors and data files, partitions, mapping, checkpoints.
    run(
        "prefixed_vectors",
        "CREATE TABLE TABLE_ USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name', "
        "'delta.randomizeFilePrefixes' = 'true', 'delta.checkpointInterval' = '2') AS SELECT id, id % 2 p FROM range(30)",
        *[f"DELETE FROM TABLE_ WHERE id % 10 = {i}" for i in range(3)],
    )
    keep("prefixed_vectors")
    for form in ("json", "parquet"):
        name = f"v2_checkpoint_{form}"
        spark.conf.set("spark.databricks.delta.checkpointV2.topLevelFileFormat", form)
        spark.conf.set("spark.databricks.delta.checkpoint.partSize", "2")
        run(
            name,
            "CREATE TABLE TABLE_ USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '2', "
            "'delta.enableDeletionVectors' = 'true') AS SELECT id, id % 2 p FROM range(10)",
            "DELETE FROM TABLE_ WHERE id = 4",
            "INSERT INTO TABLE_ VALUES (100, 3)",
            "INSERT INTO TABLE_ VALUES (101, NULL)",
        )
        keep(name)
        # A log that was cleaned up behind its checkpoint.
        for version in range(2):
            os.remove(f"{tables.folder}/{name}/_delta_log/{version:020}.json")
    run(
        "multi_part_checkpoint",
        "CREATE TABLE TABLE_ USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval' = '2') AS SELECT id, id % 3 p FROM range(10)",
        "INSERT INTO TABLE_ VALUES (100, 3)",
        "INSERT INTO TABLE_ VALUES (101, 4)",
    )
    keep("multi_part_checkpoint")
    os.remove(f"{tables.folder}/multi_part_checkpoint/_delta_log/{0:020}.json")
    spark.conf.unset("spark.databricks.delta.checkpoint.partSize")

    run(
        "widened",
        "CREATE TABLE TABLE_ (a BYTE, b SHORT, c INT, d FLOAT, f DECIMAL(5,2), s STRUCT<x: SHORT>, arr ARRAY<INT>, g INT, p SHORT) USING delta "
        "PARTITIONED BY (p) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
        "INSERT INTO TABLE_ VALUES (1, 2, 3, 1.5, 1.25, named_struct('x', 5S), array(1, 2), 7, 1)",
        *[
            f"ALTER TABLE TABLE_ ALTER COLUMN {column} TYPE {wider}"
            for column, wider in [("a", "INT"), ("b", "BIGINT"), ("c", "BIGINT"), ("d", "DOUBLE"), ("f", "DECIMAL(10,4)"), ("s.x", "INT"),
                                  ("arr.element", "BIGINT"), ("g", "DECIMAL(20,2)"), ("p", "INT")]
        ],
        "INSERT INTO TABLE_ VALUES (100000, 200000000000, 300000000000, 2.5, 1.2345, named_struct('x', 500000), array(10000000000), 7.25, 100000)",
    )
    keep("widened")
    # What only writers must know: identity, generated columns, CHECK constraints, change data, clustering.
    run(
        "writer_features",
        "CREATE TABLE TABLE_ (id LONG GENERATED ALWAYS AS IDENTITY, a INT NOT NULL, g INT GENERATED ALWAYS AS (a * 2)) USING delta CLUSTER BY (a) "
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableRowTracking' = 'true', 'delta.enableInCommitTimestamps' = 'true')",
        "INSERT INTO TABLE_ (a) VALUES (1), (2)",
        "ALTER TABLE TABLE_ ADD CONSTRAINT positive CHECK (a > 0)",
        "UPDATE TABLE_ SET a = 5 WHERE a = 2",
    )
    keep("writer_features")
    columns = [("t", "TIMESTAMP"), ("n", "TIMESTAMP_NTZ"), ("d", "DATE"), ("c", "DECIMAL(20,10)"), ("s", "STRING"), ("b", "BINARY"), ("f", "DOUBLE"),
               ("o", "BOOLEAN")]
    run(
        "partition_values",
        f"CREATE TABLE TABLE_ (v INT, {', '.join(' '.join(column) for column in columns)}) USING delta PARTITIONED BY ({', '.join(name for name, _ in columns)})",
        "INSERT INTO TABLE_ VALUES (1, TIMESTAMP'2020-01-01 10:11:12.123456', TIMESTAMP_NTZ'2020-01-01 10:11:12.5', DATE'2020-02-29', 0.0000000001, "
        "'a b/c=d%e:f#é', X'41', 1.5, true)",
        f"INSERT INTO TABLE_ VALUES (2{', NULL' * len(columns)})",
        "INSERT INTO TABLE_ VALUES (3, TIMESTAMP'1960-01-01 00:00:00', TIMESTAMP_NTZ'2020-01-01 00:00:00', DATE'1999-12-31', -12.5, 'null', X'68c3a9', -2, false)",
    )
    keep("partition_values")
    run("variant", "CREATE TABLE TABLE_ USING delta AS SELECT id, parse_json('1') v FROM range(1)")


# What one table can meet in its life, in one order; `TABLE_` has the columns id, price, at, bytes, city.
VALUES = [
    "(1, 1.5, TIMESTAMP'2023-05-20 14:03:07.000001', X'00FF', 'a b/c=d%e:f#é')",
    "(2, -99999999999999.9999, TIMESTAMP'1900-01-01 00:00:00', X'', 'null')",
    "(3, NULL, NULL, NULL, NULL)",
    "(4, 0, TIMESTAMP'2262-04-11 23:47:16.854775', X'41', ' ')",
    "(5, 0.0001, TIMESTAMP'1969-12-31 23:59:59.999999', X'0A', '__HIVE_DEFAULT_PARTITION__x')",
    "(6, 6, TIMESTAMP'2023-05-20 14:03:07', X'5C', 'x*[y]?{z}~^`''\"')",
]
LIFE = [
    "CREATE TABLE TABLE_ (id INT, price DECIMAL(18,4), at TIMESTAMP, bytes BINARY, city STRING) USING delta PARTITIONED BY (city) "
    "TBLPROPERTIES (PROPERTIES_)",
    f"INSERT INTO TABLE_ VALUES {', '.join(VALUES)}",
    "INSERT INTO TABLE_ SELECT id + 100, id / 8, timestamp_micros(id), CAST(CAST(id AS STRING) AS BINARY), 'many' FROM range(50)",
    "MERGE INTO TABLE_ t USING (SELECT CAST(id AS INT) AS id FROM VALUES (1), (2), (104), (105), (900) AS v(id)) s ON t.id = s.id "
    "WHEN MATCHED AND t.id = 105 THEN DELETE WHEN MATCHED THEN UPDATE SET price = price + 1, city = 'moved/here' "
    "WHEN NOT MATCHED THEN INSERT (id, city) VALUES (s.id, 'new') WHEN NOT MATCHED BY SOURCE AND t.id = 110 THEN DELETE",
    "UPDATE TABLE_ SET bytes = NULL, at = at + INTERVAL 1 MICROSECOND WHERE id BETWEEN 111 AND 115",
    "DELETE FROM TABLE_ WHERE id % 7 = 2",
    "DELETE FROM TABLE_ WHERE city = 'null'",
    "ALTER TABLE TABLE_ ADD COLUMNS (note STRING AFTER id, place STRUCT<x: INT, y: ARRAY<STRING>>)",
    "INSERT INTO TABLE_ (id, note, place, city) VALUES (7, 'n', named_struct('x', 1, 'y', array('p', NULL)), 'many')",
    "ALTER TABLE TABLE_ ADD COLUMN (place.z DECIMAL(38,18))",
    "MERGE WITH SCHEMA EVOLUTION INTO TABLE_ t USING (SELECT 7 AS id, 1.5D AS grown, 'many' AS city UNION ALL SELECT 8, 2.5D, NULL) s ON t.id = s.id "
    "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
    "OPTIMIZE TABLE_ WHERE city = 'many'",
    "INSERT INTO TABLE_ (id, city) VALUES (9, 'after')",
]
LATER_LIFE = [
    "OPTIMIZE TABLE_ ZORDER BY (id)",
    "INSERT INTO TABLE_ REPLACE WHERE city = 'new' SELECT * FROM TABLE_ WHERE city = 'new' AND id > 1000",
    "RESTORE TABLE TABLE_ TO VERSION AS OF 9",
    "INSERT INTO TABLE_ (id, city) VALUES (10, 'restored')",
]
PLAIN = "'delta.enableDeletionVectors' = 'false', 'delta.checkpointInterval' = '5'"
MODERN = (
    "'delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name', 'delta.enableChangeDataFeed' = 'true', "
    "'delta.enableRowTracking' = 'true', 'delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '4'"
)


def write_statements(tables):
    run, keep = tables.run, tables.keep_rows_of_versions
    tables.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    for name, properties in (("plain", PLAIN), ("modern", MODERN)):
        run(name, *(statement.replace("PROPERTIES_", properties) for statement in LIFE))
    run("plain", *LATER_LIFE)
    keep("plain", 2, 3, 6, 9, 11, 12, 14)
    run("modern", "ALTER TABLE TABLE_ RENAME COLUMN price TO cost", "ALTER TABLE TABLE_ DROP COLUMN note", "ALTER TABLE TABLE_ SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')", "REORG TABLE TABLE_ APPLY (PURGE)")
    keep("modern", 3, 4, 6, 10, 11)

    # A clone's files lie in the folder of its origin.
    run("clone", f"CREATE TABLE TABLE_ SHALLOW CLONE {tables.table('modern')} VERSION AS OF 8", "DELETE FROM TABLE_ WHERE id = 7", "UPDATE TABLE_ SET id = -id")
    keep("clone", 0)
    run("replaced", f"CREATE TABLE TABLE_ USING delta AS SELECT id, city FROM {tables.table('plain')}",
        "CREATE OR REPLACE TABLE TABLE_ USING delta PARTITIONED BY (day) AS SELECT DATE'2023-05-20' + CAST(id AS INT) AS day, id AS other FROM range(3)",
        "INSERT OVERWRITE TABLE_ SELECT DATE'2023-05-21', 7")
    keep("replaced", 0, 1)
    run("clustered", "CREATE TABLE TABLE_ (id INT, city STRING) USING delta CLUSTER BY (city)",
        f"INSERT INTO TABLE_ SELECT id, city FROM {tables.table('plain')}", "OPTIMIZE TABLE_", "DELETE FROM TABLE_ WHERE id < 3")
    keep("clustered", 2)

    # Files without statistics, which Delta did not write.
    tables.spark.sql("SELECT id, concat('p ', id % 2) AS p FROM range(6)").write.partitionBy("p").parquet(f"{tables.folder}/converted")
    tables.spark.sql(f"CONVERT TO DELTA parquet.`{tables.folder}/converted` PARTITIONED BY (p STRING)").collect()
    run("converted", "DELETE FROM TABLE_ WHERE id = 3")
    keep("converted")
    # Not in one statement: Delta refuses a CREATE TABLE AS SELECT with column mapping and a change data feed.
    run("vacuumed", f"CREATE TABLE TABLE_ (id BIGINT, k BIGINT) USING delta TBLPROPERTIES ({MODERN})", "INSERT INTO TABLE_ SELECT id, id % 3 FROM range(20)", "DELETE FROM TABLE_ WHERE k = 1",
        "OPTIMIZE TABLE_", "UPDATE TABLE_ SET k = 5 WHERE id = 6", "VACUUM TABLE_ RETAIN 0 HOURS", "ALTER TABLE TABLE_ DROP FEATURE rowTracking")
    keep("vacuumed")


def main():
    group, folder = sys.argv[1:]
    tables = Tables(spark_rows.connect(), os.path.abspath(folder))
    {"features": write_features, "statements": write_statements}[group](tables)


if __name__ == "__main__":
    main()
