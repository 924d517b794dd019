#!/usr/bin/env bash
# What `make run` shows: four hourly drops, the whole job over them, its reports, its ledger, its dump. Everything lies in
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
step ledger --lake lake
date=$("$qlake" sql --lake lake --format csv \
  "SELECT max(transaction_date) AS d FROM marts.agent_product_sales_daily WHERE sales_agent_id IS NOT NULL" | tail -n 1)
step dump --date "$date" --lake lake --dump-dir dump
printf '\nThe lake: %s/lake\nThe B2B dump: %s/dump/b2b_sales_%s.csv\n' "$PWD" "$PWD" "$date"
printf 'Go on with: build/qlake sql --lake %s/lake "SELECT * FROM warehouse.customer_dim LIMIT 5"\n' "$demo"
