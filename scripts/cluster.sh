#!/usr/bin/env bash
# The cluster that one machine has to be for tests and demos: the actual servers, small, all on loopback. All that they
# have lies in one folder (build/cluster by default), which may be deleted once they are down. cluster.env in it has
# their addresses.
#
#   scripts/cluster.sh install                   what it needs, into .deps (needs the network the first time)
#   scripts/cluster.sh up [--dir DIR] [--watch PID | --watch-parent] [PART...]
#                                                starts the parts (all by default), returns when they answer. With
#                                                --watch they end when process PID does, with --watch-parent when the
#                                                caller does
#   scripts/cluster.sh down [--dir DIR]          stops all that run
#   scripts/cluster.sh status [--dir DIR]        each server, its process and its address; exit code 1 when one that
#                                                was started does not run
#   scripts/cluster.sh kill [--dir DIR] [SERVER...]     stops servers (all by default) as kill -9 does
#   scripts/cluster.sh restart [--dir DIR] SERVER...    starts them again at the same addresses with the same data
#
# Parts and their servers, in the order in which they start: kerberos (kdc), hdfs (namenode, datanode1, datanode2),
# metastore, hiveserver, spark (master, worker1, worker2, connect), kafka. A part works with those that are up before it:
# Hive and Spark read HDFS, HiveServer2 and Spark know the tables of the metastore. HDFS asks for tickets when there is a KDC;
# the others have none to show. So kerberos starts only when it is named, for hdfs: up kerberos hdfs.
set -euo pipefail
name=cluster
script=$(realpath "$0")
repository=$(dirname "$(dirname "$script")")
hadoop=$repository/.deps/hdfs
hive=$repository/.deps/hive
spark=$repository/.deps/spark
folder_flag=--dir # how this script is told the folder
. "$repository/scripts/java_server.sh"
. "$repository/scripts/spark_settings.sh"

part_of() { # SERVER
  case $1 in
    kdc) echo kerberos ;;
    namenode | datanode1 | datanode2) echo hdfs ;;
    metastore | hiveserver) echo "$1" ;;
    master | worker1 | worker2 | connect) echo spark ;;
    kafka) echo kafka ;;
    *) fail "there is no server $1: kdc, namenode, datanode1, datanode2, metastore, hiveserver, master, worker1, worker2, connect, kafka" ;;
  esac
}
servers_of() { # PART: in the order in which they start
  case $1 in
    kerberos) echo kdc ;;
    hdfs) echo namenode datanode1 datanode2 ;;
    metastore | hiveserver) echo "$1" ;;
    spark) echo master worker1 worker2 connect ;;
    kafka) echo kafka ;;
    *) fail "there is no part $1: kerberos, hdfs, metastore, hiveserver, spark, kafka" ;;
  esac
}

select_server() { # SERVER: whom the functions of java_server.sh are about from now on
  server=$1
  name=cluster:$server
  folder=$cluster/$server
  marker=-Dqlake.server=$folder
  [ "$server" != kafka ] || marker=$folder/server.properties
  [ "$server" != kdc ] || marker=$folder/kdc.pid
}

setting() { sed -n "s/^$1=//p" "$cluster/cluster.env" 2>/dev/null | tail -n 1; }
set_setting() { # KEY VALUE
  touch "$cluster/cluster.env"
  sed -i "/^$1=/d" "$cluster/cluster.env"
  echo "$1=$2" >>"$cluster/cluster.env"
}
host_and_port() { # KEY: what its address says without protocol and path
  setting "$1" | sed 's,^[a-z]*://,,; s,/.*,,'
}

# --- Kerberos ---

realm=QLAKE.TEST
PATH=$PATH:/usr/sbin # where Debian has the KDC's programs

# Servers and users have keys in files, nobody has a password: lake may do everything on HDFS, stranger what anybody may.
set_up_kerberos() {
  command -v krb5kdc >/dev/null || fail 'there is no KDC: run scripts/cluster.sh install'
  local port
  port=$(free_ports 1)
  set_setting kdc "127.0.0.1:$port"
  set_setting krb5_config "$cluster/kdc/krb5.conf"
  rm -rf "$cluster/kdc"
  mkdir -p "$cluster/kdc"
  cat >"$cluster/kdc/krb5.conf" <<CONF
[libdefaults]
  default_realm = $realm
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  udp_preference_limit = 1
[realms]
  $realm = {
    kdc = 127.0.0.1:$port
  }
[domain_realm]
  localhost = $realm
CONF
  # A ticket is good for so long after its end, by default for 5 minutes.
  cat >"$cluster/kdc/kdc.conf" <<CONF
[libdefaults]
  clockskew = 5
[kdcdefaults]
  kdc_listen = 127.0.0.1:$port
  kdc_tcp_listen = 127.0.0.1:$port
[realms]
  $realm = {
    database_name = $cluster/kdc/principal
    key_stash_file = $cluster/kdc/stash
    acl_file = $cluster/kdc/acl
  }
[logging]
  kdc = FILE:$cluster/kdc/kdc.log
CONF
  with_kdc kdb5_util -r "$realm" create -s -P none >"$cluster/kdc/create.log" 2>&1 ||
    { cat "$cluster/kdc/create.log" >&2; fail "cannot create $cluster/kdc/principal"; }
  add_keys servers nn/localhost dn/localhost HTTP/localhost
  add_keys lake lake
  add_keys stranger stranger
}

add_keys() { # FILE PRINCIPAL...
  local principal file=$cluster/kdc/$1.keytab
  shift
  for principal in "$@"; do echo "addprinc -randkey $principal"; done |
    with_kdc kadmin.local -r "$realm" >>"$cluster/kdc/create.log" 2>&1
  echo "ktadd -k $file $*" | with_kdc kadmin.local -r "$realm" >>"$cluster/kdc/create.log" 2>&1
  [ -s "$file" ] || { tail -n 20 "$cluster/kdc/create.log" >&2; fail "cannot make $file"; }
}

with_kdc() { env KRB5_CONFIG="$cluster/kdc/krb5.conf" KRB5_KDC_PROFILE="$cluster/kdc/kdc.conf" "$@"; }

launch_kdc() {
  # Not by with_kdc: the process would be that of this script, and the KDC its child.
  setsid env KRB5_CONFIG="$folder/krb5.conf" KRB5_KDC_PROFILE="$folder/kdc.conf" \
    krb5kdc -n -r "$realm" -P "$marker" </dev/null >"$folder/server.out" 2>&1 &
  echo $! >"$folder/pid"
  disown
}
is_ready_kdc() { is_open kdc; }

# --- HDFS ---

xml() { # KEY VALUE...
  echo '<?xml version="1.0"?><configuration>'
  while [ $# != 0 ]; do
    echo "<property><name>$1</name><value>$2</value></property>"
    shift 2
  done
  echo '</configuration>'
}

set_up_hdfs() {
  [ -d "$hadoop" ] || fail 'HDFS is not installed: run scripts/cluster.sh install'
  local rpc http host=127.0.0.1 security=()
  # Tickets are for names, not for addresses.
  [ -z "$(setting kdc)" ] || host=localhost
  read -r rpc http < <(free_ports 2)
  set_setting hdfs "hdfs://$host:$rpc"
  set_setting webhdfs "http://$host:$http"
  rm -rf "$cluster/namenode" "$cluster/datanode1" "$cluster/datanode2"
  # The servers want folders of web pages to be there.
  mkdir -p "$cluster/hadoop/webapps/hdfs" "$cluster/hadoop/webapps/datanode"
  [ -z "$(setting kdc)" ] || mapfile -t security < <(core_security)
  xml fs.defaultFS "hdfs://$host:$rpc" "${security[@]}" >"$cluster/hadoop/core-site.xml"
  [ -z "$(setting kdc)" ] || mapfile -t security < <(hdfs_security)
  # A server that died counts as dead after about 12 s here, after 10 minutes by default; and small files would take 0.4 s
  # each by default, because the delay doubles until the other DataNode has reported its copy.
  xml dfs.replication 2 \
    dfs.namenode.rpc-address "$host:$rpc" dfs.namenode.http-address "$host:$http" \
    dfs.namenode.name.dir "file://$cluster/namenode/data" \
    dfs.namenode.handler.count 8 dfs.namenode.safemode.extension 0 \
    dfs.heartbeat.interval 1 dfs.namenode.heartbeat.recheck-interval 1000 \
    dfs.client.block.write.locateFollowingBlock.initial.delay.ms 20 dfs.client.block.write.locateFollowingBlock.retries 10 \
    "${security[@]}" >"$cluster/hadoop/hdfs-site.xml"
  cat >"$cluster/hadoop/log4j.properties" <<'PROPERTIES'
log4j.rootLogger=WARN, log
log4j.logger.org.apache.hadoop.hdfs.server.namenode.NameNode=INFO
log4j.appender.log=org.apache.log4j.ConsoleAppender
log4j.appender.log.target=System.err
log4j.appender.log.layout=org.apache.log4j.PatternLayout
log4j.appender.log.layout.ConversionPattern=%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n
PROPERTIES
  select_server namenode
  mkdir -p "$folder"
  "$(java_program)" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${hadoop_options[@]}" \
    "-Djava.security.krb5.conf=$cluster/kdc/krb5.conf" -cp "$cluster/hadoop:$hadoop/*" \
    org.apache.hadoop.hdfs.server.namenode.NameNode -format -force -nonInteractive \
    >"$folder/format.log" 2>&1 || { tail -n 20 "$folder/format.log" >&2; fail "cannot format $folder/data"; }
}

# What Hadoop asks of itself and of others with Kerberos: a key or a value a line.
core_security() {
  printf '%s\n' hadoop.security.authentication kerberos \
    hadoop.user.group.static.mapping.overrides 'lake=supergroup;stranger=strangers' \
    hadoop.http.authentication.type kerberos hadoop.http.authentication.kerberos.principal "HTTP/localhost@$realm" \
    hadoop.http.authentication.kerberos.keytab "$cluster/kdc/servers.keytab" \
    hadoop.http.authentication.kerberos.endpoint.whitelist /jmx # is_ready_namenode
}
# A DataNode proves who it is by a privileged port, or else by SASL and TLS, unless it is told that this is a test.
hdfs_security() {
  printf '%s\n' dfs.namenode.kerberos.principal "nn/localhost@$realm" dfs.datanode.kerberos.principal "dn/localhost@$realm" \
    dfs.web.authentication.kerberos.principal "HTTP/localhost@$realm"
  printf '%s\n' namenode.keytab.file datanode.keytab.file web.authentication.kerberos.keytab |
    sed "s,.*,dfs.&\n$cluster/kdc/servers.keytab,"
  printf '%s\n' dfs.block.access.token.enable true ignore.secure.ports.for.testing true
}

# WebHDFS serialises with a library that looks into java.lang.
hadoop_options=(--add-opens=java.base/java.lang=ALL-UNNAMED -Djava.net.preferIPv4Stack=true -Dhadoop.policy.file=hadoop-policy.xml)

run_hadoop() { # CLASS ARGUMENT...
  run_server -Xmx128m "$marker" "${hadoop_options[@]}" "-Djava.security.krb5.conf=$cluster/kdc/krb5.conf" \
    "-Dhadoop.log.dir=$folder" -cp "$cluster/hadoop:$hadoop/*" "$@"
}

answers() { # URL PATTERN
  python3 - "$1" "$2" <<'PYTHON' 2>/dev/null
import re, sys, urllib.request
answer = urllib.request.urlopen(sys.argv[1], timeout=5).read().decode()
sys.exit(0 if re.search(sys.argv[2], answer) else 1)
PYTHON
}

launch_namenode() { run_hadoop org.apache.hadoop.hdfs.server.namenode.NameNode; }
is_ready_namenode() { # what anybody may ask, with a ticket or without
  answers "$(setting webhdfs)/jmx?qry=Hadoop:service=NameNode,name=NameNodeStatus" '"State" : "active"'
}

launch_datanode() {
  mkdir -p "$folder"
  [ -s "$folder/ports" ] || free_ports 3 >"$folder/ports"
  local data http ipc
  read -r data http ipc <"$folder/ports"
  run_hadoop org.apache.hadoop.hdfs.server.datanode.DataNode -Ddfs.datanode.data.dir="file://$folder/data" \
    -Ddfs.datanode.address="127.0.0.1:$data" -Ddfs.datanode.http.address="127.0.0.1:$http" \
    -Ddfs.datanode.ipc.address="127.0.0.1:$ipc" -Ddfs.datanode.hostname=127.0.0.1
}
is_ready_datanode() { # The NameNode lists who is alive.
  answers "$(setting webhdfs)/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo" \
    "LiveNodes.*127.0.0.1:$(cut -d' ' -f1 "$folder/ports")"
}

# --- Hive ---

set_up_metastore() {
  [ -d "$hive" ] || fail 'Hive is not installed: run scripts/cluster.sh install'
  local port conf=$cluster/hive
  port=$(free_ports 1)
  set_setting metastore "thrift://127.0.0.1:$port"
  rm -rf "$cluster/metastore" "$conf"
  mkdir -p "$conf"
  xml fs.defaultFS "$(setting hdfs | grep . || echo file:///)" >"$conf/core-site.xml"
  xml metastore.thrift.uris "thrift://127.0.0.1:$port" metastore.thrift.bind.host 127.0.0.1 \
    metastore.warehouse.dir "file://$cluster/metastore/warehouse" \
    metastore.warehouse.external.dir "file://$cluster/metastore/external" \
    javax.jdo.option.ConnectionURL "jdbc:derby:;databaseName=$cluster/metastore/data;create=true" \
    javax.jdo.option.ConnectionDriverName org.apache.derby.jdbc.EmbeddedDriver \
    datanucleus.schema.autoCreateAll true metastore.schema.verification false \
    metastore.housekeeping.threads.on false metastore.compactor.initiator.on false \
    metastore.expression.proxy org.apache.hadoop.hive.ql.optimizer.ppr.PartitionExpressionForMetastore \
    >"$conf/metastore-site.xml"
  log_settings >"$conf/log4j2.properties"
}

set_up_hiveserver() {
  [ -n "$(setting metastore)" ] || fail 'it needs the part metastore'
  local port conf=$cluster/hive
  port=$(free_ports 1)
  set_setting hiveserver "127.0.0.1:$port"
  rm -rf "$cluster/hiveserver"
  xml hive.metastore.uris "$(setting metastore)" \
    hive.server2.thrift.bind.host 127.0.0.1 hive.server2.thrift.port "$port" \
    hive.server2.authentication NOSASL hive.server2.enable.doAs false hive.server2.webui.port 0 \
    hive.server2.materializedviews.registry.impl DUMMY hive.notification.event.poll.interval 0s \
    hive.server2.thrift.min.worker.threads 2 hive.server2.tez.initialize.default.sessions false \
    hive.exec.scratchdir "file://$folder/scratch" hive.exec.local.scratchdir "$folder/scratch" \
    hive.downloaded.resources.dir "$folder/resources" hive.user.install.directory "file://$folder/install" \
    hive.server2.logging.operation.log.location "$folder/operations" hive.execution.engine tez \
    >"$conf/hive-site.xml"
  # Tez executes within HiveServer2: there is no YARN.
  xml tez.local.mode true tez.local.mode.without.network true tez.runtime.optimize.local.fetch true \
    tez.ignore.lib.uris true tez.runtime.io.sort.mb 32 tez.am.resource.memory.mb 256 tez.task.resource.memory.mb 256 \
    tez.staging-dir "file://$folder/staging" \
    >"$conf/tez-site.xml"
}

run_hive() { # HEAP CLASS ARGUMENT...
  local heap=$1
  shift
  run_server "-Xmx$heap" "$marker" "${hive_options[@]}" "-Dlog4j2.configurationFile=$cluster/hive/log4j2.properties" \
    "-Djava.io.tmpdir=$folder" "-Dderby.stream.error.file=$folder/derby.log" -cp "$cluster/hive:$hive/*" "$@"
}

# What Hive asks Java 17 for. Times of Hive are without a zone: those of the lake, which are moments, it shows in the zone of
# its process.
hive_options=(-Duser.timezone=UTC -Djava.net.preferIPv4Stack=true)
for package in java.lang java.lang.reflect java.io java.net java.nio java.util java.util.concurrent java.util.concurrent.atomic \
  java.util.regex java.time sun.nio.ch; do
  hive_options+=("--add-opens=java.base/$package=ALL-UNNAMED")
done

launch_metastore() {
  # Derby parses an INSERT of a thousand rows, as of 500 partitions, by recursion.
  run_hive 256m -Xss16m org.apache.hadoop.hive.metastore.HiveMetaStore -p "$(host_and_port metastore | cut -d: -f2)"
}
is_ready_metastore() { is_open metastore; }

launch_hiveserver() { run_hive 512m org.apache.hive.service.server.HiveServer2; }
# It listens before it lets sessions begin: the status of an answer to OpenSession, in Thrift's binary protocol, must be 0.
is_ready_hiveserver() {
  python3 - "$(host_and_port hiveserver)" <<'PYTHON' 2>/dev/null
import socket, struct, sys
host, port = sys.argv[1].split(":")
begin_call = struct.pack(">Ii11si", 0x80010001, 11, b"OpenSession", 1)
in_struct_field_1 = struct.pack(">bh", 12, 1)
of_protocol_10 = struct.pack(">bhi", 8, 1, 9)
with socket.create_connection((host, int(port)), timeout=30) as server:
    server.sendall(begin_call + in_struct_field_1 + of_protocol_10 + bytes(2))
    # Up to the status code: the head, then a struct (the result) in a struct (the response) in a struct (its status).
    answer = server.makefile("rb").read(4 + 4 + 11 + 4 + 3 + 3 + 3 + 4)
sys.exit(0 if answer[-7:] == struct.pack(">bhi", 8, 1, 0) else 1)
PYTHON
}

is_open() { # KEY: of an address
  (exec 3<>"/dev/tcp/127.0.0.1/$(host_and_port "$1" | cut -d: -f2)") 2>/dev/null
}

# --- Spark ---

set_up_spark() {
  [ -d "$spark/jars" ] || fail 'Spark is not installed: run scripts/cluster.sh install'
  local rpc web connect
  read -r rpc web connect < <(free_ports 3)
  set_setting master "spark://127.0.0.1:$rpc"
  set_setting master_web "http://127.0.0.1:$web"
  set_setting connect "sc://127.0.0.1:$connect"
  rm -rf "$cluster"/master "$cluster"/worker[12] "$cluster"/connect
  mkdir -p "$cluster/spark"
  {
    log_settings
    printf 'logger.worker.name=org.apache.spark.deploy.worker.Worker\nlogger.worker.level=info\n' # is_ready_worker
  } >"$cluster/spark/log4j2.properties"
  {
    small_spark_settings "$cluster/connect/scratch" "$cluster/connect/warehouse"
    echo "spark.master $(setting master)"
    echo 'spark.connect.grpc.binding.address 127.0.0.1'
    echo "spark.connect.grpc.binding.port $connect"
    echo 'spark.driver.host 127.0.0.1'
    echo 'spark.driver.bindAddress 127.0.0.1'
    echo 'spark.executor.memory 512m'
    echo 'spark.executor.cores 1'
    echo "spark.executor.extraClassPath $spark/jars/*:$spark-kafka/*"
    echo "spark.executor.extraJavaOptions -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC -Dlog4j2.configurationFile=$cluster/spark/log4j2.properties"
    [ -z "$(setting hdfs)" ] || echo "spark.hadoop.fs.defaultFS $(setting hdfs)"
    if [ -n "$(setting metastore)" ]; then
      echo 'spark.sql.catalogImplementation hive'
      echo "spark.hadoop.hive.metastore.uris $(setting metastore)"
      # The client of a metastore that Spark brings along is of Hive 2.
      echo 'spark.sql.hive.metastore.version 4.0.1'
      echo 'spark.sql.hive.metastore.jars path'
      echo "spark.sql.hive.metastore.jars.path file://$hive/*.jar"
    fi
  } >"$cluster/spark/connect.conf"
}

run_spark() { # HEAP CLASS ARGUMENT...
  local home heap=$1
  shift
  home=$(echo "$spark"/venv/lib/python3*/site-packages/pyspark)
  mkdir -p "$folder"
  export SPARK_HOME=$home SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP=127.0.0.1
  unset JAVA_TOOL_OPTIONS
  run_server "-Xmx$heap" "$marker" "${spark_options[@]}" "-Duser.timezone=UTC" \
    "-Dlog4j2.configurationFile=$cluster/spark/log4j2.properties" -cp "$home/jars/*:$spark/jars/*:$spark-kafka/*" "$@"
}

# What Spark asks Java 17 for.
spark_options=(-XX:+IgnoreUnrecognizedVMOptions -Djava.net.preferIPv4Stack=true -Djdk.reflect.useDirectMethodHandle=false
  -Dio.netty.tryReflectionSetAccessible=true)
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
  java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  spark_options+=("--add-opens=java.base/$package=ALL-UNNAMED")
done

launch_master() {
  local host_port
  host_port=$(host_and_port master)
  run_spark 256m org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "${host_port#*:}" \
    --webui-port "$(host_and_port master_web | cut -d: -f2)"
}
is_ready_master() { answers "$(setting master_web)/json/" ALIVE; }

launch_worker() {
  run_spark 256m org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores 1 --memory 768m --webui-port 0 \
    --work-dir "$folder/work" "$(setting master)"
}
is_ready_worker() { grep -qs 'Successfully registered with master' "$folder/server.out"; }

launch_connect() {
  run_spark 768m org.apache.spark.deploy.SparkSubmit --properties-file "$cluster/spark/connect.conf" \
    --class org.apache.spark.sql.connect.service.SparkConnectServer spark-internal
}
is_ready_connect() { is_open connect; }

# --- Kafka, which has a script of its own ---

set_up_kafka() { :; }
launch_kafka() {
  "$repository/scripts/kafka.sh" up "$folder" >/dev/null
  set_setting kafka "$(sed -n 's/^plaintext=//p' "$folder/broker.env")"
}

is_ready_kafka() { is_running; } # its script has waited for that

# --- All of them ---

launch_server() {
  mkdir -p "$folder"
  "launch_${server%[12]}"
}
await_ready() {
  await_server "is_ready_${server%[12]}"
  printf '%s: ready\n' "$name" >&2
}

restart_server() {
  stop_server TERM
  if [ "$server" = kafka ]; then "$repository/scripts/kafka.sh" restart "$folder"; else launch_server; fi
  await_ready
}

# Nobody in front of whom it serves: those that started last end first.
known_servers() {
  local server
  for server in connect worker2 worker1 master hiveserver metastore datanode2 datanode1 namenode kdc kafka; do
    [ ! -e "$cluster/$server/pid" ] || echo "$server"
  done
}

running_servers() {
  local known
  for known in $(known_servers); do
    select_server "$known"
    ! is_running || echo "$known"
  done
}

up() {
  local part server_of_part
  [ $# != 0 ] || set -- hdfs metastore hiveserver spark kafka
  for part in "$@"; do servers_of "$part" >/dev/null; done
  mkdir -p "$cluster"
  [ -n "$(running_servers)" ] || rm -f "$cluster/cluster.env" # of one that was killed
  folder=$cluster
  watch_as_told "${watcher[@]}"
  # A part that does not start takes those with it that this call has started.
  started=()
  trap stop_started EXIT
  for part in "$@"; do
    for server_of_part in $(servers_of "$part"); do
      select_server "$server_of_part"
      ! is_running || fail "it runs already in $folder"
    done
    "set_up_$part"
    # Each finds the others when they come: they start side by side.
    for server_of_part in $(servers_of "$part"); do
      started+=("$server_of_part")
      select_server "$server_of_part"
      launch_server
    done
    for server_of_part in $(servers_of "$part"); do
      select_server "$server_of_part"
      await_ready
    done
  done
  trap - EXIT
  cat "$cluster/cluster.env"
}

stop_started() {
  local failed
  for failed in "${started[@]}"; do
    select_server "$failed"
    stop_server KILL
    rm -f "$folder/pid"
  done
}

down() {
  local known
  for known in $(known_servers); do
    select_server "$known"
    # A DataNode that closes in good order waits for the NameNode; nothing of it is needed again.
    stop_server TERM
    rm -f "$folder/pid"
  done
  rm -f "$cluster/watched" "$cluster/cluster.env"
}

status() {
  local known address all_run=0
  [ -n "$(known_servers)" ] || { echo "no cluster in $cluster"; return 1; }
  for known in $(known_servers | tac); do
    select_server "$known"
    case $known in
      namenode) address="$(setting hdfs) $(setting webhdfs)" ;;
      datanode*) address=127.0.0.1:$(cut -d' ' -f1 "$folder/ports") ;;
      worker*) address="of $(setting master)" ;;
      *) address=$(setting "$known") ;;
    esac
    if is_running; then
      printf '%-10s process %-8s %s\n' "$known" "$(pid)" "$address"
    else
      printf '%-10s does not run: see %s\n' "$known" "$folder"
      all_run=1
    fi
  done
  return $all_run
}

for_servers() { # FUNCTION [SERVER...]
  local function=$1 chosen
  shift
  [ $# != 0 ] || set -- $(known_servers)
  for chosen in "$@"; do
    part_of "$chosen" >/dev/null
    select_server "$chosen"
    "$function"
  done
}
kill_server() { stop_server KILL; }

command=${1-help}
[ $# = 0 ] || shift
cluster=$repository/build/cluster
watcher=()
arguments=()
while [ $# != 0 ]; do
  case $1 in
    --dir)
      cluster=${2:?--dir needs a folder}
      shift
      ;;
    --watch)
      watcher=(--watch "${2:?--watch needs the number of a process}")
      shift
      ;;
    --watch-parent) watcher=(--watch "$PPID") ;;
    -*) fail "does not know $1" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
case $cluster in -* | '') fail 'a folder is wanted' ;; esac
cluster=$(realpath -m "$cluster")
case $command in
  install)
    "$repository/scripts/install.sh" --kafka
    "$repository/scripts/install.sh" --hdfs
    "$repository/scripts/install.sh" --kerberos
    "$repository/scripts/install.sh" --hive
    "$repository/scripts/spark.sh" install
    ;;
  up | down | status) "$command" "${arguments[@]}" ;;
  kill) for_servers kill_server "${arguments[@]}" ;;
  restart)
    [ ${#arguments[@]} != 0 ] || fail 'restart whom?'
    for_servers restart_server "${arguments[@]}"
    ;;
  *) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac
