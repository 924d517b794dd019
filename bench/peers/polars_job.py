#!/usr/bin/env python3
"""The batch job on Polars: lazy plans on the streaming engine, one thread a core, a partitioned sink.

    polars_job.py LANDING OUT
"""

import datetime
import os
import pathlib
import sys

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import landing  # noqa: E402
import polars as pl  # noqa: E402

MONEY = pl.Decimal(18, 4)
COLUMNS = (
    "transaction_date transaction_id customer_id customer_fname customer_lname customer_email sales_agent_id branch_id "
    "product_id product_name product_category offer_1 offer_2 offer_3 offer_4 offer_5 units unit_price is_online "
    "payment_method shipping_address surplus"
).split()
FACT_COLUMNS = (
    "transaction_id customer_id sales_agent_id branch_id product_id units unit_price total_price discount_percentage "
    "total_paid_price is_online payment_method street city state postal_code transaction_date"
).split()


def with_header(path: str, columns: list[str]) -> bytes:
    """The file's bytes under a header of ours: Polars cuts fields off that no header names, and rows with it are broken."""
    content = pathlib.Path(path).read_bytes()
    return ",".join(columns).encode() + content[content.index(b"\n") :]


def scan_transactions(folder: str) -> pl.LazyFrame:
    # Quotes are read as characters: the source leaves some unclosed, and a reader that obeys them loses the rows behind.
    frames = []
    for columns, paths in landing.runs_of_equal_columns(landing.list_transactions(folder)):
        names = [*columns, "surplus"]
        frame = pl.scan_csv(
            [with_header(path, names) for path in paths],
            schema=dict.fromkeys(names, pl.String),
            quote_char=None,
            encoding="utf8-lossy",
            truncate_ragged_lines=True,
        )
        frames.append(frame.select(COLUMNS))
    return pl.concat(frames)


def has_open_quote(name: str) -> pl.Expr:
    column = pl.col(name)
    return (column.str.starts_with('"') & ~column.str.ends_with('"')).fill_null(False)


def mended_address() -> pl.Expr:
    """An address over two lines stands in quotes; its second line is a row of one field."""
    rest = pl.coalesce("transaction_date", "transaction_id").shift(-1)
    stands_alone = pl.col("customer_id").is_null().shift(-1) & (
        pl.col("transaction_date").is_null() | pl.col("transaction_id").is_null()
    ).shift(-1)
    address = pl.col("shipping_address")
    whole = address.str.strip_chars_start('"') + "\n" + rest.str.strip_chars_end('"')
    return pl.when(has_open_quote("shipping_address") & stands_alone).then(whole).otherwise(address)


def read_transactions(folder: str) -> pl.DataFrame:
    offers = [pl.col(f"offer_{i}").str.to_lowercase() == "true" for i in range(1, 6)]
    offers = [offer.fill_null(False) for offer in offers]
    names = pl.concat_str("customer_fname", "customer_lname", ignore_nulls=True)
    mended = scan_transactions(folder).with_columns(mended_address().alias("shipping_address")).with_row_index("line")
    typed = mended.with_columns(
        pl.col("transaction_date").str.to_date("%Y-%m-%d", strict=False),
        pl.col("units").cast(pl.Int32, strict=False),
        pl.col("unit_price").cast(pl.Decimal(9, 2), strict=False),
        offer_count=pl.sum_horizontal(offers),
        discount_percentage=pl.sum_horizontal(
            pl.when(offer).then(pl.lit(percent, pl.Int32)).otherwise(pl.lit(0, pl.Int32))
            for offer, percent in zip(offers, (5, 10, 15, 20, 25))
        ),
    )
    accepted = typed.filter(
        pl.col("transaction_date").is_between(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)),
        pl.col("transaction_id").is_not_null(),
        pl.col("customer_id").is_not_null(),
        pl.col("product_id").is_not_null(),
        pl.col("units").is_between(1, 100000),
        pl.col("unit_price") >= 0,
        pl.col("is_online").is_in(["yes", "no"]),
        pl.col("offer_count") <= 1,
        pl.col("surplus").is_null(),
        ~has_open_quote("customer_email"),
        ~has_open_quote("shipping_address"),
        ~names.str.contains("\N{REPLACEMENT CHARACTER}", literal=True),  # Was no UTF-8.
    )
    return accepted.drop("surplus", "offer_count", *[f"offer_{i}" for i in range(1, 6)]).collect(engine="streaming")


def build_customers(sales: pl.LazyFrame) -> pl.LazyFrame:
    # The latest date counts, then the last in order; one number holds both.
    order = pl.col("transaction_date").to_physical().cast(pl.Int64) * 10_000_000_000 + pl.col("line")
    latest = sales.group_by("customer_id").agg((order.max() % 10_000_000_000).cast(pl.UInt32).alias("line"))
    email = pl.col("customer_email").str.extract(r'^"?([A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})')
    return sales.join(latest, on="line", how="semi").select(
        "customer_id",
        pl.col("customer_fname").alias("first_name"),
        pl.col("customer_lname").alias("last_name"),
        email.str.replace(r"\.comm$", ".com").alias("email"),
        pl.col("transaction_date").alias("latest_transaction_date"),
    )


def build_products(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.select("product_id", "product_name", "product_category").group_by("product_id").last()


def build_dates(sales: pl.LazyFrame) -> pl.LazyFrame:
    date = pl.col("transaction_date")
    return sales.select(date.unique()).select(
        date,
        date.dt.year().alias("year"),
        date.dt.quarter().alias("quarter"),
        date.dt.month().alias("month"),
        date.dt.day().alias("day"),
        date.dt.week().alias("iso_week"),
        date.dt.strftime("%A").alias("day_name"),
        (date.dt.weekday() >= 6).alias("is_weekend"),
    )


def build_fact(sales: pl.LazyFrame) -> pl.LazyFrame:
    parts = pl.col("shipping_address").str.extract_groups(
        r"(?s)^(?<street>.*)/(?<city>[^/]*)/(?<state>[^/]*)/(?<postal_code>[^/]*)$"
    )
    total = pl.col("units").cast(pl.Decimal(9, 0)) * pl.col("unit_price").cast(MONEY)
    share = (100 - pl.col("discount_percentage")).cast(pl.Decimal(9, 0)) * pl.lit("0.01").cast(pl.Decimal(9, 2))
    return (
        sales.unique("transaction_id", keep="first")
        .with_columns(
            pl.col("unit_price").cast(MONEY),
            total.cast(MONEY).alias("total_price"),
            (total * share.cast(MONEY)).cast(MONEY).alias("total_paid_price"),
            pl.col("is_online") == "yes",
            parts.alias("address"),
        )
        .unnest("address")
        .with_columns(
            pl.col(name).str.strip_chars(" \t").replace("", None) for name in ("street", "city", "state", "postal_code")
        )
        .select(FACT_COLUMNS)
    )


def build_latest(folder: str, source: str, key: str) -> pl.DataFrame:
    """Branches and agents are exported whole every hour: the last row of an id counts."""
    files = [file.path for file in landing.list_files(folder, source, key)]
    return pl.concat([pl.read_csv(path, infer_schema=False) for path in files]).unique(key, keep="last")


def reports(fact: pl.LazyFrame, products: pl.DataFrame, agents: pl.DataFrame, day: str) -> dict[str, pl.LazyFrame]:
    names = products.lazy().select("product_id", "product_name")
    product_sales = fact.group_by("product_id", "discount_percentage").agg(
        pl.len().alias("sales_count"), pl.col("units").cast(pl.Int64).sum()
    )
    product_sales = product_sales.join(names, on="product_id", how="left").collect(engine="streaming").lazy()
    return {
        "top-products": product_sales.group_by("product_id", "product_name")
        .agg(pl.col("units").sum().alias("total_units_sold"))
        .sort("total_units_sold", "product_id", descending=[True, False]),
        "redeemed-offers": product_sales.group_by("discount_percentage")
        .agg(pl.col("sales_count").sum().alias("number_of_sales"))
        .sort("number_of_sales", "discount_percentage", descending=[True, False]),
        "offers-per-product": product_sales.filter(pl.col("discount_percentage") > 0)
        .select("product_id", "product_name", "discount_percentage", pl.col("sales_count").alias("purchase_count"))
        .sort("purchase_count", "product_id", "discount_percentage", descending=[True, False, False]),
        "lowest-online-cities": fact.filter("is_online")
        .group_by("city", "state")
        .agg(pl.col("total_paid_price").sum().alias("total_online_sales"))
        .sort("total_online_sales", "city", "state"),
        "b2b": fact.filter(
            pl.col("transaction_date") == datetime.date.fromisoformat(day), pl.col("sales_agent_id").is_not_null()
        )
        .group_by("sales_agent_id", "product_id")
        .agg(pl.col("units").sum().alias("total_sold_units"))
        .join(names, on="product_id", how="left")
        .join(agents.lazy(), left_on="sales_agent_id", right_on="sales_person_id", how="left")
        .sort("name", "product_name", "sales_agent_id", "product_id", nulls_last=False)
        .select(pl.col("name").alias("sales_agent_name"), "product_name", "total_sold_units"),
    }


def main() -> None:
    folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
    (out / "reports").mkdir(parents=True)
    sales = read_transactions(folder)
    agents = build_latest(folder, "sales_agents", "sales_person_id")
    customers, products, dates = pl.collect_all(
        [build_customers(sales.lazy()), build_products(sales.lazy()), build_dates(sales.lazy())], engine="streaming"
    )
    for name, table in {
        "branch_dim": build_latest(folder, "branches", "branch_id"),
        "sales_agent_dim": agents,
        "customer_dim": customers,
        "product_dim": products,
        "date_dim": dates,
    }.items():
        table.write_parquet(out / f"{name}.parquet", compression="zstd", compression_level=1)
    fact = build_fact(sales.lazy()).collect(engine="streaming")
    fact.lazy().sink_parquet(
        pl.PartitionBy(out / "sales_transactions_fact", key="transaction_date", include_key=False),
        compression="zstd",
        compression_level=1,
        maintain_order=False,
        mkdir=True,
        engine="streaming",
    )
    answers = reports(fact.lazy(), products, agents, landing.last_whole_day(folder))
    for name, answer in zip(answers, pl.collect_all(answers.values(), engine="streaming")):
        answer.write_csv(out / "reports" / f"{name}.csv")


if __name__ == "__main__":
    main()
