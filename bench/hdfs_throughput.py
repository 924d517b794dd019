#!/usr/bin/env python3
"""Files written to an actual HDFS on loopback: qlake's storage over WebHDFS beside Java's own client, in turn.

    hdfs_throughput.py [--rounds N]

Builds bench/hdfs_write_bench.cc, starts a cluster of its own (scripts/cluster.sh) and stops it. See bench/README.md.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("QLAKE_BUILD", ROOT / "build")).resolve()
FOLDER = BUILD / "bench" / "hdfs"
CLUSTER = ROOT / "scripts" / "cluster.sh"
BENCH = BUILD / "bin" / "hdfs_write_bench"
THREADS = 4
CASES = (("200 files of 64 KiB", 200, 64 << 10), ("8 files of 32 MiB", 8, 32 << 20))


def addresses() -> dict[str, str]:
    lines = (FOLDER / "cluster" / "cluster.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def java_shell(*arguments: str) -> float:
    """Seconds that Hadoop's own shell takes, its start included."""
    java = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"
    classpath = f"{FOLDER}/cluster/hadoop:{ROOT}/.deps/hdfs/*"
    began = time.monotonic()
    command = [java, "-Xmx512m", "-cp", classpath, "org.apache.hadoop.fs.FsShell", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def write_with_java(round_: int, case: int, source: pathlib.Path) -> float:
    target = f"/java-{round_}-{case}"
    java_shell("-mkdir", target)
    start = java_shell("-ls", "/")
    return max(java_shell("-put", "-t", str(THREADS), str(source), target) - start, 0.001)


def write_with_qlake(round_: int, case: int, files: int, size: int) -> float:
    where = addresses()
    command = [BENCH, f"{where['hdfs']}/qlake-{round_}-{case}", where["webhdfs"], files, size, THREADS]
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return float(done.stdout)


def make_files(case: int, files: int, size: int) -> pathlib.Path:
    folder = FOLDER / f"files-{case}"
    folder.mkdir(parents=True)
    for i in range(files):
        (folder / f"f{i}").write_bytes(os.urandom(size))
    return folder


def measure(rounds: int) -> None:
    print(f"load average {os.getloadavg()[0]:.1f}; medians of {rounds} rounds, {THREADS} writers")
    print("| files | qlake MB/s | Java MB/s | qlake files/s | Java files/s |\n| --- | --- | --- | --- | --- |")
    for case, (name, files, size) in enumerate(CASES):
        source = make_files(case, files, size)
        ours, theirs = [], []
        for round_ in range(rounds):
            ours.append(write_with_qlake(round_, case, files, size))
            theirs.append(write_with_java(round_, case, source))
        mine, java = statistics.median(ours), statistics.median(theirs)
        megabytes = files * size / 1e6
        print(f"| {name} | {megabytes / mine:.1f} | {megabytes / java:.1f} | {files / mine:.0f} | {files / java:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    subprocess.run(["cmake", "--build", str(BUILD), "--target", "hdfs_write_bench"], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    cluster = ["--dir", str(FOLDER / "cluster")]
    subprocess.run([CLUSTER, "up", *cluster, "--watch", str(os.getpid()), "hdfs"], check=True, stdout=subprocess.DEVNULL)
    try:
        measure(rounds)
    finally:
        subprocess.run([CLUSTER, "kill", *cluster], check=True)
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
