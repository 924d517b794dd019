"""Reads Delta tables with foreign readers and compares their rows with those of `qlake sql --format json`.

readers.py deltalake|polars|duckdb TABLE_FOLDER ROWS.json     exit 1 and the first difference when rows differ
readers.py folder FOLDER                                      the same for each FOLDER/NAME.json, the rows of table FOLDER/NAME, with every
                                                              reader, and for each NAME.changes.json, the table's change data
readers.py compact TABLE_FOLDER                               lets deltalake compact the table
readers.py make-constrained TABLE_FOLDER                      lets deltalake write a table with a constraint and change data
readers.py append TABLE_FOLDER                                lets deltalake append a row to it
readers.py personal LAKE_FOLDER                               exit 1 when a value of a personal column stands in the log of its table
"""
import base64
import datetime
import decimal
import json
import math
import pathlib
import sys


def as_text(value):
    """A value as qlake's JSON writes it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (int, decimal.Decimal)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def rows_of(reader, folder):
    if reader == "deltalake":
        import deltalake
        from arro3.core import Table

        table = Table.from_arrow(deltalake.QueryBuilder().register("t", deltalake.DeltaTable(folder)).execute("SELECT * FROM t"))
        columns = {name: table.column(name).to_pylist() if hasattr(table.column(name), "to_pylist") else
                   [value.as_py() for value in table.column(name)] for name in table.column_names}
        return [dict(zip(columns, values)) for values in zip(*columns.values())]
    if reader == "polars":
        import polars

        return polars.read_delta(folder).to_dicts()
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    extension = next(pathlib.Path(duckdb.__file__).parent.parent.glob("duckdb_extension_delta/**/*.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")
    scan = f"delta_scan('{folder}')"
    # Python's own time zones would need one more package: the engine writes the text.
    zoned = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall() if row[1].endswith("TIME ZONE")]
    texts = ", ".join(f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {name}" for name in zoned)
    cursor = connection.execute(f"SELECT * {f'REPLACE ({texts})' if zoned else ''} FROM {scan}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def comparable(rows):
    return sorted(json.dumps({k: str(as_text(v)) for k, v in sorted(row.items())}, sort_keys=True) for row in rows)


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
    for our_row, their_row in zip(ours, theirs):
        if our_row != their_row:
            print("ours:  ", our_row, "\ntheirs:", their_row)
            break
    return False


def compare_folder(folder):
    readings, feeds, failed = 0, 0, 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        name = path.name.removesuffix(".json")
        if name.endswith(".changes"):
            feeds += 1
            failed += not is_equal("load_cdf", path, changes_of(str(path.parent / name.removesuffix(".changes"))))
            continue
        for reader in ("deltalake", "polars", "duckdb"):
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
            found += [f"{log.parent}: {column}: {value}" for value in list_ if json.dumps(value, ensure_ascii=False)[1:-1].replace("\\", "") in text]
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
    commands = {"folder": compare_folder, "make-constrained": make_constrained, "append": append_row, "personal": search_personal}
    if sys.argv[1] in commands:
        return commands[sys.argv[1]](sys.argv[2])
    if sys.argv[1] == "compact":
        import deltalake

        print(deltalake.DeltaTable(sys.argv[2]).optimize.compact())
        return 0
    reader, folder, expected_path = sys.argv[1:]
    return 0 if is_equal(reader, expected_path, rows_of(reader, folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
