"""Runs a command and measures it with everything that it started: wall seconds, CPU seconds, peak resident memory."""

import ctypes
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
TOUCHED_GIB_MAX = 8


@dataclass(frozen=True)
class Measurement:
    wall_s: float
    cpu_s: float  # User and system.
    peak_mib: float  # Of the largest process.


def adopt_orphans() -> None:
    """Processes whose parent ends before them (Spark's JVM) become our children, so that their time is counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def touch_memory() -> None:
    """Has half of the free memory touched once. A virtual machine's host takes idle memory away and gives it back slowly: whoever
    touches it first waits, at times three times as long as the work takes, and that must not hit the job that is measured."""
    free_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 2**30
    size = int(min(TOUCHED_GIB_MAX, free_gib / 2) * 2**30)
    populate = "import mmap; mmap.mmap(-1, {}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)"
    subprocess.run([sys.executable, "-c", populate.format(size)], check=True)


def measure(command: list[str], log_path: str) -> Measurement:
    """Raises RuntimeError, with the log's end, when the command fails."""
    adopt_orphans()
    with open(log_path, "wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s, peak_kib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_s += usage.ru_utime + usage.ru_stime
        peak_kib = max(peak_kib, usage.ru_maxrss)
    if process.returncode != 0:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            raise RuntimeError(f"{command} ended with {process.returncode}:\n{log.read()[-2000:]}")
    return Measurement(wall_s, cpu_s, peak_kib / 1024)


def wait(process: subprocess.Popen) -> float:
    """The end of a process that was started by others; its peak of resident memory in MiB."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024


def measure_inside(command: list[str]) -> tuple[Measurement, dict]:
    """Of a command that measures a part of its work itself and prints it as JSON: {"wall_ms", "cpu_ms", ...}."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    found = json.loads(printed)
    return Measurement(found["wall_ms"] / 1000, found["cpu_ms"] / 1000, usage.ru_maxrss / 1024), found
