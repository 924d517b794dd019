"""Asks an actual HiveServer2 through PyHive, for tests/cluster/hive_lake_test.cc.

  hive_client.py ADDRESS query SQL            rows as a JSON array of arrays of texts
  hive_client.py ADDRESS compare QLAKE LAKE DATABASE TABLE...
                                              for each layer.table: what Hive reads differently from `qlake sql`; nothing when
                                              it reads the same rows
  hive_client.py ADDRESS watch STOP SQL       asks again and again until the file STOP is there; the answers that it got, each
                                              once, as a JSON array
"""
import base64
import json
import os
import subprocess
import sys
from decimal import Decimal

from pyhive import hive


def connect(address):
    host, port = address.split(":")
    return hive.connect(host, port=int(port), auth="NOSASL").cursor()


def text_of(value, hive_type):
    """A value of Hive as `qlake sql --format json` writes it."""
    if value is None or isinstance(value, bool):
        return value
    if hive_type == "TIMESTAMP_TYPE":
        moment, _, fraction = str(value).replace(" ", "T").partition(".")
        return f"{moment}.{fraction:0<6}Z"
    if hive_type == "BINARY_TYPE":
        return base64.b64encode(value if isinstance(value, bytes) else value.encode("latin-1")).decode()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def query(cursor, sql):
    cursor.execute(sql)
    types = [column[1] for column in cursor.description or []]
    return [[text_of(value, kind) for value, kind in zip(row, types)] for row in cursor.fetchall()] if types else []


def rows_of_qlake(qlake, lake, table):
    run = subprocess.run([qlake, "sql", "--lake", lake, "--format", "json", "--limit", "0",
                          f"SELECT * FROM {table}"],
                         capture_output=True, text=True, check=True)
    return [{name.lower(): value if value is None or isinstance(value, bool) else str(value) for name, value in row.items()}
            for row in json.loads(run.stdout)]


def compare(cursor, qlake, lake, database, table):
    cursor.execute(f"SELECT * FROM {database}.`{table.split('.')[1].lower()}`")
    names = [column[0].split(".")[-1] for column in cursor.description]
    types = [column[1] for column in cursor.description]
    got = [dict(zip(names, (text_of(value, kind) for value, kind in zip(row, types)))) for row in cursor.fetchall()]
    wanted = rows_of_qlake(qlake, lake, table)
    got, wanted = (sorted(json.dumps(row, sort_keys=True) for row in rows) for rows in (got, wanted))
    if got == wanted:
        return ""
    more = sorted(set(got) - set(wanted))
    less = sorted(set(wanted) - set(got))
    return f"{table}: {len(got)} rows in Hive, {len(wanted)} in the lake; only in Hive {more[:2]}, only in the lake {less[:2]}\n"


def watch(address, stop, sql):
    answers = []
    while not os.path.exists(stop):
        answer = query(connect(address), sql)
        if answer not in answers:
            answers.append(answer)
    return answers


def main():
    address, command, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
    if command == "query":
        print(json.dumps(query(connect(address), arguments[0])))
    elif command == "compare":
        cursor = connect(address)
        print("".join(compare(cursor, *arguments[:3], table) for table in arguments[3:]), end="")
    elif command == "watch":
        print(json.dumps(watch(address, *arguments)))


main()
