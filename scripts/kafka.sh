#!/usr/bin/env bash
# An actual Apache Kafka (KRaft, one node) on loopback, for tests and demos. All that it has lies in one folder, which may
# be deleted once it is down: data, log, certificates, and broker.env with its addresses and its users.
#
#   scripts/kafka.sh install                    the broker's jars into .deps/kafka (needs the network the first time)
#   scripts/kafka.sh up DIR [--watch PID]       starts it, returns when it answers; it ends when process PID does.
#                                               --watch-parent: when the caller does
#   scripts/kafka.sh down DIR                   stops it
#   scripts/kafka.sh kill DIR                   stops it as kill -9 does
#   scripts/kafka.sh restart DIR                starts it again on the same addresses with the same data
#   scripts/kafka.sh status DIR                 exit code 0 while it runs
#   scripts/kafka.sh topic DIR NAME PARTITIONS [KEY=VALUE...]
#
# Listeners: PLAINTEXT; SASL_PLAINTEXT and SASL_SSL with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 for user qlake; SSL, which
# asks clients for a certificate.
set -euo pipefail
name=kafka
script=$(realpath "$0")
repository=$(dirname "$(dirname "$script")")
jars=$repository/.deps/kafka
user=qlake
password=qlake-secret
. "$repository/scripts/java_server.sh"

run_java() { # CLASS ARGUMENT...: one of Kafka's own tools
  "$(java_program)" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$jars/*" \
    "-Dlog4j2.configurationFile=$folder/log4j2.properties" "$@"
}

make_authority() { # NAME: an authority of its own, NAME.key and NAME.pem
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$1" \
    -keyout "$folder/$1.key" -out "$folder/$1.pem" 2>/dev/null
}

make_certificate() { # NAME AUTHORITY: for 127.0.0.1; NAME.key and NAME.pem
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$folder/$1.key" \
    -out "$folder/$1.csr" 2>/dev/null
  openssl x509 -req -in "$folder/$1.csr" -CA "$folder/$2.pem" -CAkey "$folder/$2.key" -CAcreateserial -days 30 \
    -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost') -out "$folder/$1.pem" 2>/dev/null
}

make_certificates() {
  make_authority authority
  make_authority other_authority # whom nobody here trusts, for tests of that
  make_certificate broker authority
  make_certificate client authority
  cat "$folder/broker.key" "$folder/broker.pem" >"$folder/broker_store.pem"
}

sasl_listener() { # LISTENER: its mechanisms and who may come in by them
  cat <<PROPERTIES
listener.name.$1.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.$1.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$password";
listener.name.$1.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.$1.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
PROPERTIES
}

write_settings() {
  local plain sasl sasl_ssl ssl controller listeners
  read -r plain sasl sasl_ssl ssl controller < <(free_ports 5)
  listeners=PLAINTEXT://127.0.0.1:$plain,SASL_PLAINTEXT://127.0.0.1:$sasl,SASL_SSL://127.0.0.1:$sasl_ssl,SSL://127.0.0.1:$ssl
  # Short sessions and small internal topics: tests kill this broker and want it back soon.
  cat >"$folder/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=$listeners,CONTROLLER://127.0.0.1:$controller
advertised.listeners=$listeners
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
log.dirs=$folder/data
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
num.network.threads=2
num.io.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
ssl.keystore.type=PEM
ssl.keystore.location=$folder/broker_store.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/authority.pem
listener.name.ssl.ssl.client.auth=required
$(sasl_listener sasl_plaintext)
$(sasl_listener sasl_ssl)
PROPERTIES
  cat >"$folder/log4j2.properties" <<PROPERTIES
appender.file.type=File
appender.file.name=file
appender.file.fileName=$folder/server.log
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=file
PROPERTIES
  cat >"$folder/broker.env" <<ENVIRONMENT
plaintext=127.0.0.1:$plain
sasl_plaintext=127.0.0.1:$sasl
sasl_ssl=127.0.0.1:$sasl_ssl
ssl=127.0.0.1:$ssl
username=$user
password=$password
ca_file=$folder/authority.pem
other_ca_file=$folder/other_authority.pem
certificate_file=$folder/client.pem
key_file=$folder/client.key
ENVIRONMENT
}

format_storage() {
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  run_java kafka.tools.StorageTool format --cluster-id "${id/#-/a}" --config "$folder/server.properties" \
    --add-scram "SCRAM-SHA-256=[name=$user,password=$password]" \
    --add-scram "SCRAM-SHA-512=[name=$user,password=$password]" >"$folder/format.log" 2>&1 ||
    { cat "$folder/format.log" >&2; fail "cannot format the storage in $folder"; }
}

set_up_server() {
  [ -d "$jars" ] || fail 'it is not installed: run scripts/kafka.sh install'
  rm -rf "$folder/data"
  make_certificates
  write_settings
  format_storage
}

start_server() {
  : >"$folder/server.log"
  run_server -Xmx512m -cp "$jars/*" "-Dlog4j2.configurationFile=$folder/log4j2.properties" kafka.Kafka \
    "$folder/server.properties"
  await_server grep -q 'Kafka Server started' "$folder/server.log"
}

make_topic() { # NAME PARTITIONS [KEY=VALUE...]
  local topic=$1 partitions=$2 plaintext setting settings=()
  shift 2
  plaintext=$(sed -n 's/^plaintext=//p' "$folder/broker.env")
  for setting in "$@"; do settings+=(--config "$setting"); done
  run_java org.apache.kafka.tools.TopicCommand --bootstrap-server "$plaintext" --create --topic "$topic" \
    --partitions "$partitions" --replication-factor 1 ${settings[@]+"${settings[@]}"}
}

command=${1-help}
case $command in
  install) exec "$repository/scripts/install.sh" --kafka ;;
  up | down | kill | restart | status | topic) [ $# -ge 2 ] || fail "$command needs a folder" ;;
  *) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac
folder=$(realpath -m "$2")
marker=$folder/server.properties
if [ "$command" = topic ]; then
  make_topic "${@:3}"
else
  serve_command "$command" "${@:3}"
fi
