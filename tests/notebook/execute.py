"""Executes a notebook and checks that it drew what it promises.

    execute.py NOTEBOOK CHARTS [KAFKA_FOLDER]

CHARTS: how many pictures it draws. KAFKA_FOLDER: of a broker of scripts/kafka.sh that it shall use.
"""

import base64
import os
import sys

import nbclient
import nbformat


def pictures(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield base64.b64decode(output["data"]["image/png"])


def main():
    path, charts = sys.argv[1], int(sys.argv[2])
    if len(sys.argv) > 3:
        with open(os.path.join(sys.argv[3], "broker.env")) as facts:
            addresses = dict(line.rstrip("\n").split("=", 1) for line in facts)
        os.environ["QLAKE_KAFKA_BROKERS"] = addresses["plaintext"]
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    drawn = [len(picture) for picture in pictures(notebook)]
    printed = "".join(
        output["text"] for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )
    print(printed)
    if len(drawn) != charts or min(drawn) < 5_000:
        sys.exit(f"{path} drew pictures of {drawn} bytes, not {charts} charts")
    if "produce: 20,000 events to" not in printed:
        sys.exit(f"{path} did not produce its events")


if __name__ == "__main__":
    main()
