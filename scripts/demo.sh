#!/usr/bin/env bash
# What `make run` shows: four hourly drops, the whole job over them, its reports, its dump, a file of events streamed beside them, the
# ledger of both. Everything lies in
# build/demo, which each call makes anew.
set -euo pipefail
cd "$(dirname "$0")/.."
qlake=$PWD/build/qlake
demo=build/demo
rm -rf "$demo"
mkdir -p "$demo"
cd "$demo"

step() { printf '\n\033[1m$ qlake %s\033[0m\n' "$*"; "$qlake" "$@"; }
[ -t 1 ] || step() { printf '\n$ qlake %s\n' "$*"; "$qlake" "$@"; }

step simulate drops --out landing --hours 4 --rows 1500 --seed 7 --start 2023-12-28T10 --dirty 0.004
step run --landing landing --lake lake --dump-dir dump
date=$("$qlake" sql --lake lake --format csv \
  "SELECT max(transaction_date) AS d FROM marts.agent_product_sales_daily WHERE sales_agent_id IS NOT NULL" | tail -n 1)
step dump --date "$date" --lake lake --dump-dir dump
step produce --to-file events.jsonl --rate 0 --count 20000 --seed 7 --start 2023-12-28T10:00:00 --per-second 5 --bad 0.002 --late 0.01
step stream --from-file events.jsonl --until-idle --lake lake
step report app-popular-categories --lake lake
step report app-events-per-10-minutes --lake lake --limit 8
step ledger --lake lake
printf '\nThe lake: %s/lake\nThe B2B dump: %s/dump/b2b_sales_%s.csv\n' "$PWD" "$PWD" "$date"
printf 'Go on with: build/qlake sql --lake %s/lake "SELECT * FROM warehouse.customer_dim LIMIT 5"\n' "$demo"
