# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# For the system tests: a service on a temporary folder, and checks that say what failed. Sourced by bash scripts.
# Programs are in $DEPOSITARY_BIN, the source in $DEPOSITARY_SOURCE.
set -euo pipefail

: "${DEPOSITARY_BIN:?folder of the programs}" "${DEPOSITARY_SOURCE:?folder of the source}"
PATH=$DEPOSITARY_BIN:$PATH
instrument=az-cn-joint-statement-2025
statement=$DEPOSITARY_SOURCE/src/corpus/$instrument.txt
work=$(mktemp -d)
daemons=()
folders=() # beside $work, to be removed with it
export XDG_STATE_HOME=$work/state PYTHONDONTWRITEBYTECODE=1
unset DEPOSITARY_CONNECT DEPOSITARY_POLICY DEPOSITARY_OFFICE DEPOSITARY_DATA DEPOSITARY_LISTEN

clean_up() {
    local status=$? pid
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${daemons[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [[ $status != 0 ]]; then
        local log
        for log in "$work"/*.log; do
            [[ -s $log ]] || continue
            echo "--- ${log##*/}" >&2
            tail -n 40 "$log" >&2
        done
    fi
    rm -rf "$work" "${folders[@]}"
    if [[ -d $ports ]]; then grep -lxs $$ "$ports"/[0-9]* | xargs -r rm -f || true; fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# free_port: a TCP port of the loopback that nobody listens on now, and that is this test's until it ends: of two that run beside each other none takes the
# other's before a daemon listens there. Below those that connections go out from, of which another test may take one at any moment.
ports=${TMPDIR:-/tmp}/depositary-test-ports-$UID
free_port() {
    mkdir -p -m 700 "$ports"
    python3 - "$ports" $$ <<'EOF'
import fcntl, os, random, socket, sys
folder, test = sys.argv[1:]

def is_taken(path):
    try:
        with open(path) as holder:
            os.kill(int(holder.read()), 0)
        return True
    except PermissionError:
        return True
    except (OSError, ValueError):  # by nobody, or by a test that has ended
        return False

with open(folder + "/lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    while True:
        port = random.randrange(20000, 32000)
        path = f"{folder}/{port}"
        if is_taken(path):
            continue
        try:
            socket.socket().bind(("127.0.0.1", port))
        except OSError:
            continue
        with open(path, "w") as holder:
            holder.write(test)
        print(port)
        break
EOF
}

# is_sanitized [OPTION]: whether the programs were built with a sanitizer; OPTION (SANITIZE, THREAD_SANITIZE) asks for that one alone.
is_sanitized() {
    grep -qE "^DEPOSITARY_${1:-(THREAD_)?SANITIZE}:BOOL=ON" "$DEPOSITARY_BUILD/CMakeCache.txt"
}

# need_shim NAME: a library to be put in front of the C library, in shim. A test that needs one is skipped where a sanitizer wants that place.
need_shim() {
    shim=$DEPOSITARY_BUILD/lib/$1.so
    [[ -f $shim ]] || fail "$shim is not built"
    if is_sanitized; then
        echo "sanitizers want to be in front of the C library themselves: skipped" >&2
        exit 77
    fi
}

# wait_ready URL POLICY PID: until the service answers a health call.
wait_ready() {
    local i
    for i in $(seq 200); do
        if depositary --connect "$1" --policy "$2" --timeout 1 health >/dev/null 2>&1; then return 0; fi
        kill -0 "$3" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# start_daemon NAME [OPTIONS...]: a first start on $work/NAME with tcp on a free port; sets url, policy, daemon (its pid), and exports
# DEPOSITARY_CONNECT and DEPOSITARY_POLICY.
start_daemon() {
    local name=$1
    shift
    url=tcp://127.0.0.1:$(free_port)
    policy=$work/$name/policy
    # shellcheck disable=SC2086 # WRAPPER is a command with arguments, such as valgrind
    ${WRAPPER:-} depositaryd --data "$work/$name" --listen "$url" --http none "$@" 2>>"$work/$name.log" &
    daemon=$!
    daemons+=("$daemon")
    wait_ready "$url" "$policy" "$daemon" || fail "depositaryd $name did not become ready"
    export DEPOSITARY_CONNECT=$url DEPOSITARY_POLICY=$policy
}

# stop_daemon PID: SIGTERM, and exit code 0 within its time.
stop_daemon() {
    local status=0
    kill -TERM "$1"
    wait "$1" || status=$?
    [[ $status == 0 ]] || fail "depositaryd ended with $status"
}

# expect CODE COMMAND...: runs it, standard output in $work/out and standard error in $work/err.
expect() {
    local code=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [[ $status == "$code" ]] || {
        cat "$work/out" "$work/err" >&2
        fail "exit code $status, not $code: $*"
    }
}

# no_text: the last command let nothing of a text out.
no_text() {
    [[ ! -s $work/out ]] || { cat "$work/out" >&2; fail "text came out: $*"; }
}

contains() {
    grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "not in ${1##*/}: $2"; }
}

# eventually SECONDS COMMAND...: until it succeeds
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >"$work/out" 2>"$work/err"; do
        ((SECONDS < end)) || { cat "$work/out" "$work/err" >&2; fail "not in time: $*"; }
        sleep 0.2
    done
}

# through ANSWER OFFSET COMMAND...: runs the command through a proxy that changes that byte of that answer of the service at $url (proxy.py); the lengths of all
# answers are in $work/lengths.
through() {
    local answer=$1 offset=$2 through_port proxy status=0
    shift 2
    through_port=$(free_port)
    python3 "$DEPOSITARY_SOURCE/tests/system/proxy.py" "$through_port" "${url##*:}" "$answer" "$offset" >"$work/lengths" 2>/dev/null &
    proxy=$!
    while ! (exec 3<>"/dev/tcp/127.0.0.1/$through_port") 2>/dev/null; do sleep 0.02; done
    "$@" --connect "tcp://127.0.0.1:$through_port" >"$work/out" 2>"$work/err" </dev/null || status=$?
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
    return $status
}
