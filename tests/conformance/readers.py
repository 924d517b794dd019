"""Reads Delta tables with a foreign reader and compares their rows with those of `qlake sql --format json`.

readers.py deltalake|polars|duckdb|spark CASES.json     exit 1 and, of each table that differs, the first differing row

CASES.json: [{"table": FOLDER, "version": N or null, "rows": FILE}, ...]. Spark is the one whose server QLAKE_SPARK names.
"""
import base64
import datetime
import decimal
import json
import pathlib
import sys


def as_text(value):
    """A value of a reader or of qlake's JSON as text that says all of it; numbers lose their width, NULL and booleans stay."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value)


def read_with_deltalake(folder, version):
    import deltalake
    from arro3.core import Table

    source = deltalake.DeltaTable(folder, version=version)
    table = Table.from_arrow(deltalake.QueryBuilder().register("t", source).execute("SELECT * FROM t"))
    columns = {name: [value.as_py() for value in table.column(name)] for name in table.column_names}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def read_with_polars(folder, version):
    import polars

    return polars.read_delta(folder, version=version).to_dicts()


def open_duckdb():
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    extension = next(pathlib.Path(duckdb.__file__).parent.parent.glob("duckdb_extension_delta/**/*.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")

    def read(folder, version):
        scan = f"delta_scan('{folder}'{'' if version is None else f', version = {version}'})"
        types = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        # Python's own time zones would need one more package: the engine writes the text.
        zoned = [f'"{name}"' for name, type_, *_ in types if type_.endswith("TIME ZONE")]
        texts = ", ".join(f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {name}" for name in zoned)
        cursor = connection.execute(f"SELECT * {f'REPLACE ({texts})' if zoned else ''} FROM {scan}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    return read


def open_spark():
    import spark_rows

    spark = spark_rows.connect()
    return lambda folder, version: spark_rows.read_table(spark, folder, version)


def comparable(rows):
    return sorted(json.dumps(as_text(row), sort_keys=True, ensure_ascii=False) for row in rows)


def first_difference(ours, theirs):
    if ours == theirs:
        return ""
    text = f"{len(theirs)} rows, qlake reads {len(ours)}"
    for our_row, their_row in zip(ours + [None], theirs + [None]):
        if our_row != their_row:
            return f"{text}\nqlake:  {our_row}\ntheirs: {their_row}"
    return text


def main():
    reader, cases = sys.argv[1:]
    read = {
        "deltalake": lambda: read_with_deltalake,
        "polars": lambda: read_with_polars,
        "duckdb": open_duckdb,
        "spark": open_spark,
    }[reader]()
    differs = False
    for case in json.load(open(cases)):
        ours = comparable(json.load(open(case["rows"])))
        difference = first_difference(ours, comparable(read(case["table"], case["version"])))
        if difference:
            differs = True
            print(f"{reader} reads {case['table']}, version {case['version']}: {difference}")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
