#!/usr/bin/env python3
"""Spark Structured Streaming, local[2]: a topic of app events, parsed, into a Delta table by hour.

    stream_spark.py BROKERS TOPIC OUT     prints {"wall_ms", "rows"}: from the query's start to its last commit, without Spark's own
"""

import json
import pathlib
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
FIELDS = (
    "category STRING, source STRING, quantity INT, totalAmount DECIMAL(18,2), paymentMethod STRING, "
    "recommendedProductId STRING, algorithm STRING"
)
EVENT = f"eventType STRING, customerId STRING, productId STRING, timestamp STRING, {FIELDS}, metadata STRUCT<{FIELDS}>"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "4g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.log.level": "ERROR",
}


def start_session(out: pathlib.Path) -> SparkSession:
    jars = [*(REPOSITORY / ".deps" / "spark" / "jars").glob("*.jar"), *(REPOSITORY / "bench" / ".jars").glob("*.jar")]
    builder = SparkSession.builder.master("local[2]").appName("stream_spark")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    # Of the class path, as the driver is all there is.
    builder = builder.config("spark.driver.extraClassPath", ":".join(map(str, jars)))
    return builder.config("spark.local.dir", str(out / "spill")).getOrCreate()


def main() -> None:
    brokers, topic, out = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    spark = start_session(out)
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", brokers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .load()
    )
    event = F.from_json(F.col("value").cast("string"), EVENT)
    parsed = messages.select(event.alias("e"), "topic", "partition", "offset", F.col("timestamp").alias("broker_time"))
    names = [field.split()[0] for field in FIELDS.split(", ")]
    time_of = F.to_timestamp("e.timestamp")
    events = parsed.select(
        "e.eventType", "e.customerId", "e.productId", time_of.alias("timestamp"),
        *(F.coalesce(f"e.{name}", f"e.metadata.{name}").alias(name) for name in names),
        "topic", "partition", "offset", "broker_time",
        F.to_date(time_of).alias("event_date"), F.hour(time_of).alias("event_hour"),
    )  # fmt: skip
    table = str(out / "app_events")
    began = time.monotonic()
    query = (
        events.writeStream.format("delta")
        .option("checkpointLocation", str(out / "checkpoint"))
        .partitionBy("event_date", "event_hour")
        .trigger(availableNow=True)
        .start(table)
    )
    query.awaitTermination()
    wall_ms = (time.monotonic() - began) * 1000
    rows = spark.read.format("delta").load(table).count()
    spark.stop()
    print(json.dumps({"wall_ms": wall_ms, "rows": rows}))


if __name__ == "__main__":
    main()
