#!/usr/bin/env bash
# Installs what only the peers of the benchmarks need, with every checksum checked: DuckDB and Polars into bench/.venv
# (bench/requirements.txt), Spark's source of Kafka and Kafka Connect's file sink into bench/.jars, and Spark and Kafka where the
# tests have them (scripts/spark.sh, scripts/kafka.sh). qlake itself needs nothing of it.
set -euo pipefail
cd "$(dirname "$0")"

jars=( # GROUP:ARTIFACT:VERSION SHA256; the token provider of Spark's own version was not to be had
  "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 64539c45e5d39f7ddb747312c239f38f5208d08c1a0ddf7d70beb2fbd9373705"
  "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0 f2be3b76f9e6cbe63379d4e4e0dc14f59dbf056ae2ad16ff15ac108004c86767"
  "org.apache.kafka:kafka-clients:3.9.2 014b4ef36884478a932641818b080c36a8f8e2e92dc771e800c9d2694f4f83d8"
  "org.apache.commons:commons-pool2:2.13.1 f77a5060d6936a9144023584232f9de3f2248f1abfe156e9d31795f18770674f"
  "org.apache.kafka:connect-file:4.3.1 e330c491309d8f839f2abd7260c72a3687d6d82ecf2ba0f7699a46d41a46dcac"
)

say() { printf 'bench/install: %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() { # PACKAGE...
  say "apt: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_jars() {
  local artifact sha256 name
  rm -rf .jars
  mkdir .jars
  say "Spark's source of Kafka, Kafka Connect's file sink (mvn)"
  for jar in "${jars[@]}"; do
    read -r artifact sha256 <<<"$jar"
    mvn -q -B -Dstyle.color=never dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$PWD/.jars" >&2
    name=$(cut -d: -f2,3 <<<"$artifact" | tr : -).jar
    echo "$sha256  .jars/$name" | sha256sum --check --status ||
      { say "$name has another checksum than the pinned $sha256: remove it from ~/.m2 and try again"; exit 1; }
  done
}

(cd .. && scripts/spark.sh install && scripts/kafka.sh install)
stamp=.venv/stamp.$(cat install.sh requirements.txt | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0

python3 -m venv .venv 2>/dev/null || { apt_install python3-venv; python3 -m venv .venv; }
say "duckdb, polars (pip)"
.venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
install_jars
touch "$stamp"
