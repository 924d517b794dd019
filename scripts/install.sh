#!/usr/bin/env bash
# Installs what the build needs, once: Debian's packages, and two prebuilt libraries into .deps/ with their checksums
# checked. Needs the network the first time only; a second call looks at the stamp and returns at once.
#
#   scripts/install.sh          what `make build` and `make run` need
#   scripts/install.sh --test   also what `make test` needs (Python readers of the lake, in .deps/venv)
set -euo pipefail
cd "$(dirname "$0")/.."

arrow_version=26.0.1
arrow_sha256=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c
duckdb_version=2.0.0.0
duckdb_sha256=5170daa90a43296705127ef3c80834ba1cd275ec9d765a9f7eee346ab0087186
duckdb_header_module=github.com/duckdb/duckdb-go-bindings@v0.20000.0
duckdb_header_sha256=8dbc9c71a10f0a75fcacc1a3f4f7c76093a84d232fc152222ee5b6e512ab4560

deps=$PWD/.deps
stamp=$deps/stamp.$(sha256sum "$0" | cut -c1-16)
test_stamp=$stamp.test

say() { printf 'install: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else fail "needs root or sudo to run: $*"; fi
}

check_sha256() { # FILE SHA256
  echo "$2  $1" | sha256sum --check --status || fail "$1 has another checksum than the pinned $2: remove it and try again"
}

apt_install() { # PACKAGE...: only what is missing, so that an installed machine needs no network
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "apt: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_build_tools() {
  apt_install g++ make cmake ninja-build mold ccache git unzip ca-certificates \
    libcli11-dev libtomlplusplus-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libsimdjson-dev libssl-dev \
    libxxhash-dev libgtest-dev
  command -v python3 >/dev/null || apt_install python3
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  command -v mvn >/dev/null || apt_install maven
  command -v go >/dev/null || apt_install golang-go
}

install_arrow() {
  local download=$deps/download wheel
  say "Apache Arrow $arrow_version (pip)"
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 -d "$download" "pyarrow==$arrow_version"
  wheel=$(echo "$download"/pyarrow-"$arrow_version"-*.whl)
  check_sha256 "$wheel" "$arrow_sha256"
  unzip -qo "$wheel" 'pyarrow/include/*' 'pyarrow/libarrow.so*' 'pyarrow/libparquet.so*' -d "$download"
  cp -r "$download"/pyarrow/include/. "$deps/include/"
  cp "$download"/pyarrow/libarrow.so* "$download"/pyarrow/libparquet.so* "$deps/lib/"
}

install_duckdb() {
  local download=$deps/download jar=$deps/download/duckdb_jdbc-$duckdb_version.jar header
  say "DuckDB $duckdb_version (mvn), its header (go)"
  mvn -q -B dependency:copy "-Dartifact=org.duckdb:duckdb_jdbc:$duckdb_version" "-DoutputDirectory=$download" >&2
  check_sha256 "$jar" "$duckdb_sha256"
  unzip -qo "$jar" libduckdb_java.so_linux_amd64 -d "$deps/lib"
  # The module's folder is named by the answer of `go mod download`, as "Dir".
  header=$(cd "$download" && go mod download -json "$duckdb_header_module" |
    sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')/include/duckdb.h
  check_sha256 "$header" "$duckdb_header_sha256"
  install -m 644 "$header" "$deps/include/duckdb.h"
}

install_readers() { # foreign readers of the lake, for the conformance tests only
  say "Python readers: deltalake, polars, duckdb (pip)"
  python3 -m venv "$deps/venv" 2>/dev/null || { apt_install python3-venv; python3 -m venv "$deps/venv"; }
  "$deps/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r scripts/readers.txt
}

[ "$(uname -m)" = x86_64 ] || fail "qlake is built on x86_64 only, this is $(uname -m)"
if [ ! -e "$stamp" ]; then
  rm -rf "$deps"
  mkdir -p "$deps/include" "$deps/lib" "$deps/download"
  install_build_tools
  install_arrow
  install_duckdb
  rm -rf "$deps/download"
  touch "$stamp"
fi
if [ "${1-}" = --test ] && [ ! -e "$test_stamp" ]; then
  install_readers
  touch "$test_stamp"
fi
