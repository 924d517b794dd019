#!/usr/bin/env bash
# A small Spark with Delta, whose Connect server listens on loopback: the foreign engine of the conformance tests.
#
#   scripts/spark.sh install                          Java, PySpark and Delta's jars, with checksums, into .deps/spark
#   scripts/spark.sh up [--state DIR] [--owner PID]   starts a server, or finds it running; prints its address (sc://...);
#                                                     exit code 77 when Spark is not installed
#   scripts/spark.sh down [--state DIR]               stops it and waits for its end
#   scripts/spark.sh status [--state DIR]             prints address and process; exit code 1 when there is none
#
# DIR (.deps/spark/server by default) holds `address`, `pid` and `log`. The server ends with its owner, however that ends:
# the process that called this script, or PID.
set -euo pipefail
cd "$(dirname "$0")/.."

delta_version=4.4.0
delta_jars=( # GROUP:ARTIFACT:VERSION SHA256
  "io.delta:delta-spark_4.2_2.13:$delta_version 27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"
  "io.delta:delta-storage:$delta_version c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"
  "io.delta:delta-kernel-api:$delta_version ee9b5a14ac3b7efdff4d61a58478fe8eb0e5a3fbca43889dca7290795fe79a11"
  "io.delta:delta-kernel-defaults:$delta_version 225c975199e4718b38ee5b7e6da7f19e9585024262b2cec2656b32151a856b0b"
  "io.delta:delta-kernel-unitycatalog:$delta_version cea22dfb4ac562b3cd27bf652697750e8336009d73fb06631363aaaad5345ffa"
  "io.unitycatalog:unitycatalog-client:0.6.0 48257499a86b801a3e2372cec55ac226ca1c1c7eabe5c118e7302f29a1fdbc19"
  "io.unitycatalog:unitycatalog-hadoop:0.6.0 c47b63c961c87102b9e1d63809a0915ba4c86b7652f57c8d39ca3a05b441a150"
)
spark=$PWD/.deps/spark
stamp=$spark/stamp.$(sed -n '/^delta_version=/,/^)/p' "$0" | cat - scripts/spark.txt | sha256sum | cut -c1-16)
start_timeout_s=${QLAKE_SPARK_START_TIMEOUT_S:-180}

say() { printf 'spark: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else fail "needs root or sudo to run: $*"; fi
}
apt_install() { # PACKAGE...
  say "apt: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_spark() {
  [ ! -e "$stamp" ] || return 0
  command -v java >/dev/null || apt_install openjdk-17-jre-headless
  command -v mvn >/dev/null || apt_install maven
  rm -rf "$spark"
  mkdir -p "$spark/jars"
  python3 -m venv "$spark/venv" 2>/dev/null || { apt_install python3-venv; python3 -m venv "$spark/venv"; }
  say "PySpark (pip)"
  "$spark/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r scripts/spark.txt
  say "Delta $delta_version (mvn)"
  local artifact sha256 name
  for jar in "${delta_jars[@]}"; do
    read -r artifact sha256 <<<"$jar"
    mvn -q -B -Dstyle.color=never dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$spark/jars" >&2
    name=$(cut -d: -f2,3 <<<"$artifact" | tr : -).jar
    echo "$sha256  $spark/jars/$name" | sha256sum --check --status ||
      fail "$name has another checksum than the pinned $sha256: remove it from ~/.m2 and try again"
  done
  touch "$stamp"
}

# The process's number with its start, so that a number which the system gave away anew is not mistaken for it.
identity() { # PID
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ] || return 1
  printf '%s %s\n' "$1" "$(cut -d' ' -f20 <<<"$stat")"
}

is_alive() { # "PID START"
  [ -n "$1" ] && [ "$(identity "${1%% *}")" = "$1" ]
}

server() { cat "$state/pid" 2>/dev/null || true; }

stop() { # "PID START"
  kill -TERM "${1%% *}" 2>/dev/null || true
  for _ in $(seq 50); do
    is_alive "$1" || return 0
    sleep 0.1
  done
  kill -KILL "${1%% *}" 2>/dev/null || true
}

serve() { # Becomes the server.
  local options
  # Tests run many short statements: little heap, no compiler that takes longer than they do.
  options="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true -Duser.timezone=UTC -Dderby.system.home=$state"
  unset JAVA_TOOL_OPTIONS
  SPARK_HOME=$(echo "$spark"/venv/lib/python3*/site-packages/pyspark)
  export SPARK_HOME SPARK_CONF_DIR=$state/conf SPARK_LOCAL_IP=127.0.0.1
  mkdir -p "$SPARK_CONF_DIR"
  cat >"$SPARK_CONF_DIR/log4j2.properties" <<'END'
rootLogger.level = warn
rootLogger.appenderRef.log.ref = log
appender.log.type = Console
appender.log.name = log
appender.log.target = SYSTEM_ERR
appender.log.layout.type = PatternLayout
appender.log.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
logger.address.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.address.level = info
END
  # Dies with its keeper, even when that is killed.
  exec setpriv --pdeathsig KILL "$SPARK_HOME/bin/spark-submit" --master 'local[2]' --driver-memory 1g --driver-java-options "$options" \
    --driver-class-path "$spark/jars/*" --class org.apache.spark.sql.connect.service.SparkConnectServer \
    --conf spark.connect.grpc.binding.address=127.0.0.1 --conf spark.connect.grpc.binding.port=0 \
    --conf spark.ui.enabled=false \
    --conf spark.local.dir="$state/scratch" --conf spark.sql.warehouse.dir="$state/warehouse" \
    --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension \
    --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog \
    --conf spark.sql.session.timeZone=UTC --conf spark.sql.shuffle.partitions=1 \
    --conf spark.databricks.delta.snapshotPartitions=1 --conf spark.sql.sources.parallelPartitionDiscovery.parallelism=1 \
    --conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN --conf spark.sql.adaptive.enabled=false \
    spark-internal
}

keep() { # "PID START" of the owner: runs the server for as long as the owner lives
  serve &
  local child=$! self
  self=$(identity "$child")
  echo "$self" >"$state/pid"
  while is_alive "$self"; do
    is_alive "$1" || stop "$self"
    sleep 1
  done
  rm -f "$state/pid" "$state/address"
  rm -rf "$state/scratch" "$state/warehouse"
}

up() {
  [ -e "$stamp" ] || { say "SKIPPED: is not installed, run scripts/spark.sh install"; exit 77; }
  mkdir -p "$state"
  state=$(cd "$state" && pwd)
  # One at a time: the second to come finds the server of the first.
  exec 9>"$state/lock"
  flock 9
  if is_alive "$(server)" && [ -s "$state/address" ]; then
    cat "$state/address"
    return
  fi
  local owner_identity
  owner_identity=$(identity "$owner") || fail "there is no process $owner to own the server"
  rm -f "$state/pid" "$state/address"
  : >"$state/log"
  keep "$owner_identity" </dev/null >"$state/log" 2>&1 9>&- &
  local keeper=$! port=
  for _ in $(seq $((start_timeout_s * 5))); do
    port=$(sed -n 's/.*Spark Connect server started at: .*:\([0-9]*\).*/\1/p' "$state/log" | tail -n 1)
    [ -z "$port" ] || break
    kill -0 "$keeper" 2>/dev/null || break
    sleep 0.2
  done
  if [ -z "$port" ]; then
    is_alive "$(server)" && stop "$(server)"
    say "the server did not start; the end of $state/log says:"
    tail -n 20 "$state/log" >&2
    exit 1
  fi
  echo "sc://127.0.0.1:$port" >"$state/address"
  cat "$state/address"
}

down() {
  local identity
  identity=$(server)
  [ -z "$identity" ] || ! is_alive "$identity" || stop "$identity"
  rm -f "$state/pid" "$state/address"
}

status() {
  is_alive "$(server)" && [ -s "$state/address" ] || { say "no server runs ($state)"; exit 1; }
  printf '%s, process %s\n' "$(cat "$state/address")" "$(server | cut -d' ' -f1)"
}

command=${1-}
[ $# = 0 ] || shift
state=$spark/server
owner=$PPID
while [ $# != 0 ]; do
  case $1 in
    --state) state=${2:?--state needs a folder} ;;
    --owner) owner=${2:?--owner needs the number of a process} ;;
    *) fail "does not know $1: --state DIR, --owner PID" ;;
  esac
  shift 2
done
case $command in
  install) install_spark ;;
  up | down | status) "$command" ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
