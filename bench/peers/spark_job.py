#!/usr/bin/env python3
"""The batch job on PySpark, local[2], start-up included: tuned for one small machine.

    spark_job.py LANDING OUT
"""

import csv
import functools
import pathlib
import shutil
import sys

import landing
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "6g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",  # No checksum file beside each file.
    "spark.sql.session.timeZone": "UTC",
    "spark.io.compression.codec": "lz4",
    "spark.log.level": "ERROR",
}
COLUMNS = (
    "transaction_date transaction_id customer_id customer_fname customer_lname customer_email sales_agent_id branch_id "
    "product_id product_name product_category offer_1 offer_2 offer_3 offer_4 offer_5 units unit_price is_online "
    "payment_method shipping_address surplus"
).split()


def start_session(out: pathlib.Path) -> SparkSession:
    builder = SparkSession.builder.master("local[2]").appName("spark_job")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.config("spark.local.dir", str(out / "spill")).getOrCreate()


def read_transactions(spark: SparkSession, folder: str) -> DataFrame:
    """All rows with `line`, which grows in order of hour, file and line: a scan a file, in order, keeps Spark from packing
    files as it likes, and the id grows from one scan to the next."""
    # Quotes are read as characters: the source leaves some unclosed, and a reader that obeys them loses the rows behind.
    scans = []
    for file in landing.list_transactions(folder):
        schema = ", ".join(f"{name} STRING" for name in (*file.columns, "surplus"))
        scans.append(spark.read.csv(file.path, schema=schema, quote="", header=True, enforceSchema=True).select(COLUMNS))
    return functools.reduce(DataFrame.unionAll, scans).withColumn("line", F.monotonically_increasing_id())


def has_open_quote(name: str):
    column = F.col(name)
    return F.coalesce(column.startswith('"') & ~column.endswith('"'), F.lit(False))


def read_sales(spark: SparkSession, folder: str) -> DataFrame:
    offers = [F.coalesce(F.lower(f"offer_{i}") == "true", F.lit(False)) for i in range(1, 6)]
    offer_count = sum((offer.cast("int") for offer in offers[1:]), offers[0].cast("int"))
    discount = sum((offer.cast("int") * percent for offer, percent in zip(offers, (5, 10, 15, 20, 25))), F.lit(0))
    raw = read_transactions(spark, folder)
    typed = raw.select(
        *[name for name in COLUMNS if name not in ("transaction_date", "units", "unit_price") and "offer" not in name],
        "line",
        F.col("transaction_date").alias("date_text"),
        F.col("transaction_date").try_cast("date").alias("transaction_date"),
        F.col("units").try_cast("int").alias("units"),
        F.col("unit_price").try_cast("decimal(9,2)").alias("unit_price"),
        offer_count.alias("offer_count"),
        discount.alias("discount_percentage"),
    )
    whole = (
        F.col("transaction_date").between("2000-01-01", "2099-12-31")
        & F.col("transaction_id").isNotNull()
        & F.col("customer_id").isNotNull()
        & F.col("product_id").isNotNull()
        & F.col("units").between(1, 100000)
        & (F.col("unit_price") >= 0)
        & F.col("is_online").isin("yes", "no")
        & (F.col("offer_count") <= 1)
        & F.col("surplus").isNull()
        & ~has_open_quote("customer_email")
        & ~F.coalesce(F.concat_ws("", "customer_fname", "customer_lname").contains("\N{REPLACEMENT CHARACTER}"), F.lit(False))
    )
    alone = F.col("customer_id").isNull() & (F.col("date_text").isNull() | F.col("transaction_id").isNull())
    both = typed.filter(whole | alone).withColumn("alone", alone).drop("offer_count", "surplus").cache()
    # An address over two lines stands in quotes; its second line is a row of one field.
    rests = both.filter("alone").select(
        (F.col("line") - 1).alias("line"), F.rtrim(F.coalesce("date_text", "transaction_id"), F.lit('"')).alias("rest")
    )
    address = F.when(
        has_open_quote("shipping_address") & F.col("rest").isNotNull(),
        F.concat(F.ltrim("shipping_address", F.lit('"')), F.lit("\n"), F.col("rest")),
    ).otherwise(F.col("shipping_address"))
    sales = both.filter("NOT alone").join(F.broadcast(rests), "line", "left").withColumn("shipping_address", address)
    return sales.filter(~has_open_quote("shipping_address")).drop("rest", "alone", "date_text")


def first_of_each_id(sales: DataFrame) -> DataFrame:
    """The first row of an id stays. Few ids stand more than once: theirs are sent to every task."""
    ids = sales.groupBy("transaction_id").agg(F.min("line").alias("first_line"), F.count("*").alias("rows"))
    repeated = F.broadcast(ids.filter("rows > 1").drop("rows"))
    return sales.join(repeated, "transaction_id", "left").filter("first_line IS NULL OR line = first_line")


def build_fact(sales: DataFrame) -> DataFrame:
    parts = F.split("shipping_address", "/")
    total = F.col("units").cast("decimal(6,0)") * F.col("unit_price")
    share = ((100 - F.col("discount_percentage")).cast("decimal(3,0)") * F.lit("0.01").cast("decimal(3,2)")).cast("decimal(3,2)")

    def part(number: int):
        return F.nullif(F.trim(F.get(parts, F.size(parts) - number)), F.lit(""))

    street = F.nullif(F.trim(F.array_join(F.slice(parts, 1, F.greatest(F.size(parts) - 3, F.lit(0))), "/")), F.lit(""))
    return first_of_each_id(sales).select(
        "transaction_id",
        "customer_id",
        "sales_agent_id",
        "branch_id",
        "product_id",
        "units",
        F.col("unit_price").cast("decimal(18,4)").alias("unit_price"),
        total.cast("decimal(18,4)").alias("total_price"),
        "discount_percentage",
        (total * share).cast("decimal(18,4)").alias("total_paid_price"),
        (F.col("is_online") == "yes").alias("is_online"),
        "payment_method",
        F.when(F.size(parts) > 3, street).alias("street"),
        F.when(F.size(parts) > 3, part(3)).alias("city"),
        F.when(F.size(parts) > 3, part(2)).alias("state"),
        F.when(F.size(parts) > 3, part(1)).alias("postal_code"),
        "transaction_date",
    )


def last_of_each(sales: DataFrame, key: str, order: Column) -> DataFrame:
    last = sales.groupBy(key).agg(F.max(order).bitwiseAND(F.lit((1 << 45) - 1)).alias("line"))
    return sales.join(F.broadcast(last.drop(key)), "line", "left_semi")


def build_dimensions(spark: SparkSession, sales: DataFrame, folder: str) -> dict[str, DataFrame]:
    email = F.regexp_extract("customer_email", r'^"?([A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})', 1)
    date = F.col("transaction_date")
    return {
        # The latest date counts, then the last in order; one number holds both, for hash aggregates hold no structs.
        "customer_dim": last_of_each(sales, "customer_id", F.shiftleft(F.unix_date(date).cast("bigint"), 45) + F.col("line")).select(
            "customer_id",
            F.col("customer_fname").alias("first_name"),
            F.col("customer_lname").alias("last_name"),
            F.regexp_replace(F.nullif(email, F.lit("")), r"\.comm$", ".com").alias("email"),
            date.alias("latest_transaction_date"),
        ),
        "product_dim": last_of_each(sales, "product_id", F.col("line")).select("product_id", "product_name", "product_category"),
        "date_dim": sales.select(date).distinct().select(
            date,
            F.year(date).alias("year"),
            F.quarter(date).alias("quarter"),
            F.month(date).alias("month"),
            F.day(date).alias("day"),
            F.weekofyear(date).alias("iso_week"),
            F.date_format(date, "EEEE").alias("day_name"),
            F.dayofweek(date).isin(1, 7).alias("is_weekend"),
        ),
        "branch_dim": latest_by_id(spark, folder, "branches", "branch_id"),
        "sales_agent_dim": latest_by_id(spark, folder, "sales_agents", "sales_person_id"),
    }


def latest_by_id(spark: SparkSession, folder: str, source: str, key: str) -> DataFrame:
    """Branches and agents are exported whole every hour: the last row of an id counts."""
    files = landing.list_files(folder, source, key)
    schema = ", ".join(f"{name} STRING" for name in files[0].columns)
    rows = spark.read.csv([file.path for file in files], schema=schema, header=True)
    latest = F.max_by(F.struct(*files[0].columns), F.col("_metadata.file_path")).alias("latest")
    return rows.groupBy(key).agg(latest).select("latest.*")


REPORTS = {
    "top-products": """
        SELECT product_id, product_name, sum(units) AS total_units_sold
        FROM product_sales LEFT JOIN product_dim USING (product_id)
        GROUP BY ALL ORDER BY total_units_sold DESC, product_id""",
    "redeemed-offers": """
        SELECT discount_percentage, sum(sales_count) AS number_of_sales
        FROM product_sales GROUP BY ALL ORDER BY number_of_sales DESC, discount_percentage""",
    "offers-per-product": """
        SELECT product_id, product_name, discount_percentage, sum(sales_count) AS purchase_count
        FROM product_sales LEFT JOIN product_dim USING (product_id) WHERE discount_percentage > 0
        GROUP BY ALL ORDER BY purchase_count DESC, product_id, discount_percentage""",
    "lowest-online-cities": """
        SELECT city, state, sum(total_paid_price) AS total_online_sales
        FROM fact WHERE is_online GROUP BY ALL ORDER BY total_online_sales, city NULLS LAST, state NULLS LAST""",
    "b2b": """
        SELECT a.name AS sales_agent_name, p.product_name, sum(f.units) AS total_sold_units
        FROM fact AS f LEFT JOIN sales_agent_dim AS a ON a.sales_person_id = f.sales_agent_id
          LEFT JOIN product_dim AS p USING (product_id)
        WHERE f.transaction_date = DATE '{day}' AND f.sales_agent_id IS NOT NULL
        GROUP BY f.sales_agent_id, a.name, product_id, p.product_name
        ORDER BY sales_agent_name NULLS FIRST, p.product_name, f.sales_agent_id, product_id""",
}


def main() -> None:
    folder, out = sys.argv[1], pathlib.Path(sys.argv[2]).absolute()
    (out / "reports").mkdir(parents=True)
    spark = start_session(out)
    sales = read_sales(spark, folder)
    for name, table in build_dimensions(spark, sales, folder).items():
        table = table.coalesce(1).cache()
        table.write.parquet(f"{out}/{name}")
        table.createOrReplaceTempView(name)
    fact = build_fact(sales).repartition(4, "transaction_date")
    fact.write.partitionBy("transaction_date").parquet(f"{out}/sales_transactions_fact")
    # To read what was written costs less than to hold it for the reports.
    spark.read.schema(fact.schema).parquet(f"{out}/sales_transactions_fact").createOrReplaceTempView("fact")
    product_sales = "SELECT product_id, discount_percentage, count(*) AS sales_count, sum(units) AS units FROM fact GROUP BY ALL"
    spark.sql(product_sales).cache().createOrReplaceTempView("product_sales")
    for name, sql in REPORTS.items():
        write_csv(spark.sql(sql.format(day=landing.last_whole_day(folder))), out / "reports" / f"{name}.csv")
    spark.stop()
    shutil.rmtree(out / "spill", ignore_errors=True)


def write_csv(answer: DataFrame, path: pathlib.Path) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(["" if value is None else value for value in row] for row in answer.collect())


if __name__ == "__main__":
    main()
