#!/usr/bin/env bash
# What `make demo-stream` shows: an actual Kafka broker, events produced into it for ten seconds while they are streamed into a lake,
# then what the lake says of them. Everything lies in build/demo-stream, which each call makes anew.
set -euo pipefail
cd "$(dirname "$0")/.."
kafka=$PWD/scripts/kafka.sh
qlake=$PWD/build/qlake
demo=$PWD/build/demo-stream
"$kafka" install
[ ! -d "$demo" ] || "$kafka" down "$demo/broker" 2>/dev/null || true
rm -rf "$demo"
mkdir -p "$demo"
cd "$demo"

"$kafka" up "$demo/broker" --watch $$
trap '"$kafka" down "$demo/broker"' EXIT
QLAKE_KAFKA_BROKERS=$(sed -n 's/^plaintext=//p' "$demo/broker/broker.env")
export QLAKE_KAFKA_BROKERS

step() { printf '\n$ qlake %s\n' "$*"; "$qlake" "$@"; }

printf '\n$ qlake stream --topic app-events --lake lake &\n'
step produce --topic app-events --partitions 4 --rate 5000 --for 1s --bad 0.001 --late 0.01
"$qlake" stream --topic app-events --lake lake --quiet &
stream=$!
step produce --topic app-events --rate 5000 --for 10s --first 5000 --bad 0.001 --late 0.01 --drift-at 20000
sleep 2
kill -TERM "$stream"
wait "$stream"
step report app-sales-by-payment-method --lake lake
step report app-events-per-10-minutes --lake lake --limit 8
step drift --lake lake
step ledger --lake lake
