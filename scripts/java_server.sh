# Sourced by scripts that run Java servers of their own on loopback, for tests and demos. The caller sets
#   name       for messages
#   script     its own path
#   folder     where all that the server has lies
#   marker     a text of its command line that no other process has
#   folder_flag  the flag in front of the folder, when it takes one (its command kill is called)
# and defines start_server, which starts it with run_server and waits with await_server.

fail() { printf '%s: %s\n' "$name" "$*" >&2; exit 1; }

java_program() { # Java 17 where there are several
  local program=/usr/lib/jvm/java-17-openjdk-amd64/bin/java
  [ -x "$program" ] && echo "$program" || command -v java || fail 'there is no java: install the server first'
}

# Outside the range that outgoing connections take theirs from, so that a port is free again after a kill -9. A server takes
# seconds until it listens: a port that somebody was given in the last minute is not given again.
free_ports() { # COUNT
  python3 - "$1" <<'PYTHON'
import os, pathlib, random, socket, sys, tempfile, time
notes = pathlib.Path(tempfile.gettempdir()) / f"qlake-ports-{os.getuid()}"
notes.mkdir(exist_ok=True)


def is_given(port):
    note = notes / str(port)
    try:
        os.close(os.open(note, os.O_CREAT | os.O_EXCL))
        return False
    except FileExistsError:
        is_recent = time.time() - note.stat().st_mtime < 60
        if not is_recent:
            note.touch()
        return is_recent


held = []
while len(held) < int(sys.argv[1]):
    port = random.randrange(20000, 32000)
    if is_given(port):
        continue
    taken = socket.socket()
    try:
        taken.bind(("127.0.0.1", port))
        held.append(taken)
    except OSError:
        pass
print(*[taken.getsockname()[1] for taken in held])
PYTHON
}

pid() { cat "$folder/pid" 2>/dev/null || echo 0; }
is_running() { # a process of that number may be another one by now
  grep -qsF -- "$marker" "/proc/$(pid)/cmdline"
}

# With one tier Java has 48 MiB for its code, which a Spark that serves hundreds of tests fills.
run_server() { # JAVA ARGUMENT...: in the background
  setsid "$(java_program)" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "$@" </dev/null >"$folder/server.out" 2>&1 &
  echo $! >"$folder/pid"
  disown # whoever stops it needs no word of the shell about that
}

# For log4j2.properties: warnings only.
log_settings() {
  cat <<'PROPERTIES'
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=[%d] %p %m (%c)%n
PROPERTIES
}

# The server is stopped when it does not become ready, and when this script is while it waits.
await_server() { # COMMAND...: until it succeeds
  local deadline=$((SECONDS + ${QLAKE_SERVER_START_TIMEOUT_S:-120}))
  trap give_up INT TERM HUP
  until "$@"; do
    # Not is_running: on a busy machine it takes a while until the process has the server's command line.
    [ -e "/proc/$(pid)" ] || { tail -n 20 "$folder/server.out" >&2; fail "it ended at once: see $folder"; }
    [ $SECONDS -lt $deadline ] || give_up "it is not ready in time: see $folder"
    sleep 0.1
  done
  trap - INT TERM HUP
}

give_up() { # [MESSAGE]
  stop_server KILL
  rm -f "$folder/pid" "$folder/watched"
  fail "${1:-stopped while it started}"
}

# Follows the server through restarts, and ends when that was stopped for good.
watch() { # PID: the server ends with it
  setsid bash -c 'while kill -0 "$1" 2>/dev/null && [ -e "$2/watched" ]; do sleep 1; done; exec "$3" kill ${4:+"$4"} "$2"' \
    watch "$1" "$folder" "$script" "${folder_flag-}" </dev/null >/dev/null 2>&1 &
}

stop_server() { # SIGNAL
  local stopped
  stopped=$(pid)
  is_running || return 0
  kill "-$1" "$stopped"
  while [ -e "/proc/$stopped" ] && ! grep -qs '^State:.Z' "/proc/$stopped/status"; do sleep 0.05; done
}

# What every such script can do. Returns 1 when the command is none of these.
serve_command() { # COMMAND [--watch PID | --watch-parent]
  case $1 in
    up)
      is_running && fail "one is running in $folder"
      mkdir -p "$folder"
      watch_as_told "${@:2}"
      set_up_server
      start_server
      ;;
    down) stop_server TERM && rm -f "$folder/pid" "$folder/watched" ;;
    kill) stop_server KILL ;;
    restart)
      stop_server TERM
      start_server
      ;;
    status) is_running || return 1 ;;
  esac
}

# Before the server starts: a start that never ends shall end with its owner, too.
watch_as_told() { # [--watch PID | --watch-parent]
  touch "$folder/watched"
  case ${1-} in
    --watch) watch "$2" ;;
    --watch-parent) watch "$PPID" ;;
  esac
}
