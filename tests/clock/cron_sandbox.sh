#!/usr/bin/env bash
# Runs a real cron daemon on a timetable of qlake, in a namespace of its own: the machine's crontabs and its own cron are
# neither seen nor touched. Needs root. WORK is a folder with landing/ and qlake.toml; what came of it lies there afterwards:
# crontab.user (before), crontab.installed, crontab.after.
#   unshare --mount --propagation private cron_sandbox.sh QLAKE WORK SECONDS
set -euo pipefail
qlake=$1
work=$2
seconds=$3
users=$(dirname "$work")/users.txt
mount -t tmpfs -o mode=755 tmpfs /var/spool/cron
install -d -m 1730 -o root -g crontab /var/spool/cron/crontabs
mount -t tmpfs -o mode=755 tmpfs /etc/cron.d
mount -t tmpfs -o mode=755 tmpfs /run
mount --bind /dev/null /etc/crontab

printf '# mine\nGREETING=hello\n* * * * * echo "$GREETING 100\\%%" >> "%s"\n' "$users" >"$work/crontab.user"
crontab - <"$work/crontab.user"
cd "$work"
"$qlake" schedule --install-cron --config qlake.toml >"$work/install.out"
crontab -l >"$work/crontab.installed"

cron -f &
daemon=$!
deadline=$((SECONDS + seconds))
until { [ -e "$users" ] && grep -q 'the job' schedule/ingest.log && grep -q 'the job' schedule/process.log; } 2>/dev/null; do
  [ $SECONDS -lt $deadline ] || { echo "nothing came of it in $seconds s"; break; }
  sleep 1
done
kill $daemon
wait $daemon || true
sleep 1 # what it had begun ends
"$qlake" schedule --uninstall-cron --config qlake.toml
crontab -l >"$work/crontab.after"
