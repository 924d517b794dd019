#!/usr/bin/env python3
"""Kafka Connect's file sink, stand-alone: the messages of a topic as lines of a file, as they are, nothing parsed.

    stream_connect.py BROKERS TOPIC MESSAGES OUT     prints {"wall_ms", "rows"}, from the file's first byte to its last line
"""

import json
import pathlib
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
JAVA = pathlib.Path("/usr/lib/jvm/java-17-openjdk-amd64/bin/java")
HEAP = "-Xmx1g"
READ_BYTES = 4 << 20
POLL_S = 0.02
WAIT_MAX_S = 300


def write_settings(brokers: str, topic: str, messages: int, out: pathlib.Path) -> list[str]:
    worker = {
        "bootstrap.servers": brokers,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "offset.storage.file.filename": out / "offsets",
        "listeners": "http://127.0.0.1:0",
        "plugin.discovery": "service_load",
        # What makes it quicker than its defaults do.
        "consumer.max.poll.records": "10000",
        "consumer.fetch.min.bytes": "1048576",
        "consumer.max.partition.fetch.bytes": "16777216",
        "consumer.auto.offset.reset": "earliest",
    }
    sink = {
        "name": f"file-sink-{time.time_ns()}",
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "1",
        "topics": topic,
        "file": out / "events.jsonl",
    }
    paths = []
    for name, settings in (("worker", worker), ("sink", sink)):
        path = out / f"{name}.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        paths.append(str(path))
    return paths


def wait_for_lines(process: subprocess.Popen, path: pathlib.Path, wanted: int) -> tuple[float, int]:
    """Seconds from the first byte to the last line, and the lines."""
    began = None
    lines = 0
    deadline = time.monotonic() + WAIT_MAX_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("Kafka Connect writes nothing")
        time.sleep(POLL_S)
    with path.open("rb") as file:
        while lines < wanted:
            if part := file.read(READ_BYTES):
                began = began or time.monotonic()
                lines += part.count(b"\n")
                continue
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"Kafka Connect wrote {lines} of {wanted} lines")
            time.sleep(POLL_S)
    return time.monotonic() - began, lines


def main() -> None:
    brokers, topic, messages, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
    out.mkdir(parents=True)
    settings = write_settings(brokers, topic, messages, out)
    jars = f"{REPOSITORY}/.deps/kafka/*:{REPOSITORY}/bench/.jars/connect-file-4.3.1.jar"
    java = str(JAVA) if JAVA.exists() else "java"
    command = [java, HEAP, "-XX:+UseParallelGC", "-cp", jars, "org.apache.kafka.connect.cli.ConnectStandalone", *settings]
    with (out / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            wall_s, lines = wait_for_lines(process, out / "events.jsonl", messages)
        finally:
            process.kill()
            process.wait()
    print(json.dumps({"wall_ms": wall_s * 1000, "rows": lines}))


if __name__ == "__main__":
    main()
