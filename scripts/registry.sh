#!/usr/bin/env bash
# An actual schema registry (Apicurio, which speaks Confluent's API) on loopback, in memory, for tests and demos. Its folder
# holds its log and registry.env with its address; it may be deleted once it is down.
#
#   scripts/registry.sh up DIR [--watch PID]   starts it, returns when it answers; it ends when process PID does.
#                                              --watch-parent: when the caller does
#   scripts/registry.sh down DIR               stops it; what was registered is gone
#   scripts/registry.sh kill DIR               stops it as kill -9 does
#   scripts/registry.sh restart DIR            starts it again at the same address
#   scripts/registry.sh status DIR             exit code 0 while it runs
#
# scripts/install.sh --test installs it.
set -euo pipefail
name=registry
script=$(realpath "$0")
repository=$(dirname "$(dirname "$script")")
home=$repository/.deps/registry
. "$repository/scripts/java_server.sh"

set_up_server() {
  [ -d "$home" ] || fail 'it is not installed: run scripts/install.sh --test'
  free_ports 2 >"$folder/ports"
  echo "url=http://127.0.0.1:$(cut -d' ' -f1 "$folder/ports")/apis/ccompat/v7" >"$folder/registry.env"
}

answers() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1])' "$1" 2>/dev/null; }

start_server() {
  local port management_port url
  read -r port management_port <"$folder/ports"
  url=$(sed -n 's/^url=//p' "$folder/registry.env")
  run_server -Xmx256m "-Dqlake.folder=$folder" -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$port" \
    -Dquarkus.management.host=127.0.0.1 "-Dquarkus.management.port=$management_port" -jar "$home"/*-runner.jar
  await_server answers "$url/subjects"
}

case ${1-help} in
  up | down | kill | restart | status) [ $# -ge 2 ] || fail "$1 needs a folder" ;;
  *) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac
folder=$(realpath -m "$2")
marker=-Dqlake.folder=$folder
serve_command "$1" "${@:3}"
