#!/usr/bin/env python3
"""How long the events of a lake took from the broker to the commit that shows them.

    visible.py LAKE FIRST      leaves out the first FIRST offsets of the topic, spread over its partitions; prints JSON

A version is visible from the moment at which its log file has its name: that is the last change of the file's inode.
"""

import json
import pathlib
import sys
import urllib.parse

import duckdb


def main() -> None:
    table = pathlib.Path(sys.argv[1]) / "events" / "app_events"
    first = int(sys.argv[2])
    commits = []
    for log in sorted((table / "_delta_log").glob("*.json")):
        committed_us = log.stat().st_ctime_ns // 1000
        for line in log.read_text().splitlines():
            if path := json.loads(line).get("add", {}).get("path"):
                commits.append((str(table / urllib.parse.unquote(path)), committed_us))
    connection = duckdb.connect()
    connection.execute("CREATE TABLE commits (filename VARCHAR, committed_us BIGINT)")
    connection.executemany("INSERT INTO commits VALUES (?, ?)", commits)
    files = [path for path, _ in commits]
    # The events that were there before the stream are those that the broker took in first.
    events, median_s, percentile99_s, greatest_s = connection.execute(
        """
        WITH events AS (SELECT filename, epoch_us(_broker_time) AS came_us FROM read_parquet(?, filename = true)
          ORDER BY came_us OFFSET ?),
        waits AS (SELECT (committed_us - came_us) / 1e6 AS s FROM events JOIN commits USING (filename))
        SELECT count(*), quantile_cont(s, 0.5), quantile_cont(s, 0.99), max(s) FROM waits""",
        [files, first],
    ).fetchone()
    print(json.dumps({"events": events, "median_s": median_s, "percentile99_s": percentile99_s, "greatest_s": greatest_s}))


if __name__ == "__main__":
    main()
