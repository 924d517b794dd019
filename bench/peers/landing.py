"""What every peer knows of the landing zone: which files there are, and which header each has.

The files of one source do not all look alike: some begin with a byte order mark, some have their columns in another order,
some are empty or no CSV at all. Every peer binds columns by header name, as qlake does, so it needs the header lines first.
"""

import pathlib
from dataclasses import dataclass

COLUMN_ALIASES = {"cusomter_lname": "customer_lname", "cusomter_email": "customer_email"}


@dataclass(frozen=True)
class CsvFile:
    path: str
    columns: tuple[str, ...]


def list_files(landing: str, source: str, required: str) -> list[CsvFile]:
    """The source's files in order of hour and name. A file whose first line does not name `required` is left out."""
    files = []
    for path in sorted(pathlib.Path(landing).glob(f"*/{source}_*.csv")):
        with open(path, "rb") as file:
            header = file.readline(4096).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
        columns = tuple(COLUMN_ALIASES.get(name, name) for name in header.split(","))
        if required in columns:
            files.append(CsvFile(str(path), columns))
    return files


def list_transactions(landing: str) -> list[CsvFile]:
    return list_files(landing, "sales_transactions", "transaction_id")


def runs_of_equal_columns(files: list[CsvFile]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Neighbouring files with equal columns, so that each run can be read by one call without losing the order."""
    runs: list[tuple[tuple[str, ...], list[str]]] = []
    for file in files:
        if not runs or runs[-1][0] != file.columns:
            runs.append((file.columns, []))
        runs[-1][1].append(file.path)
    return runs


def last_whole_day(landing: str) -> str:
    """The date before that of the last data hour: the day of the B2B file. Drops are named 2023-05-20T14."""
    import datetime

    last = max(path.name for path in pathlib.Path(landing).iterdir() if path.is_dir())
    return str(datetime.date.fromisoformat(last[:10]) - datetime.timedelta(days=1))
