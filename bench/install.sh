#!/usr/bin/env bash
# Installs what only the peers of the benchmarks need, with every checksum checked: DuckDB and Polars into bench/.venv
# (bench/requirements.txt), and Spark where the tests have it (scripts/spark.sh). qlake itself needs nothing of it.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'bench/install: %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() { # PACKAGE...
  say "apt: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

(cd .. && scripts/spark.sh install)
stamp=.venv/stamp.$(cat install.sh requirements.txt | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0

python3 -m venv .venv 2>/dev/null || { apt_install python3-venv; python3 -m venv .venv; }
say "duckdb, polars (pip)"
.venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
touch "$stamp"
