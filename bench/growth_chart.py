#!/usr/bin/env python3
"""Draws what `bench/run.py growth` measured: CPU seconds and peak memory against rows, files and dates, both axes by decades.

    growth_chart.py RESULT.json CHART.svg
"""

import json
import pathlib
import statistics
import sys

import matplotlib
from matplotlib import pyplot

TITLES = {"rows": "rows, in 24 files, 731 dates", "files": "files of sales, 240,000 rows, 731 dates", "dates": "dates, 240,000 rows, 24 files"}


def median(rounds: list[dict], what: str) -> float:
    return statistics.median(measured[what] for measured in rounds)


def main() -> None:
    result, chart = json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2]
    # Equal numbers draw equal bytes.
    matplotlib.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})
    figure, panels = pyplot.subplots(1, len(TITLES), figsize=(10.5, 3.2), sharey=True, layout="constrained")
    for panel, (series, title) in zip(panels, TITLES.items()):
        points = {int(name.split()[0].replace(",", "")): rounds for name, rounds in result["measurements"].items() if name.endswith(series)}
        sizes = sorted(points)
        panel.loglog(sizes, [median(points[size], "cpu_s") for size in sizes], "o-", color="#1f5fa8", label="CPU s")
        memory = panel.twinx()
        memory.loglog(sizes, [median(points[size], "peak_mib") for size in sizes], "s--", color="#b5651d", label="peak MiB")
        memory.set_ylim(50, 2000)
        panel.set_ylim(0.5, 20)
        panel.set_title(title, fontsize=9)
        panel.grid(True, which="major", color="#dddddd")
        if panel is panels[0]:
            panel.set_ylabel("CPU s", color="#1f5fa8")
        if panel is panels[-1]:
            memory.set_ylabel("peak MiB", color="#b5651d")
        else:
            memory.set_yticklabels([])
    figure.savefig(chart, metadata={"Date": None})


if __name__ == "__main__":
    main()
