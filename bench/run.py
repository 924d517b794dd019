#!/usr/bin/env python3
"""The benchmarks: qlake and its peers in one run, round by round in turn, so that the machine's noise hits all of them.

    run.py batch       24 hours x 100,000 rows, landing zone to reports: qlake and four peers
    run.py large       24 hours x 1,000,000 rows (3.4 GB): qlake and the best DuckDB script, in 1 GiB and without limit
    run.py hour        one hour of 1,500 rows into a warehouse of 2.4, 4.8 and 24 million rows
    run.py reports     every report on the warehouse of 24 million rows
    run.py simulate    the writer of test data
    run.py stream      2 million events from an actual Kafka broker into app_events: qlake and three peers
    run.py visible     50,000 events a second: how long until each is to be seen in app_events
    run.py delta       the log of a table of 100,000 files: opened, and a file committed to it; qlake and deltalake
    run.py spark       statements over Spark Connect, their overhead: qlake's client and pyspark on one server
    run.py growth      how the batch job's cost grows with rows, files and dates, and docs/growth.svg, which shows it
    run.py tables      write the tables of bench/README.md anew from bench/results/*.json

Data and lakes are kept in QLAKE_BENCH_DATA (build/bench by default; 15 GB for all of them). A result goes to
bench/results/NAME.json and, as a table, to standard output.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import check
import measure
import stream

BENCH = pathlib.Path(__file__).resolve().parent
QLAKE = check.QLAKE
DATA = pathlib.Path(os.environ.get("QLAKE_BENCH_DATA", BENCH.parent / "build" / "bench")).resolve()
RESULTS = BENCH / "results"
PYTHON = BENCH / ".venv" / "bin" / "python"
SPARK_PYTHON = BENCH.parent / ".deps" / "spark" / "venv" / "bin" / "python"
SEED = 7
FIRST_HOUR = "2026-11-20T14"
DELTA_LOG_BENCH = BENCH.parent / "build" / "bin" / "delta_log_bench"
SPARK_CLIENT_BENCH = BENCH.parent / "build" / "bin" / "spark_client_bench"
TESTS_PYTHON = BENCH.parent / ".deps" / "venv" / "bin" / "python"  # Has deltalake and matplotlib, as the tests need.
PEERS = ("duckdb_best", "duckdb_typical", "polars_job", "spark_job")
# A file system looks twice at names and inodes that were freed in the last seconds, which whoever comes next would pay.
REST_AFTER_DELETE_S = 6


# --- What is measured ---


def simulate_command(out: pathlib.Path, hours: int, rows: int, dates: str, start: str, seed: int) -> list[str]:
    sizes = ["--hours", str(hours), "--rows", str(rows), "--seed", str(seed)]
    return [str(QLAKE), "simulate", "drops", "--out", str(out), *sizes, "--dates", dates, "--start", start, "--quiet"]


def run_command(landing: pathlib.Path, lake: pathlib.Path, memory: str = "") -> list[str]:
    command = [str(QLAKE), "run", "--landing", str(landing), "--lake", str(lake), "--dump-dir", str(lake) + "-dump"]
    return [*command, "--quiet", "--log-level", "error", *(["--memory", memory] if memory else [])]


def report_command(name: str, lake: pathlib.Path) -> list[str]:
    return [str(QLAKE), "report", name, "--lake", str(lake), "--format", "csv"]


def peer_command(name: str, landing: pathlib.Path, out: pathlib.Path, *options: str) -> list[str]:
    python = SPARK_PYTHON if name == "spark_job" else PYTHON
    return [str(python), str(BENCH / "peers" / f"{name}.py"), str(landing), str(out), *options]


def measure_all(commands: list[list[str]]) -> measure.Measurement:
    """The commands one after the other, as one job: times add up, the peak is the highest."""
    subprocess.run(["sync"], check=True)
    measure.touch_memory()
    parts = [measure.measure(command, str(DATA / "log.txt")) for command in commands]
    return measure.Measurement(
        sum(part.wall_s for part in parts), sum(part.cpu_s for part in parts), max(part.peak_mib for part in parts)
    )


def remove(folders: list[pathlib.Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["sync"], check=True)
    time.sleep(REST_AFTER_DELETE_S)


# --- What it is measured on ---


def hours_after_first(hours: int) -> str:
    first = datetime.datetime.strptime(FIRST_HOUR, "%Y-%m-%dT%H")
    return (first + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H")


def prepare_landing(
    name: str, hours: int, rows: int, dates: str = "spread", after_hours: int = 0, seed: int = SEED
) -> pathlib.Path:
    landing = DATA / name
    if not landing.exists():
        unfinished = DATA / f"{name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = simulate_command(unfinished, hours, rows, dates, hours_after_first(after_hours), seed)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(landing)
    return landing


def prepare_lake(name: str, landings: list[pathlib.Path]) -> pathlib.Path:
    """A lake that took in each of the landing zones by a run of its own."""
    lake = DATA / name
    if not lake.exists():
        unfinished = DATA / f"{name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        for landing in landings:
            subprocess.run(run_command(landing, unfinished), check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(f"{unfinished}-dump")
        unfinished.rename(lake)
    return lake


def copy_lake(lake: pathlib.Path, copy: pathlib.Path) -> None:
    """Files that nobody ever changes are linked: the bytes of the drops and the data files of the tables."""

    def copy_or_link(source: str, target: str) -> None:
        if source.endswith(".parquet") or "/raw/bytes/" in source:
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.copytree(lake, copy, copy_function=copy_or_link)


def copy_hour(landing: pathlib.Path, hour: int, copy: pathlib.Path) -> pathlib.Path:
    """A landing zone with the one drop of that number."""
    drop = sorted(path for path in landing.iterdir() if path.is_dir())[hour]
    if not copy.exists():
        shutil.copytree(drop, copy / drop.name)
    return copy


# --- The benchmarks: each returns {who: measurements, one a round} ---


def bench_batch(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    return compare(prepare_landing("landing24", 24, 100_000), rounds, {"qlake": ""}, {peer: (peer, []) for peer in peers})


def bench_large(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    landing = prepare_landing("landing24-large", 24, 1_000_000)
    ours = {"qlake, 1 GiB": "1GiB", "qlake, no limit": "20GiB"}
    theirs = {f"{peer}, 1 GiB": (peer, ["--memory", "1GiB"]) for peer in peers if peer == "duckdb_best"}
    theirs |= {f"{peer}, no limit": (peer, []) for peer in peers if peer == "duckdb_best"}
    return compare(landing, rounds, ours, theirs)


def compare(
    landing: pathlib.Path, rounds: int, ours: dict[str, str], theirs: dict[str, tuple[str, list[str]]]
) -> dict[str, list[measure.Measurement]]:
    """`ours`: memory by name; `theirs`: script and options by name. Every answer of a peer must be qlake's."""
    found: dict[str, list[measure.Measurement]] = {name: [] for name in (*ours, *theirs)}
    for number in range(rounds):
        folders = []
        for name, memory in ours.items():
            lake = DATA / f"out-qlake-{len(folders)}"
            folders += [lake, pathlib.Path(f"{lake}-dump")]
            remove(folders[-2:])
            found[name].append(measure_all([run_command(landing, lake, memory)]))
            tell(number, name, found[name][-1])
        [b2b_file] = folders[1].glob("*.csv")
        expected = check.expected_answers(folders[0], b2b_file)
        for name, (script, options) in theirs.items():
            out = DATA / f"out-{script}-{len(folders)}"
            folders.append(out)
            remove([out])
            found[name].append(measure_all([peer_command(script, landing, out, *options)]))
            tell(number, name, found[name][-1])
            if wrong := check.differences(expected, out):
                sys.exit("the answers differ, so the times cannot be compared:\n" + "\n".join(wrong))
        remove(folders)
    return found


def bench_hour(rounds: int, peers: list[str], sizes: list[str]) -> dict[str, list[measure.Measurement]]:
    lakes = prepare_warehouses(sizes)
    found: dict[str, list[measure.Measurement]] = {}
    for dates in ("recent", "spread"):
        hours = prepare_landing(f"hours-{dates}", 24, 1500, dates, after_hours=48, seed=SEED + 1)
        drops = [copy_hour(hours, number, DATA / f"hours-{dates}-{number}") for number in range(24)]
        cases = {f"into {size}, {dates} dates": (lake, drops[0]) for size, lake in lakes.items()}
        smallest = sizes[0]
        after_23 = prepare_after_23(f"{lakes[smallest].name}-{dates}-23", lakes[smallest], drops)
        cases[f"into {smallest}, {dates} dates, 24th of 24 uncompacted hours"] = (after_23, drops[23])
        for number in range(rounds):
            for name, (lake, drop) in cases.items():
                copy = DATA / "out-hour"
                remove([copy, DATA / "out-hour-dump"])
                copy_lake(lake, copy)
                run = measure_all([run_command(drop, copy)])
                reports = measure_all([report_command(report, copy) for report in check.REPORTS])
                found.setdefault(f"{name}: run with reports and dump", []).append(run)
                found.setdefault(f"{name}: the four reports asked for again", []).append(reports)
                tell(number, name, run)
    remove([DATA / "out-hour", DATA / "out-hour-dump"])
    return found


def prepare_warehouses(sizes: list[str]) -> dict[str, pathlib.Path]:
    landings = {
        "2.4 million": lambda: prepare_landing("landing24", 24, 100_000),
        "4.8 million": lambda: prepare_landing("landing48", 48, 100_000),
        "24 million": lambda: prepare_landing("landing24-large", 24, 1_000_000),
    }
    return {size: prepare_lake(f"lake-{size.split()[0]}m", [landings[size]()]) for size in sizes}


def prepare_after_23(name: str, lake: pathlib.Path, drops: list[pathlib.Path]) -> pathlib.Path:
    if not (DATA / name).exists():
        unfinished = DATA / f"{name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_lake(lake, unfinished)
        for drop in drops[:23]:
            subprocess.run(run_command(drop, unfinished), check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(f"{unfinished}-dump")
        unfinished.rename(DATA / name)
    return DATA / name


def bench_reports(rounds: int, peers: list[str], sizes: list[str]) -> dict[str, list[measure.Measurement]]:
    [(size, lake)] = prepare_warehouses(sizes[-1:]).items()
    found: dict[str, list[measure.Measurement]] = {f"{name} on {size} rows": [] for name in check.REPORTS}
    for _ in range(rounds):
        for name in check.REPORTS:
            found[f"{name} on {size} rows"].append(measure_all([report_command(name, lake)]))
    return found


def bench_simulate(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    found: dict[str, list[measure.Measurement]] = {}
    for number in range(rounds):
        out = DATA / "out-simulate"
        remove([out])
        measured = measure_all([simulate_command(out, 24, 1_000_000, "spread", FIRST_HOUR, SEED)])
        size_mb = sum(path.stat().st_size for path in out.rglob("*.csv")) / 1e6
        found.setdefault(f"{size_mb:.0f} MB", []).append(measured)
        print(f"round {number + 1}: {size_mb / measured.wall_s:.0f} MB/s", file=sys.stderr)
    remove([out])
    return found


def bench_delta(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    table = prepare_delta_table(100_000)
    ours, theirs = [str(DELTA_LOG_BENCH)], [str(TESTS_PYTHON), str(BENCH / "peers" / "delta_log.py")]
    found: dict[str, list[measure.Measurement]] = {}
    for number in range(rounds):
        copies = [DATA / "out-delta-qlake", DATA / "out-delta-deltalake"]
        remove(copies)
        for copy in copies:
            shutil.copytree(table, copy)
        subprocess.run(["sync"], check=True)
        files = {}
        for name, command in (
            ("qlake: open", [*ours, "open", str(copies[0])]),
            ("deltalake: open", [*theirs, "open", str(copies[1] / "t")]),
            ("qlake: commit one file", [*ours, "commit", str(copies[0]), "3"]),
            ("deltalake: commit one file", [*theirs, "commit", str(copies[1] / "t"), "3"]),
        ):
            measured, said = measure.measure_inside(command)
            found.setdefault(name, []).append(measured)
            what = name.partition(": ")[2]
            if said["files"] != files.setdefault(what, said["files"]):
                sys.exit(f"{name} finds {said['files']} files, not {files[what]}")
            tell(number, name, measured)
    remove(copies)
    return found


def bench_stream(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    return stream.bench_rate(DATA, rounds, peers, tell)


def bench_visible(rounds: int, peers: list[str]) -> dict[str, list[stream.Visibility]]:
    return stream.bench_visible(DATA, rounds)


def bench_spark(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    folder = DATA / "out-spark-server"
    remove([folder])
    script = str(BENCH.parent / "scripts" / "spark.sh")
    subprocess.run([script, "up", str(folder), "--watch", str(os.getpid())], check=True)
    address = (folder / "spark.env").read_text().strip().partition("=")[2]
    clients = {
        "qlake": [str(SPARK_CLIENT_BENCH), address],
        "pyspark": [str(SPARK_PYTHON), str(BENCH / "peers" / "spark_client.py"), address],
    }
    found: dict[str, list[measure.Measurement]] = {}
    for number in range(-1, rounds):  # The first round warms the server up.
        for what, count in (("query", 50), ("command", 50), ("rows", 3)):
            rows = {}
            for who, command in clients.items():
                measured, said = measure.measure_inside([*command, what, str(count)])
                rows[who] = said["rows"]
                if number >= 0:
                    found.setdefault(f"{who}: {what}", []).append(measured)
                    tell(number, f"{who}: {what}", measured)
            if rows["qlake"] != rows["pyspark"]:
                sys.exit(f"{what}: qlake reads {rows['qlake']} rows, pyspark {rows['pyspark']}")
        for who, command in clients.items():
            measured = measure.measure([*command, "query", "1"], str(DATA / "spark-client.log"))
            if number >= 0:
                found.setdefault(f"{who}: process, session, two queries", []).append(measured)
                tell(number, f"{who}: process, session, two queries", measured)
    subprocess.run([script, "down", str(folder)], check=True)
    remove([folder])
    return found


def bench_growth(rounds: int, peers: list[str]) -> dict[str, list[measure.Measurement]]:
    """From an empty lake; two decades of one size, the others as they are."""
    cases = {f"{24 * rows:,} rows": (24, rows, "spread") for rows in (1_000, 3_200, 10_000, 32_000, 100_000)}
    cases |= {f"{drops:,} files": (drops, 240_000 // drops, "spread") for drops in (24, 75, 240, 750, 2_400)}
    cases |= {f"{dates} dates": (24, 10_000, dates) for dates in ("7", "23", "73", "231", "731")}
    found: dict[str, list[measure.Measurement]] = {name: [] for name in cases}
    lake = DATA / "out-growth"
    for number in range(rounds):
        for name, (drops, rows, dates) in cases.items():
            landing = prepare_landing(f"growth-{drops}-{rows}-{dates}", drops, rows, dates)
            remove([lake, pathlib.Path(f"{lake}-dump")])
            found[name].append(measure_all([run_command(landing, lake)]))
            tell(number, name, found[name][-1])
    remove([lake, pathlib.Path(f"{lake}-dump")])
    return found


def prepare_delta_table(files: int) -> pathlib.Path:
    table = DATA / f"delta-log-{files}"
    if not table.exists():
        unfinished = DATA / f"{table.name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([str(DELTA_LOG_BENCH), "make", str(unfinished), str(files)], check=True)
        unfinished.rename(table)
    return table


# --- What is told ---


def tell(number: int, name: str, measured: measure.Measurement) -> None:
    spent = f"{measured.wall_s:.2f} s wall, {measured.cpu_s:.2f} s CPU, {measured.peak_mib:.0f} MiB"
    print(f"round {number + 1}: {name}: {spent}", file=sys.stderr)


def describe_machine() -> dict[str, str]:
    lscpu = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    model = re.search(r"Model name:\s*(.*)", lscpu)
    disk = subprocess.run(["df", "--output=fstype", str(DATA)], capture_output=True, text=True, check=True).stdout
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{os.cpu_count()} cores, {model.group(1) if model else 'unknown'}",
        "memory": f"{memory_gib:.0f} GiB",
        "disk": " ".join(disk.splitlines()[-1].split()),
    }


def write_result(name: str, found: dict[str, list[measure.Measurement]], load_before: float) -> dict:
    commit = subprocess.run(["git", "-C", str(BENCH), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    result = {
        "name": name,
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "machine": describe_machine(),
        # Work of others on the machine: 0 means that the walls can be trusted.
        "load_before": round(load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "measurements": {who: [vars(measured) for measured in rounds] for who, rounds in found.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


TITLES = {
    "batch": "24 hours x 100,000 rows, from landing zone to reports",
    "large": "24 hours x 1,000,000 rows, from landing zone to reports",
    "hour": "One hour of 1,500 rows into a warehouse",
    "reports": "Reports",
    "simulate": "The simulator, 24 hours x 1,000,000 rows",
    "stream": f"{stream.EVENTS:,} events of a topic of Kafka, consumed, judged and committed",
    "visible": "From the broker to a commit",
    "delta": "The log of a table of 100,000 files (a checkpoint and ten commits)",
    "spark": "One statement over Spark Connect",
    "growth": "What the batch job costs from an empty lake",
}


def spread_text(values: list[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:.{digits}f} / **{middle:.{digits}f}** / {high:.{digits}f}"


def paired_ratio(theirs: list[dict], ours: list[dict], what: str) -> str:
    """The median of the ratios round by round: what hit both in one round falls out."""
    return f"{statistics.median(their[what] / our[what] for their, our in zip(theirs, ours)):.2f}"


def reference_of(who: str, measurements: dict) -> list[dict] | None:
    """Ours that a peer is compared with: the one with the same words behind the comma."""
    limit = who.partition(",")[2]
    return None if who.startswith("qlake") else measurements.get(f"qlake,{limit}" if limit else "qlake")


def format_table(result: dict) -> str:
    measurements = result["measurements"]
    rounds = len(next(iter(measurements.values())))
    digits = {"batch": 2, "large": 2, "simulate": 2, "stream": 2, "delta": 4, "spark": 4}.get(result["name"], 3)
    has_ratio = result["name"] in ("batch", "large", "stream")
    has_rate = result["name"] == "stream"
    machine = "; ".join(result["machine"].values())
    lines = [
        f"### {TITLES[result['name']]}",
        "",
        f"{result['date']}, commit {result['commit']}, {rounds} rounds; {machine}; load average {result['load_before']} before, "
        f"{result['load_after']} after. Minimum / **median** / maximum.",
        "",
    ]
    if result["name"] == "visible":
        return "\n".join(lines + visible_lines(measurements))
    lines += [
        "| | wall s | CPU s | peak MiB |"
        + (" wall against qlake | CPU against qlake |" if has_ratio else "")
        + (" events/s |" if has_rate else ""),
        "| --- | --- | --- | --- |" + (" --- | --- |" if has_ratio else "") + (" --- |" if has_rate else ""),
    ]
    for who, values in measurements.items():
        cells = [
            who,
            spread_text([value["wall_s"] for value in values], digits),
            spread_text([value["cpu_s"] for value in values], digits),
            spread_text([value["peak_mib"] for value in values], 0),
        ]
        if has_ratio:
            ours = reference_of(who, measurements)
            cells += [paired_ratio(values, ours, what) if ours else "" for what in ("wall_s", "cpu_s")]
        if has_rate:
            cells.append(f"{stream.EVENTS / statistics.median(value['wall_s'] for value in values):,.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    if result["name"] == "simulate":
        [(size, values)] = measurements.items()
        speed = float(size.split()[0]) / statistics.median(value["wall_s"] for value in values)
        lines += ["", f"Median speed: {speed:.0f} MB/s."]
    return "\n".join(lines)


def visible_lines(measurements: dict[str, list[dict]]) -> list[str]:
    lines = ["| | events/s | half by, s | 99 % by, s | all by, s | peak MiB of qlake stream |", "| --- | --- | --- | --- | --- | --- |"]
    for who, values in measurements.items():
        cells = [who, spread_text([value["per_second"] for value in values], 0)]
        cells += [spread_text([value[what] for value in values], 2) for what in ("median_s", "percentile99_s", "greatest_s")]
        cells.append(spread_text([value["peak_mib"] for value in values], 0))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def draw_growth() -> None:
    chart = [str(BENCH / "growth_chart.py"), str(RESULTS / "growth.json"), str(BENCH.parent / "docs" / "growth.svg")]
    subprocess.run([str(TESTS_PYTHON), *chart], check=True)


def write_tables() -> None:
    readme = BENCH / "README.md"
    results = [json.loads(path.read_text()) for name in TITLES if (path := RESULTS / f"{name}.json").exists()]
    tables = "\n\n".join(format_table(result) for result in results)
    begin, end = "<!-- results: written by run.py tables -->", "<!-- results end -->"
    before, _, rest = readme.read_text().partition(begin)
    _, _, after = rest.partition(end)
    readme.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}")
    if (RESULTS / "growth.json").exists():
        draw_growth()


BENCHMARKS = {
    "batch": bench_batch,
    "large": bench_large,
    "hour": bench_hour,
    "reports": bench_reports,
    "simulate": bench_simulate,
    "stream": bench_stream,
    "visible": bench_visible,
    "delta": bench_delta,
    "spark": bench_spark,
    "growth": bench_growth,
}
SIZES = ["2.4 million", "4.8 million", "24 million"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=[*BENCHMARKS, "tables"])
    parser.add_argument("--rounds", type=int, default=5)
    known_peers = f"of {', '.join(PEERS)}; of stream {', '.join(stream.PEERS)} (all)"
    parser.add_argument("--peers", nargs="*", choices=[*PEERS, *stream.PEERS], help=known_peers)
    parser.add_argument("--sizes", nargs="*", default=SIZES, choices=SIZES, help="warehouses of `hour` and `reports`, rising")
    arguments = parser.parse_args()
    if arguments.benchmark == "tables":
        write_tables()
        return
    DATA.mkdir(parents=True, exist_ok=True)
    options = {"sizes": arguments.sizes} if arguments.benchmark in ("hour", "reports") else {}
    load_before = os.getloadavg()[0]
    peers = arguments.peers
    if peers is None:
        peers = list(stream.PEERS if arguments.benchmark == "stream" else PEERS)
    found = BENCHMARKS[arguments.benchmark](arguments.rounds, peers, **options)
    print(format_table(write_result(arguments.benchmark, found, load_before)))


if __name__ == "__main__":
    main()
