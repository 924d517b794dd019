"""Reads a Delta table with a foreign reader and compares its rows with those of `qlake sql --format json`.

readers.py deltalake|polars|duckdb TABLE_FOLDER ROWS.json     exit 1 and the first difference when rows differ
readers.py compact TABLE_FOLDER                               lets deltalake compact the table
"""
import base64
import datetime
import decimal
import json
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


def main():
    if sys.argv[1] == "compact":
        import deltalake

        print(deltalake.DeltaTable(sys.argv[2]).optimize.compact())
        return 0
    reader, folder, expected_path = sys.argv[1:]
    ours = comparable(json.load(open(expected_path)))
    theirs = comparable(rows_of(reader, folder))
    if ours == theirs:
        return 0
    print(f"{reader} reads {len(theirs)} rows, qlake {len(ours)}")
    for our_row, their_row in zip(ours, theirs):
        if our_row != their_row:
            print("qlake: ", our_row, "\ntheirs:", their_row)
            break
    return 1


if __name__ == "__main__":
    sys.exit(main())
