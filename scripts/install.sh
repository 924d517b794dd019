#!/usr/bin/env bash
# Installs what the build needs, once: Debian's packages, and prebuilt libraries into .deps/ with their checksums checked.
# Needs the network the first time only. Each piece has a stamp of its own in .deps/stamps, named by how it is installed
# here, so that a piece that is new or changed is installed and the others are left alone.
#
#   scripts/install.sh          what `make build` and `make run` need
#   scripts/install.sh --kafka  also a Kafka broker, in .deps/kafka (scripts/kafka.sh)
#   scripts/install.sh --spark  also Spark with Delta, in .deps/spark, and what it reads Kafka with, in .deps/spark-kafka
#                               (scripts/spark.sh)
#   scripts/install.sh --hdfs   also HDFS, in .deps/hdfs (scripts/cluster.sh)
#   scripts/install.sh --kerberos
#                               also a KDC and its clients (scripts/cluster.sh up kerberos hdfs)
#   scripts/install.sh --hive   also Hive's metastore and HiveServer2, in .deps/hive (scripts/cluster.sh), and
#                               a client in Python, in .deps/hive-client
#   scripts/install.sh --test   also all that `make test` needs (Python with readers of the lake, in .deps/venv; the
#                               broker; HDFS; a KDC; Hive; a schema registry, in .deps/registry; Spark; promtool; cron)
set -euo pipefail
cd "$(dirname "$0")/.."

arrow_version=26.0.1
arrow_sha256=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c
duckdb_version=2.0.0.0
duckdb_sha256=5170daa90a43296705127ef3c80834ba1cd275ec9d765a9f7eee346ab0087186
duckdb_header_module=github.com/duckdb/duckdb-go-bindings@v0.20000.0
duckdb_header_sha256=8dbc9c71a10f0a75fcacc1a3f4f7c76093a84d232fc152222ee5b6e512ab4560
rdkafka_module=github.com/confluentinc/confluent-kafka-go/v2@v2.11.1
rdkafka_sha256=4eadaca9f62e307b6d01e3921e420bc99ad8ee532d94096cfaf260397fb7be6d
rdkafka_header_sha256=0c1e6a2599fbabadb1ee4244c51f056029977f6f47f22e661e35d8dcf16d2b51
spark_connect_version=4.2.0
spark_connect_sha256=a5ab11bed0ebb6bf8e005b3f238dfa97f6ca3cbe0161201d676accfc1bc9f04c
hive_metastore_version=0.2.0
hive_metastore_sha256=80f608707c8b0d6a2fe279b342cd75ab87a9294ca36e4c1e254bde321d654d6f
registry_version=3.0.9 # the last one that runs on Java 17
registry_sha256=2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43
spark_kafka_artifacts=(
  org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0
  org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0
  org.apache.kafka:kafka-clients:3.9.2
  org.apache.commons:commons-pool2:2.13.1
)

promtool_version=2.42.0+ds-5+deb12u1
promtool_sha256=81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55

deps=$PWD/.deps
download=$deps/download

say() { printf 'install: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else fail "needs root or sudo to run: $*"; fi
}

check_sha256() { # FILE SHA256
  echo "$2  $1" | sha256sum --check --status || fail "$1 has another checksum than the pinned $2: remove it and try again"
}

check_files() { # FOLDER LIST: the folder holds the files of a list as sha256sum writes it, and no others
  local list
  list=$(realpath "$2")
  (cd "$1" && sha256sum --check --strict --status "$list") || fail "a file in $1 has another checksum than $2 says"
  [ "$(find "$1" -type f | wc -l)" = "$(wc -l <"$list")" ] || fail "$1 has files that $2 does not name"
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

go_module_folder() { # MODULE@VERSION: fetches it; its folder is named by the answer of `go mod download`, as "Dir"
  (cd "$download" && go mod download -json "$1") | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p'
}

once() { # PIECE [PIN...]: calls install_PIECE unless a stamp says that this very function did its work with these pins
  local piece=$1 stamp
  stamp=$deps/stamps/$piece.$({ declare -f "install_$piece"; echo "$@"; } | sha256sum | cut -c1-16)
  [ -e "$stamp" ] && return
  mkdir -p "$deps/include" "$deps/lib" "$deps/stamps" "$download"
  rm -f "$deps/stamps/$piece".*
  "install_$piece"
  rm -rf "$download"
  touch "$stamp"
}

install_build_tools() {
  apt_install g++ make cmake ninja-build mold ccache git unzip ca-certificates \
    libcli11-dev libtomlplusplus-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libsimdjson-dev libssl-dev \
    libxxhash-dev libcurl4-openssl-dev libgtest-dev libcpp-httplib-dev prometheus-cpp-dev
  command -v python3 >/dev/null || apt_install python3
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  command -v mvn >/dev/null || apt_install maven
  command -v go >/dev/null || apt_install golang-go
}

install_arrow() {
  local wheel
  say "Apache Arrow $arrow_version (pip)"
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 -d "$download" "pyarrow==$arrow_version"
  wheel=$(echo "$download"/pyarrow-"$arrow_version"-*.whl)
  check_sha256 "$wheel" "$arrow_sha256"
  unzip -qo "$wheel" 'pyarrow/include/*' 'pyarrow/libarrow.so*' 'pyarrow/libparquet.so*' -d "$download"
  cp -r "$download"/pyarrow/include/. "$deps/include/"
  cp --remove-destination "$download"/pyarrow/libarrow.so* "$download"/pyarrow/libparquet.so* "$deps/lib/"
}

install_duckdb() {
  local jar=$download/duckdb_jdbc-$duckdb_version.jar header
  say "DuckDB $duckdb_version (mvn), its header (go)"
  mvn -q -B dependency:copy "-Dartifact=org.duckdb:duckdb_jdbc:$duckdb_version" "-DoutputDirectory=$download" >&2
  check_sha256 "$jar" "$duckdb_sha256"
  unzip -qo "$jar" libduckdb_java.so_linux_amd64 -d "$deps/lib"
  header=$(go_module_folder "$duckdb_header_module")/include/duckdb.h
  check_sha256 "$header" "$duckdb_header_sha256"
  install -m 644 "$header" "$deps/include/duckdb.h"
}

# Prebuilt and static, with an OpenSSL, a zlib and a zstd of its own inside. They are made invisible here: qlake loads
# others beside them, and a linker that sees both mixes them.
install_rdkafka() {
  local folder archive
  say "librdkafka (go)"
  folder=$(go_module_folder "$rdkafka_module")/kafka/librdkafka_vendor
  archive=$folder/librdkafka_glibc_linux_amd64.a
  check_sha256 "$archive" "$rdkafka_sha256"
  check_sha256 "$folder/rdkafka.h" "$rdkafka_header_sha256"
  mkdir -p "$deps/include/librdkafka"
  install -m 644 "$folder/rdkafka.h" "$deps/include/librdkafka/"
  ld -r --whole-archive "$archive" -o "$download/rdkafka.o"
  objcopy --strip-debug --wildcard --keep-global-symbol='rd_kafka_*' "$download/rdkafka.o"
  rm -f "$deps/lib/librdkafka.a"
  ar rcs "$deps/lib/librdkafka.a" "$download/rdkafka.o"
}

# The protocol stands in the server's jar. Its generated code is compiled small: what is large in it is one field of bytes.
install_spark_connect() {
  local jar=$download/spark-connect_2.13-$spark_connect_version.jar
  apt_install protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev
  say "the protocol of Spark Connect $spark_connect_version (mvn)"
  mvn -q -B dependency:copy "-Dartifact=org.apache.spark:spark-connect_2.13:$spark_connect_version" \
    "-DoutputDirectory=$download" >&2
  check_sha256 "$jar" "$spark_connect_sha256"
  rm -rf "$deps/spark-connect"
  unzip -qo "$jar" 'spark/connect/*.proto' google/rpc/status.proto google/rpc/error_details.proto -d "$deps/spark-connect"
  find "$deps/spark-connect" -name '*.proto' -exec sed -i '$a option optimize_for = CODE_SIZE;' {} +
}

# The metastore speaks Thrift; a crate of its clients holds its interface.
install_hive_metastore() {
  local idl=$download/crates/hive_metastore/thrift_idl/hms.thrift
  apt_install thrift-compiler libthrift-dev libboost-dev
  command -v cargo >/dev/null || apt_install cargo
  say "the interface of Hive's metastore (cargo)"
  printf '[package]\nname = "interface"\nversion = "0.0.0"\n[lib]\npath = "none.rs"\n[dependencies]\nhive_metastore = "=%s"\n' \
    "$hive_metastore_version" >"$download/Cargo.toml"
  touch "$download/none.rs"
  (cd "$download" && cargo vendor -q crates >/dev/null)
  check_sha256 "$idl" "$hive_metastore_sha256"
  mkdir -p "$deps/hive-metastore"
  install -m 644 "$idl" "$deps/hive-metastore/hms.thrift"
}

# The jars that scripts/NAME/pom.xml asks for and scripts/NAME/jars.sha256 pins, into .deps/NAME.
install_jars() { # NAME
  [ -x /usr/lib/jvm/java-17-openjdk-amd64/bin/java ] || apt_install openjdk-17-jre-headless
  mvn -q -B -Dstyle.color=never -f "scripts/$1/pom.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$download/$1" >&2
  check_files "$download/$1" "scripts/$1/jars.sha256"
  rm -rf "${deps:?}/$1"
  mv "$download/$1" "$deps/$1"
}

install_kafka() {
  say "Apache Kafka (mvn)"
  apt_install openssl
  install_jars kafka
}

install_hdfs() {
  say "HDFS (mvn)"
  install_jars hdfs
}

install_kerberos() { # the servers of these packages find no realm and do not start
  apt_install krb5-kdc krb5-admin-server krb5-user
}

install_hive() {
  say "Hive (mvn)"
  install_jars hive
}

install_hive_client() {
  say "a client of Hive (pip)"
  rm -rf "$deps/hive-client"
  python3 -m venv "$deps/hive-client" 2>/dev/null || { apt_install python3-venv; python3 -m venv "$deps/hive-client"; }
  "$deps/hive-client/bin/pip" install -q --disable-pip-version-check --require-hashes -r scripts/hive/requirements.txt
}

install_registry() {
  local archive=$download/apicurio-registry-app-$registry_version-all.tar.gz
  say "Apicurio Registry $registry_version (mvn)"
  mvn -q -B dependency:copy "-Dartifact=io.apicurio:apicurio-registry-app:$registry_version:tar.gz:all" \
    "-DoutputDirectory=$download" >&2
  check_sha256 "$archive" "$registry_sha256"
  rm -rf "$deps/registry"
  mkdir -p "$deps/registry"
  tar -xzf "$archive" -C "$deps/registry"
}

install_spark() { # with a Python of its own for the client
  say "Apache Spark (pip), Delta (mvn)"
  [ -x /usr/lib/jvm/java-17-openjdk-amd64/bin/java ] || apt_install openjdk-17-jre-headless
  rm -rf "$deps/spark"
  python3 -m venv "$deps/spark/venv" 2>/dev/null || { apt_install python3-venv; python3 -m venv "$deps/spark/venv"; }
  "$deps/spark/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r scripts/spark/requirements.txt
  mvn -q -B -Dstyle.color=never -f scripts/spark/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DexcludeTransitive "-DoutputDirectory=$deps/spark/jars" >&2
  check_files "$deps/spark/jars" scripts/spark/jars.sha256
}

# One by one, not by a pom: of the provider of tokens, which only Kerberos needs, this release of Spark has none to be had.
install_spark_kafka() {
  local artifact
  say "Spark's Kafka connector (mvn)"
  for artifact in "${spark_kafka_artifacts[@]}"; do
    mvn -q -B dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$download/spark-kafka" >&2
  done
  check_files "$download/spark-kafka" scripts/spark-kafka/jars.sha256
  rm -rf "$deps/spark-kafka"
  mv "$download/spark-kafka" "$deps/spark-kafka"
}

install_promtool() { # for tests only: the program alone, for the package would start a server
  say "promtool $promtool_version (apt)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  (cd "$download" && apt-get download -qq "prometheus=$promtool_version" 2>/dev/null) ||
    fail "apt has no prometheus $promtool_version"
  check_sha256 "$(echo "$download"/prometheus_*.deb)" "$promtool_sha256"
  dpkg-deb -x "$download"/prometheus_*.deb "$download/prometheus"
  install -D -m 755 "$download/prometheus/usr/bin/promtool" "$deps/prometheus/promtool"
}

install_cron() { # for tests only, which start its daemon in a namespace of their own
  apt_install cron
}

install_shells() { # for tests only: completion and the manual in what users have
  apt_install zsh fish mandoc groff-base man-db
}

install_python() { # for tests only: foreign readers of the lake, and what runs notebooks
  say "Python: deltalake, polars, duckdb, matplotlib, nbclient (pip)"
  rm -rf "$deps/venv"
  python3 -m venv "$deps/venv" 2>/dev/null || { apt_install python3-venv; python3 -m venv "$deps/venv"; }
  "$deps/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r scripts/readers.txt \
    -r scripts/notebook.txt
}

[ "$(uname -m)" = x86_64 ] || fail "qlake is built on x86_64 only, this is $(uname -m)"
mkdir -p "$deps"
exec 9>"$deps/install.lock"
flock 9 # another make of this folder may be installing
once build_tools
once arrow "$arrow_version" "$arrow_sha256"
once duckdb "$duckdb_version" "$duckdb_sha256" "$duckdb_header_module" "$duckdb_header_sha256"
once rdkafka "$rdkafka_module" "$rdkafka_sha256" "$rdkafka_header_sha256"
once spark_connect "$spark_connect_version" "$spark_connect_sha256"
once hive_metastore "$hive_metastore_version" "$hive_metastore_sha256"
if [ "${1-}" = --kafka ] || [ "${1-}" = --test ]; then
  once kafka "$(declare -f install_jars)" "$(cat scripts/kafka/pom.xml scripts/kafka/jars.sha256)"
fi
if [ "${1-}" = --hdfs ] || [ "${1-}" = --test ]; then
  once hdfs "$(declare -f install_jars)" "$(cat scripts/hdfs/pom.xml scripts/hdfs/jars.sha256)"
fi
if [ "${1-}" = --kerberos ] || [ "${1-}" = --test ]; then
  once kerberos
fi
if [ "${1-}" = --hive ] || [ "${1-}" = --test ]; then
  once hive "$(declare -f install_jars)" "$(cat scripts/hive/pom.xml scripts/hive/jars.sha256)"
  once hive_client "$(cat scripts/hive/requirements.txt)"
fi
if [ "${1-}" = --spark ] || [ "${1-}" = --test ]; then
  once spark "$(cat scripts/spark/pom.xml scripts/spark/jars.sha256 scripts/spark/requirements.txt)"
  once spark_kafka "${spark_kafka_artifacts[@]}" "$(cat scripts/spark-kafka/jars.sha256)"
fi
if [ "${1-}" = --test ]; then
  once promtool "$promtool_version" "$promtool_sha256"
  once cron
  once shells
  once registry "$registry_version" "$registry_sha256"
  once python "$(cat scripts/readers.txt scripts/notebook.txt)"
fi
