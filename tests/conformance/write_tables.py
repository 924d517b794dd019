"""Lets deltalake write tables, each with its rows as deltalake reads them, in the form of `qlake sql --format json`.

write_tables.py FOLDER        TABLE/ and TABLE.json for each
"""
import base64
import datetime
import decimal
import json
import sys

import deltalake
from arro3.core import Array, DataType, Field, Schema, Table

UTC = datetime.timezone.utc


def table_of(columns):
    """A table of {name: (type, values)}."""
    arrays = [Array(values, type=type_) for type_, values in columns.values()]
    return Table.from_arrays(arrays, schema=Schema([Field(name, type_, nullable=True) for name, (type_, _) in columns.items()]))


def as_json(value, type_):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list) and "truct" in str(type_):
        return [as_json(item, type_) for item in value]
    if isinstance(value, list):
        return [as_json(item, type_) for item in value]
    if isinstance(value, dict):
        return {name: as_json(item, type_) for name, item in value.items()}
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return text + "Z" if value.tzinfo else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal) or (isinstance(value, int) and "64" in str(type_)):
        return str(value)
    return value


def keep_rows(folder, name):
    reader = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(f"{folder}/{name}"))
    table = Table.from_arrow(reader.execute("SELECT * FROM t"))
    columns = []
    for column_name in table.column_names:
        column = table.column(column_name)
        columns.append([as_json(value.as_py(), column.type) for value in column])
    rows = [dict(zip(table.column_names, values)) for values in zip(*columns)]
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump(rows, file)


def main():
    folder = sys.argv[1]

    def write(name, columns, **options):
        deltalake.write_deltalake(f"{folder}/{name}", table_of(columns), **options)

    long, text, integer = DataType.int64(), DataType.string(), DataType.int32()
    write(
        "types",
        {
            "b": (DataType.int8(), [1, None, -128]),
            "s": (DataType.int16(), [2, None, 32767]),
            "i": (integer, [3, None, -2147483648]),
            "l": (long, [4, None, 2**63 - 1]),
            "f": (DataType.float32(), [1.5, None, -0.25]),
            "d": (DataType.float64(), [2.5, None, 1e300]),
            "o": (DataType.bool(), [True, None, False]),
            "t": (text, ["é\n\"", None, ""]),
            "y": (DataType.binary(), [b"\x00\xff", None, b""]),
            "a": (DataType.date32(), [datetime.date(2020, 2, 29), None, datetime.date(1, 1, 1)]),
        },
    )
    keep_rows(folder, "types")

    values = ["a b", "c/d=e%f", "é", "x*[y]?", None, "null", "'q'\"", " "]
    write("special_partitions", {"v": (integer, list(range(len(values)))), "p": (text, values)}, partition_by=["p"])
    keep_rows(folder, "special_partitions")
    write(
        "two_partitions",
        {"v": (integer, [1, 2, 3]), "i": (long, [1, None, -5]), "d": (DataType.date32(), [datetime.date(2020, 1, 1), None, datetime.date(1999, 12, 31)])},
        partition_by=["d", "i"],
    )
    keep_rows(folder, "two_partitions")

    # Hundreds of partitions whose folders do not tell the value.
    count = 300
    write("many_partitions", {"v": (integer, list(range(count))), "p": (DataType.float64(), [i / 8 for i in range(count)])}, partition_by=["p"])
    keep_rows(folder, "many_partitions")

    write("evolved", {"a": (integer, [1])})
    write("evolved", {"b": (text, ["x"]), "a": (integer, [2])}, mode="append", schema_mode="merge")
    write("evolved", {"c": (DataType.float64(), [0.5])}, mode="append", schema_mode="merge")
    keep_rows(folder, "evolved")

    write("rewritten", {"a": (integer, [1, 2, 3, 4]), "p": (text, ["x", "x", "y", "y"])}, partition_by=["p"])
    table = deltalake.DeltaTable(f"{folder}/rewritten")
    table.delete("a = 2")
    table.update(updates={"a": "a * 10"}, predicate="p = 'y'")
    table.optimize.compact()
    table.create_checkpoint()
    write("rewritten", {"a": (integer, [7]), "p": (text, ["z"])}, mode="append")
    keep_rows(folder, "rewritten")

    write("constrained", {"a": (integer, [1, 2])})
    deltalake.DeltaTable(f"{folder}/constrained").alter.add_constraint({"positive": "a > 0"})
    write("constrained", {"a": (integer, [3])}, mode="append")
    keep_rows(folder, "constrained")


if __name__ == "__main__":
    main()
