"""The stream's benchmarks: a topic of events on an actual broker into a lake, and what others make of it."""

import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import check
import measure

BENCH = pathlib.Path(__file__).resolve().parent
QLAKE = check.QLAKE
KAFKA = BENCH.parent / "scripts" / "kafka.sh"
COLUMNS_BENCH = BENCH.parent / "build" / "bin" / "kafka_columns_bench"
SPARK_PYTHON = BENCH.parent / ".deps" / "spark" / "venv" / "bin" / "python"
PYTHON = BENCH.parent / ".deps" / "venv" / "bin" / "python"  # Of the conformance tests, which have DuckDB, too.
TOPIC = "app-events"
PARTITIONS = 4
EVENTS = 2_000_000
VISIBLE_RATE = 50_000  # Events a second.
VISIBLE_S = 20
COLUMNS = "librdkafka + simdjson"
CONNECT = "Kafka Connect's file sink"
SPARK = "Spark Structured Streaming into Delta"
PEERS = {"columns": COLUMNS, "connect": CONNECT, "spark": SPARK}


@dataclass(frozen=True)
class Visibility:
    """How long events took from the broker to a commit that shows them, over all events of a run."""

    events: int
    per_second: float
    median_s: float
    percentile99_s: float
    greatest_s: float
    peak_mib: float  # Of qlake stream.


@contextlib.contextmanager
def broker(folder: pathlib.Path) -> Iterator[str]:
    """An actual one for as long as the block; its address."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([KAFKA, "up", folder, "--watch-parent"], check=True)
    try:
        facts = dict(line.split("=", 1) for line in (folder / "broker.env").read_text().splitlines())
        yield facts["plaintext"]
    finally:
        subprocess.run([KAFKA, "down", folder], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def produce_command(address: str, topic: str, *options: str) -> list[str]:
    command = [str(QLAKE), "produce", "--brokers", address, "--topic", topic, "--partitions", str(PARTITIONS)]
    return [*command, "--seed", "7", "--quiet", *options]


def stream_command(address: str, topic: str, lake: pathlib.Path, *options: str) -> list[str]:
    command = [str(QLAKE), "stream", "--brokers", address, "--topic", topic, "--group", lake.name, "--lake", str(lake)]
    return [*command, "--quiet", "--json", *options]


def project_without_marts(folder: pathlib.Path) -> pathlib.Path:
    if not folder.exists():
        subprocess.run([QLAKE, "init", folder], check=True, stdout=subprocess.DEVNULL)
        for mart in (folder / "events" / "marts").iterdir():
            mart.unlink()
        for report in (folder / "reports").glob("app-*.sql"):
            report.unlink()
    return folder


def require_rows(who: str, rows: int) -> None:
    if rows != EVENTS:
        sys.exit(f"{who} has {rows} events, the topic {EVENTS}: the times cannot be compared")


def measure_qlake(data: pathlib.Path, command: list[str]) -> measure.Measurement:
    measured = measure.measure(command, str(data / "log.txt"))
    require_rows("qlake", json.loads((data / "log.txt").read_text().splitlines()[-1])["loaded"])
    return measured


def measure_peer(who: str, data: pathlib.Path, command: list[str]) -> measure.Measurement:
    """The wall is that which the peer says itself, without its start; CPU and memory are those of all of it."""
    measured = measure.measure(command, str(data / "log.txt"))
    said = json.loads((data / "log.txt").read_text().splitlines()[-1])
    require_rows(who, said["rows"])
    return measure.Measurement(said["wall_ms"] / 1000, measured.cpu_s, measured.peak_mib)


def bench_rate(data: pathlib.Path, rounds: int, peers: list[str], tell) -> dict[str, list[measure.Measurement]]:
    lake, out = data / "out-stream", data / "out-stream-peer"
    no_marts = project_without_marts(data / "project-without-marts")
    found: dict[str, list[measure.Measurement]] = {}
    with broker(data / "kafka") as address:
        subprocess.run(produce_command(address, TOPIC, "--rate", "0", "--count", str(EVENTS)), check=True, stdout=subprocess.DEVNULL)
        until_idle = stream_command(address, TOPIC, lake, "--until-idle")
        contestants = {
            "qlake": lambda: measure_qlake(data, until_idle),
            "qlake without marts": lambda: measure_qlake(data, [*until_idle, "--project", str(no_marts)]),
        }
        commands = {
            COLUMNS: [str(COLUMNS_BENCH), address, TOPIC, str(EVENTS)],
            CONNECT: [sys.executable, str(BENCH / "peers" / "stream_connect.py"), address, TOPIC, str(EVENTS), str(out)],
            SPARK: [str(SPARK_PYTHON), str(BENCH / "peers" / "stream_spark.py"), address, TOPIC, str(out)],
        }
        for who in (PEERS[peer] for peer in peers):
            contestants[who] = lambda who=who: measure_peer(who, data, commands[who])
        for number in range(rounds):
            for who, run in contestants.items():
                for folder in (lake, out):
                    shutil.rmtree(folder, ignore_errors=True)
                subprocess.run(["sync"], check=True)
                measured = run()
                found.setdefault(who, []).append(measured)
                tell(number, f"{who}: {EVENTS / measured.wall_s:,.0f} events/s", measured)
    for folder in (lake, out):
        shutil.rmtree(folder, ignore_errors=True)
    return found


def bench_visible(data: pathlib.Path, rounds: int) -> dict[str, list[Visibility]]:
    lake = data / "out-visible"
    found: list[Visibility] = []
    with broker(data / "kafka") as address:
        for number in range(rounds):
            shutil.rmtree(lake, ignore_errors=True)
            topic = f"visible-{number}"
            subprocess.run(produce_command(address, topic, "--rate", "0", "--count", "1000"), check=True, stdout=subprocess.DEVNULL)
            log = data / "log.txt"
            with log.open("wb") as output:
                stream = subprocess.Popen(stream_command(address, topic, lake), stdout=output, stderr=subprocess.STDOUT)
                time.sleep(5)
                rate = ["--rate", str(VISIBLE_RATE), "--count", str(VISIBLE_RATE * VISIBLE_S), "--first", "1000", "--json"]
                produced = subprocess.run(produce_command(address, topic, *rate), check=True, capture_output=True)
                time.sleep(3)
                stream.send_signal(signal.SIGTERM)
                measured = measure.wait(stream)
            if stream.returncode != 0:
                sys.exit(f"qlake stream ended with {stream.returncode}: {log.read_text()[-2000:]}")
            said = subprocess.run([PYTHON, BENCH / "visible.py", lake, "1000"], check=True, capture_output=True)
            result = Visibility(
                **json.loads(said.stdout), per_second=json.loads(produced.stdout)["events_per_second"], peak_mib=measured
            )
            if result.events != VISIBLE_RATE * VISIBLE_S:
                sys.exit(f"the lake has {result.events} of {VISIBLE_RATE * VISIBLE_S} events")
            print(f"round {number + 1}: {result}", file=sys.stderr)
            found.append(result)
    shutil.rmtree(lake, ignore_errors=True)
    return {f"{VISIBLE_RATE:,} events a second for {VISIBLE_S} s": found}
