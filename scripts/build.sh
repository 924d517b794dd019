#!/usr/bin/env bash
# scripts/build.sh PRESET [TARGET...]: installs what is missing, then configures and builds. Quiet while all goes well.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
scripts/install.sh
folder=build
[ "$preset" = release ] || folder=build-$preset
if [ ! -e "$folder/build.ninja" ]; then
  mkdir -p "$folder"
  cmake --preset "$preset" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
fi
targets=()
[ $# = 0 ] && [ "$preset" = release ] && targets=(--target qlake)
[ $# = 0 ] || targets=(--target "$@")
if [ -t 2 ] || [ -n "${CI-}" ]; then
  NINJA_STATUS='build: %f of %t, %es  ' cmake --build "$folder" "${targets[@]}" >&2
else
  cmake --build "$folder" "${targets[@]}" >"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2; exit 1; }
fi
