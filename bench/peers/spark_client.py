#!/usr/bin/env python3
"""Statements over Spark Connect by pyspark, as bench/spark_client_bench.cc does them by qlake. Prints one JSON object.

    spark_client.py ADDRESS query|command|rows COUNT
"""

import json
import resource
import sys
import time

from pyspark.sql import SparkSession

QUERIES = {
    "query": "SELECT id, id * 2 AS twice FROM range(0, 100, 1, 1)",
    "rows": "SELECT id, CAST(id AS STRING) AS text FROM range(0, 1000000, 1, 10)",
}


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run_one(spark: SparkSession, what: str) -> int:
    if what == "command":
        spark.sql("CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1 AS one")
        return 0
    return spark.sql(QUERIES[what]).toArrow().num_rows


def main() -> None:
    address, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    spark = SparkSession.builder.remote(address).create()
    rows = run_one(spark, what)
    started, cpu_before = time.monotonic(), cpu_s()
    for _ in range(count):
        rows += run_one(spark, what)
    wall_ms, cpu_ms = (time.monotonic() - started) * 1000, (cpu_s() - cpu_before) * 1000
    print(json.dumps({"wall_ms": wall_ms / count, "cpu_ms": cpu_ms / count, "rows": rows}))
    spark.stop()


if __name__ == "__main__":
    main()
