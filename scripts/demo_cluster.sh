#!/usr/bin/env bash
# What `make demo-cluster` shows: the whole job on an actual HDFS, Spark, Hive and Kafka on this machine (scripts/cluster.sh).
# Hourly drops are processed by Spark into a lake on HDFS, events streamed into it, files compacted by Spark; what Spark and
# Hive read of it; the dump on the local disk; the lake moved to a disk, where DuckDB goes on. Everything lies in
# build/demo-cluster, which each call makes anew.
set -euo pipefail
cd "$(dirname "$0")/.."
cluster=$PWD/scripts/cluster.sh
kafka=$PWD/scripts/kafka.sh
python=$PWD/.deps/hive-client/bin/python
qlake=$PWD/build/qlake
demo=$PWD/build/demo-cluster
"$cluster" install
[ ! -d "$demo" ] || "$cluster" down --dir "$demo/cluster"
rm -rf "$demo"
mkdir -p "$demo"
cd "$demo"

printf '$ scripts/cluster.sh up\n'
"$cluster" up --dir "$demo/cluster" --watch $$ >/dev/null
trap '"$cluster" down --dir "$demo/cluster"' EXIT
"$cluster" status --dir "$demo/cluster"
setting() { sed -n "s/^$1=//p" "$demo/cluster/cluster.env"; }
export QLAKE_HDFS_WEBHDFS QLAKE_HIVE_METASTORE QLAKE_SPARK_CONNECT QLAKE_KAFKA_BROKERS
QLAKE_HDFS_WEBHDFS=$(setting webhdfs)
QLAKE_HIVE_METASTORE=$(setting metastore)
QLAKE_SPARK_CONNECT=$(setting connect)
QLAKE_KAFKA_BROKERS=$(setting kafka)
hdfs_lake=$(setting hdfs)/lake

step() { printf '\n$ qlake %s\n' "$*"; "$qlake" "$@"; }
ask_hive() { # SQL
  printf '\nhive> %s\n' "$1"
  "$python" - "$(setting hiveserver)" "$1" <<'PYTHON'
import sys
from pyhive import hive
host, port = sys.argv[1].split(":")
cursor = hive.connect(host, port=int(port), auth="NOSASL", database="qlake").cursor()
cursor.execute(sys.argv[2])
for row in cursor.fetchall():
    print(*row, sep="\t")
PYTHON
}

step simulate drops --out landing --hours 2 --rows 1500 --seed 7 --start 2023-12-28T10 --dirty 0.004 --dates 30
export QLAKE_LAKE=$hdfs_lake QLAKE_ENGINE=spark
step run --landing landing --dump-dir dump
"$kafka" topic "$demo/cluster/kafka" app-events 4 >/dev/null
step produce --topic app-events --rate 0 --count 20000 --bad 0.001
step stream --topic app-events --until-idle
# What comes next is taken in by this process alone: the two streams take over from each other.
step produce --topic app-events --rate 0 --count 5000 --first 20000
step stream --topic app-events --until-idle --engine duckdb
step compact --min-files 2
step quarantine --limit 3
step report top-products --limit 3
step report app-hourly-sales --limit 3
step repair
ask_hive 'SELECT product_id, sum(units) AS units FROM product_sales_daily GROUP BY product_id ORDER BY units DESC LIMIT 3'
ask_hive "SELECT eventtype, count(*) FROM app_events GROUP BY eventtype ORDER BY eventtype"
ask_hive "SHOW TBLPROPERTIES sales_transactions_fact('qlake.publication')"
date=$("$qlake" sql --format csv \
  "SELECT max(transaction_date) AS d FROM marts.agent_product_sales_daily WHERE sales_agent_id IS NOT NULL" | tail -n 1)
step dump --date "$date" --dump-dir dump

# The same lake on a disk, where one machine is enough: the next hour is DuckDB's.
step copy --from "$hdfs_lake" --to lake
export QLAKE_LAKE=$PWD/lake QLAKE_ENGINE=duckdb
step simulate drops --out landing --hours 1 --rows 1500 --seed 8 --start 2023-12-28T12 --dates 30
step run --landing landing --dump-dir dump --quiet
printf '\nThe lake: %s and %s/lake\nThe B2B dump: %s/dump/b2b_sales_%s.csv\n' "$hdfs_lake" "$PWD" "$PWD" "$date"
