"""Reads Delta tables with foreign readers and compares their rows with those of `qlake sql --format json`.

readers.py compare deltalake|polars|duckdb|spark CASES.json   exit 1 and, of each table that differs, the first differing row
readers.py folder FOLDER [spark]                              the same for each FOLDER/NAME.json, the rows of table FOLDER/NAME, with every
                                                              reader or with Spark, and for each NAME.changes.json, the table's change data
readers.py make-constrained TABLE_FOLDER                      lets deltalake write a table with a constraint and change data
readers.py append TABLE_FOLDER                                lets deltalake append a row to it
readers.py personal LAKE_FOLDER                               exit 1 when a value of a personal column stands in the log of its table

CASES.json: [{"table": FOLDER, "version": N or null, "rows": FILE}, ...]. Spark is the one at QLAKE_SPARK_ADDRESS.
"""
import base64
import datetime
import decimal
import functools
import json
import math
import pathlib
import re
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
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
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


@functools.cache
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


@functools.cache
def open_spark():
    import spark_rows

    spark = spark_rows.connect()
    return lambda folder, version: spark_rows.read_table(spark, folder, version)


def rows_of(reader, folder, version=None):
    readers = {"deltalake": lambda: read_with_deltalake, "polars": lambda: read_with_polars, "duckdb": open_duckdb, "spark": open_spark}
    return readers[reader]()(folder, version)


def comparable(rows):
    return sorted(json.dumps(as_text(row), sort_keys=True, ensure_ascii=False) for row in rows)


def changes_of(folder):
    import deltalake
    import polars

    rows = polars.DataFrame(deltalake.DeltaTable(folder).load_cdf()).to_dicts()
    return [{name: value for name, value in row.items() if name != "_commit_timestamp"} for row in rows]


def is_equal(reader, expected_path, rows):
    ours = comparable(json.load(open(expected_path)))
    theirs = comparable(rows)
    if ours == theirs:
        return True
    print(f"{reader} reads {len(theirs)} rows, {expected_path} has {len(ours)}")
    for our_row, their_row in zip(ours + [None], theirs + [None]):
        if our_row != their_row:
            print("ours:  ", our_row, "\ntheirs:", their_row)
            break
    return False


def compare_cases(reader, cases_path):
    failed = 0
    for case in json.load(open(cases_path)):
        rows = rows_of(reader, case["table"], case["version"])
        failed += not is_equal(f"{case['table']}, version {case['version']}: {reader}", case["rows"], rows)
    return 1 if failed else 0


def compare_folder(folder, *readers):
    readers = readers or ("deltalake", "polars", "duckdb")
    readings, feeds, failed = 0, 0, 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        name = path.name.removesuffix(".json")
        if name.endswith(".changes"):
            if "deltalake" not in readers:
                continue
            feeds += 1
            failed += not is_equal("load_cdf", path, changes_of(str(path.parent / name.removesuffix(".changes"))))
            continue
        for reader in readers:
            readings += 1
            failed += not is_equal(reader, path, rows_of(reader, str(path.parent / name)))
    if failed:
        return 1
    print(f"{readings} readings and {feeds} change feeds are equal")
    return 0


def make_constrained(folder):
    import deltalake
    import polars

    rows = polars.DataFrame({"a": [1, 2, 3], "s": ["x", "y", "z"]})
    deltalake.write_deltalake(folder, rows, configuration={"delta.enableChangeDataFeed": "true"})
    deltalake.DeltaTable(folder).alter.add_constraint({"positive": "a > 0"})
    return 0


def append_row(folder):
    import deltalake
    import polars

    deltalake.write_deltalake(folder, polars.DataFrame({"a": [9], "s": ["theirs"]}), mode="append")
    return 0


def personal_values(table):
    """Distinct values of personal columns that are long enough to be told from chance, by column."""
    import polars

    fields = json.loads(table.schema().to_json())["fields"]
    columns = [field["name"] for field in fields if field["metadata"].get("qlake.personal")]
    frame = polars.read_delta(table.table_uri, columns=columns) if columns else polars.DataFrame()
    return {column: [value for value in frame[column].drop_nulls().unique().to_list() if len(value) >= 4] for column in columns}


def log_text(folder):
    """All that the log says, checkpoints included."""
    import polars

    texts, checkpoints = [], 0
    for path in sorted(pathlib.Path(folder, "_delta_log").iterdir()):
        if path.suffix == ".parquet":
            checkpoints += 1
            texts.append(json.dumps(polars.read_parquet(path).to_dicts(), ensure_ascii=False))
        else:
            texts.append(path.read_text())
    # Statistics are JSON within JSON.
    return "\n".join(texts).replace("\\", ""), checkpoints


def stands_in(value, text):
    if value.isdigit():  # As a text: sizes and times are full of digits.
        return re.search(f"[\"']{value}[\"']", text) is not None
    return json.dumps(value, ensure_ascii=False)[1:-1].replace("\\", "") in text


def search_personal(lake):
    import deltalake

    searched, with_personal, checkpoints, found = 0, 0, 0, []
    for log in sorted(pathlib.Path(lake).glob("*/*/_delta_log")):
        text, count = log_text(log.parent)
        checkpoints += count
        values = personal_values(deltalake.DeltaTable(str(log.parent)))
        with_personal += bool(values)
        for column, list_ in values.items():
            searched += len(list_)
            found += [f"{log.parent}: {column}: {value}" for value in list_ if stands_in(value, text)]
    # What is searched must be found where it stands: a product's name is in the statistics of its dimension.
    control, _ = log_text(pathlib.Path(lake, "warehouse/product_dim"))
    names = deltalake.DeltaTable(str(pathlib.Path(lake, "warehouse/product_dim"))).get_add_actions(flatten=True)
    import polars

    shown = polars.DataFrame(names)["min.product_name"].drop_nulls().to_list()
    if not shown or shown[0] not in control:
        print("the search finds nothing, not even what is there")
        return 1
    print("\n".join(found[:10]))
    print(f"searched {searched} personal values of {with_personal} tables, {checkpoints} checkpoints among the logs, found {len(found)}")
    return 1 if found or not searched or not checkpoints else 0


def main():
    commands = {"compare": compare_cases, "folder": compare_folder, "make-constrained": make_constrained, "append": append_row,
                "personal": search_personal}
    return commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
