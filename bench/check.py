#!/usr/bin/env python3
"""Holds the peers' answers against qlake's, so that equal work is compared.

    check.py LAKE B2B_FILE OUT...      OUT: the folder that a peer wrote; B2B_FILE: what `qlake run` wrote for the last whole day
"""

import csv
import io
import pathlib
import subprocess
import sys

QLAKE = pathlib.Path(__file__).resolve().parent.parent / "build" / "qlake"
REPORTS = ("top-products", "redeemed-offers", "offers-per-product", "lowest-online-cities")


def read_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def expected_answers(lake: pathlib.Path, b2b_file: pathlib.Path) -> dict[str, list[list[str]]]:
    answers = {"b2b": read_rows(b2b_file.read_text())}
    for name in REPORTS:
        command = [QLAKE, "report", name, "--lake", lake, "--format", "csv"]
        answers[name] = read_rows(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answers


def differences(expected: dict[str, list[list[str]]], out: pathlib.Path) -> list[str]:
    """One line for every answer that is not qlake's, row by row in order."""
    found = []
    for name, rows in expected.items():
        theirs = read_rows((out / "reports" / f"{name}.csv").read_text())
        if theirs != rows:
            first = next((pair for pair in zip(rows, theirs) if pair[0] != pair[1]), (f"{len(rows)} rows", f"{len(theirs)} rows"))
            found.append(f"{out}: {name}: qlake has {first[0]}, the peer has {first[1]}")
    return found


def main() -> None:
    lake, b2b_file, *outs = map(pathlib.Path, sys.argv[1:])
    expected = expected_answers(lake, b2b_file)
    found = [line for out in outs for line in differences(expected, out)]
    print("\n".join(found) or f"{len(outs)} peers, {len(expected)} answers each: all equal")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
