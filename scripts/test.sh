#!/usr/bin/env bash
# What `make test` runs: every test of the release build, then the unit tests of the rooms that parse or commit under
# sanitizers, all through one ctest. Its summary is the last thing printed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh --test
scripts/build.sh release all
scripts/build.sh asan rows_test delta_test storage_test events_test
scripts/build.sh tsan delta_test storage_test
exec ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
