#!/usr/bin/env bash
# An actual Apache Spark with Delta, behind its Connect server on loopback, for tests: one small process. All that it has
# lies in one folder, which may be deleted once it is down: its log and spark.env with its address.
#
#   scripts/spark.sh install                    Spark, Delta, a Python with the client and what reads Kafka into .deps
#                                               (needs the network the first time)
#   scripts/spark.sh up DIR [--watch PID]       starts it, returns when it answers; it ends when process PID does.
#                                               --watch-parent: when the caller does
#   scripts/spark.sh down DIR                   stops it
#   scripts/spark.sh kill DIR                   stops it as kill -9 does
#   scripts/spark.sh restart DIR                starts it again at the same address; sessions are lost
#   scripts/spark.sh status DIR                 exit code 0 while it runs
#
# QLAKE_SPARK_TOKEN=TOKEN: it lets nobody in without.
set -euo pipefail
name=spark
script=$(realpath "$0")
repository=$(dirname "$(dirname "$script")")
home=$repository/.deps/spark
. "$repository/scripts/java_server.sh"
. "$repository/scripts/spark_settings.sh"

set_up_server() {
  [ -d "$home" ] || fail 'it is not installed: run scripts/spark.sh install'
  mkdir -p "$folder/conf"
  port=$(free_ports 1)
  {
    log_settings
    printf 'logger.connect.name=org.apache.spark.sql.connect.service.SparkConnectServer\nlogger.connect.level=info\n'
  } >"$folder/conf/log4j2.properties"
  small_spark_settings "$folder/scratch" "$folder/warehouse" >"$folder/conf/spark-defaults.conf"
  cat >>"$folder/conf/spark-defaults.conf" <<PROPERTIES
spark.master                                                local[2]
spark.driver.memory                                         2g
spark.driver.extraClassPath                                 $home/jars/*:$home-kafka/*
spark.driver.extraJavaOptions                               -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -Duser.timezone=UTC
spark.connect.grpc.binding.address                          127.0.0.1
spark.connect.grpc.binding.port                             $port
${QLAKE_SPARK_TOKEN:+spark.connect.authenticate.token $QLAKE_SPARK_TOKEN}
PROPERTIES
  echo "address=sc://127.0.0.1:$port" >"$folder/spark.env"
}

start_server() {
  rm -rf "$folder/scratch" "$folder/server.out"  # What the last one said is no sign of this one.
  env -u JAVA_TOOL_OPTIONS "SPARK_HOME=$(echo "$home"/venv/lib/python3*/site-packages/pyspark)" \
    "JAVA_HOME=$(dirname "$(dirname "$(realpath "$(java_program)")")")" "SPARK_CONF_DIR=$folder/conf" SPARK_LOCAL_IP=127.0.0.1 \
    setsid "$home"/venv/lib/python3*/site-packages/pyspark/bin/spark-submit \
    --class org.apache.spark.sql.connect.service.SparkConnectServer --conf "spark.qlake.folder=$folder" spark-internal \
    </dev/null >"$folder/server.out" 2>&1 &
  echo $! >"$folder/pid"
  await_server grep -qs 'Spark Connect server started at: ' "$folder/server.out"
}

command=${1-help}
case $command in
  install) exec "$repository/scripts/install.sh" --spark ;;
  up | down | kill | restart | status) [ $# -ge 2 ] || fail "$command needs a folder" ;;
  *) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac
folder=$(realpath -m "$2")
marker=$folder
serve_command "$command" "${@:3}"
