#!/usr/bin/env python3
"""The log of a large table by deltalake, as bench/delta_log_bench.cc does it by qlake. Prints one JSON object.

    delta_log.py open TABLE              opens the table and counts its files
    delta_log.py commit TABLE COMMITS    opens it once and commits one file so many times
"""

import json
import pathlib
import resource
import sys
import time

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
from deltalake.transaction import AddAction


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def commit_files(table: DeltaTable, path: str, commits: int) -> None:
    schema = table.schema()
    for number in range(commits):
        name = f"transaction_date=2024-01-01/peer-{number}.parquet"
        file = pathlib.Path(path) / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("no rows")
        action = AddAction(
            path=name,
            size=7,
            partition_values={"transaction_date": "2024-01-01"},
            modification_time=1_700_000_000_000,
            data_change=True,
            stats='{"numRecords":1}',
        )
        table.create_write_transaction(
            [action],
            mode="append",
            schema=schema,
            partition_by=["transaction_date"],
            commit_properties=CommitProperties(),
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False),
        )
        table.update_incremental()


def main() -> None:
    command, path = sys.argv[1:3]
    commits = int(sys.argv[3]) if command == "commit" else 1
    table = DeltaTable(path) if command == "commit" else None
    started, cpu_before = time.monotonic(), cpu_s()
    if table is None:
        files = len(DeltaTable(path).file_uris())
    else:
        commit_files(table, path, commits)
    wall_ms, cpu_ms = (time.monotonic() - started) * 1000, (cpu_s() - cpu_before) * 1000
    if table is not None:
        files = len(table.file_uris())
    print(json.dumps({"wall_ms": wall_ms / commits, "cpu_ms": cpu_ms / commits, "files": files}))


if __name__ == "__main__":
    main()
