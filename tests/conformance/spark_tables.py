"""Writes the tables of tests/conformance/spark, each with its rows as Spark reads them, in the form of `qlake sql --format json`.

spark_tables.py FOLDER        needs pyspark 4.2.0 and io.delta:delta-spark_4.2_2.13:4.4.0 with its dependencies in JARS
"""
import base64
import datetime
import decimal
import json
import os
import shutil
import sys

from pyspark.sql import SparkSession, types

FOLDER = os.path.abspath(sys.argv[1])
JARS = os.environ["JARS"]
os.environ["TZ"] = "UTC"


def session():
    jars = [os.path.join(JARS, name) for name in os.listdir(JARS) if name.startswith(("delta-", "unitycatalog"))]
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", ",".join(jars))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )


def as_json(value, type_):
    """A value as qlake's JSON writes it."""
    if value is None:
        return None
    if isinstance(type_, types.StructType):
        return {field.name: as_json(value[field.name], field.dataType) for field in type_}
    if isinstance(type_, types.ArrayType):
        return [as_json(item, type_.elementType) for item in value]
    if isinstance(type_, types.MapType):
        return [{"key": as_json(k, type_.keyType), "value": as_json(v, type_.valueType)} for k, v in value.items()]
    if isinstance(type_, types.LongType):
        return str(value)
    if isinstance(type_, types.DecimalType):
        return format(value.quantize(decimal.Decimal(1).scaleb(-type_.scale)), "f")
    if isinstance(type_, types.TimestampType):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(type_, types.TimestampNTZType):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value


class Tables:
    def __init__(self, spark):
        self.spark = spark

    def table(self, name):
        return f"delta.`{FOLDER}/{name}`"

    def run(self, name, *statements):
        for statement in statements:
            self.spark.sql(statement.replace("TABLE_", self.table(name)))

    def keep_rows(self, name, version=None):
        options = {} if version is None else {"versionAsOf": version}
        frame = self.spark.read.format("delta").options(**options).load(f"{FOLDER}/{name}")
        rows = [as_json(row, frame.schema) for row in frame.collect()]
        path = f"{FOLDER}/{name}{'' if version is None else f'.v{version}'}.json"
        with open(path, "w") as file:
            json.dump(rows, file, ensure_ascii=False, indent=0)
            file.write("\n")


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


def write(tables):
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
            os.remove(f"{FOLDER}/{name}/_delta_log/{version:020}.json")
    run(
        "multi_part_checkpoint",
        "CREATE TABLE TABLE_ USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval' = '2') AS SELECT id, id % 3 p FROM range(10)",
        "INSERT INTO TABLE_ VALUES (100, 3)",
        "INSERT INTO TABLE_ VALUES (101, 4)",
    )
    keep("multi_part_checkpoint")
    os.remove(f"{FOLDER}/multi_part_checkpoint/_delta_log/{0:020}.json")
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


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    spark = session()
    write(Tables(spark))
    spark.stop()
    for folder, _, files in os.walk(FOLDER):
        for name in files:
            if name.endswith(".crc"):
                os.remove(os.path.join(folder, name))


if __name__ == "__main__":
    main()
