"""Lets deltalake write tables, each with its rows as deltalake reads them, in the form of `qlake sql --format json`.

deltalake_tables.py FOLDER        TABLE/ and TABLE.json for each, TABLE.vN.json for the rows of version N
"""
import base64
import datetime
import decimal
import json
import sys

import deltalake
import polars


def as_json(value, type_):
    """A value as qlake's JSON writes it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(type_, polars.List):
        return [as_json(item, type_.inner) for item in value]
    if isinstance(type_, polars.Struct):
        return {field.name: as_json(value[field.name], field.dtype) for field in type_.fields}
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f") + ("Z" if value.tzinfo else "")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value) if type_ == polars.Int64 else value


def keep_rows(folder, name, version=None):
    """The table's rows as deltalake reads them."""
    reader = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(f"{folder}/{name}", version=version))
    frame = polars.DataFrame(reader.execute("SELECT * FROM t"))
    rows = [{column: as_json(value, frame.schema[column]) for column, value in row.items()} for row in frame.to_dicts()]
    with open(f"{folder}/{name}{'' if version is None else f'.v{version}'}.json", "w") as file:
        json.dump(rows, file)


def keep_rows_of_every_version(folder, name):
    for version in range(deltalake.DeltaTable(f"{folder}/{name}").version() + 1):
        keep_rows(folder, name, version)
    keep_rows(folder, name)


def main():
    folder = sys.argv[1]

    def write(name, columns, **options):
        """A table of {column: (type, values)}."""
        frame = polars.DataFrame([polars.Series(column, values, dtype=type_) for column, (type_, values) in columns.items()])
        deltalake.write_deltalake(f"{folder}/{name}", frame, **options)

    long, text, integer = polars.Int64, polars.String, polars.Int32
    write(
        "types",
        {
            "b": (polars.Int8, [1, None, -128]),
            "s": (polars.Int16, [2, None, 32767]),
            "i": (integer, [3, None, -2147483648]),
            "l": (long, [4, None, 2**63 - 1]),
            "f": (polars.Float32, [1.5, None, -0.25]),
            "d": (polars.Float64, [2.5, None, 1e300]),
            "o": (polars.Boolean, [True, None, False]),
            "t": (text, ["é\n\"", None, ""]),
            "y": (polars.Binary, [b"\x00\xff", None, b""]),
            "a": (polars.Date, [datetime.date(2020, 2, 29), None, datetime.date(1, 1, 1)]),
            "m": (polars.Decimal(12, 4), [decimal.Decimal("1.5"), None, decimal.Decimal("-12345678.0001")]),
            "ts": (polars.Datetime("us", "UTC"), [datetime.datetime(2020, 1, 1, 2, 3, 4, 5, datetime.timezone.utc), None, None]),
            "ntz": (polars.Datetime("us"), [datetime.datetime(2020, 1, 1, 2, 3, 4, 5), None, datetime.datetime(1960, 1, 1)]),
            "n": (
                polars.List(polars.Struct({"x": polars.Int64, "y": polars.List(polars.Date)})),
                [[{"x": 1, "y": [datetime.date(2020, 1, 1), None]}, None], None, []],
            ),
        },
    )
    keep_rows(folder, "types")

    values = ["a b", "c/d=e%f", "é", "x*[y]?", None, "null", "'q'\"", " "]
    write("special_partitions", {"v": (integer, list(range(len(values)))), "p": (text, values)}, partition_by=["p"])
    keep_rows(folder, "special_partitions")
    write(
        "two_partitions",
        {"v": (integer, [1, 2, 3]), "i": (long, [1, None, -5]), "d": (polars.Date, [datetime.date(2020, 1, 1), None, datetime.date(1999, 12, 31)])},
        partition_by=["d", "i"],
    )
    keep_rows(folder, "two_partitions")

    # Hundreds of partitions whose folders do not tell the value.
    count = 300
    write("many_partitions", {"v": (integer, list(range(count))), "p": (polars.Float64, [i / 8 for i in range(count)])}, partition_by=["p"])
    keep_rows(folder, "many_partitions")

    write("evolved", {"a": (integer, [1])})
    write("evolved", {"b": (text, ["x"]), "a": (integer, [2])}, mode="append", schema_mode="merge")
    write("evolved", {"c": (polars.Float64, [0.5])}, mode="append", schema_mode="merge")
    keep_rows(folder, "evolved")

    for name, configuration in (("rewritten", {}), ("rewritten_with_changes", {"delta.enableChangeDataFeed": "true"})):
        write(name, {"a": (integer, [1, 2, 3, 4]), "p": (text, ["x/", "x/", None, "y"])}, partition_by=["p"], configuration=configuration)
        table = deltalake.DeltaTable(f"{folder}/{name}")
        table.delete("a = 2")
        table.update(updates={"a": "a * 10"}, predicate="p = 'y'")
        source = polars.DataFrame({"a": [3, 40, 50], "p": ["m", None, "z"]}, schema={"a": integer, "p": text})
        merge = table.merge(source, "t.a = s.a", source_alias="s", target_alias="t")
        merge.when_matched_update({"p": "s.p"}).when_not_matched_insert_all().when_not_matched_by_source_delete("t.a = 1").execute()
        table.optimize.compact()
        table.create_checkpoint()
        write(name, {"a": (integer, [7, 8]), "p": (text, ["z", "z"])}, mode="append")
        table = deltalake.DeltaTable(f"{folder}/{name}")
        table.alter.add_columns([deltalake.Field("later", deltalake.schema.PrimitiveType("timestamp"), nullable=True)])
        table.optimize.z_order(["a"])
        table.restore(4)
        write(name, {"a": (integer, [9]), "p": (text, ["z"])}, mode="overwrite", predicate="p = 'z'")
        keep_rows_of_every_version(folder, name)

    write("vacuumed", {"a": (integer, [1, 2, 3])})
    table = deltalake.DeltaTable(f"{folder}/vacuumed")
    table.delete("a = 2")
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    keep_rows(folder, "vacuumed")

    write("constrained", {"a": (integer, [1, 2])})
    deltalake.DeltaTable(f"{folder}/constrained").alter.add_constraint({"positive": "a > 0"})
    write("constrained", {"a": (integer, [3])}, mode="append")
    keep_rows(folder, "constrained")


if __name__ == "__main__":
    main()
