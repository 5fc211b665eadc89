#!/usr/bin/env bash
# Goal of this test: a mirror follows its origin, serves on under its own key when the origin is away, survives being killed at any
# moment, takes nothing that does not prove itself, and refuses to be appended to.
source "$(dirname "$0")/lib.sh"

# start_mirror NAME ORIGIN_URL [OPTIONS...]: sets mirror (its pid) and mirror_url; its policy is $work/NAME/policy.
start_mirror() {
    local name=$1 origin=$2
    shift 2
    mirror_url=tcp://127.0.0.1:$(free_port)
    depositaryd --data "$work/$name" --listen "$mirror_url" --http none --follow "$origin" "$@" 2>>"$work/$name.log" &
    mirror=$!
    daemons+=("$mirror")
}

# make_mirror NAME: a folder with the policy and an answer key, which the office of `origin` authorises.
make_mirror() {
    mkdir -p "$work/$1"
    cp "$work/origin/policy" "$work/$1/policy"
    expect 0 depositaryd --data "$work/$1" --print-key-request
    expect 0 depositary key authorise "$(cat "$work/out")" --holder "$1" --office "$work/origin/office"
}

# kill_hard PID: as a power cut would.
kill_hard() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null || true
}

# wait_for FILE WORDS [TIMES]: until they are there, in so many lines.
wait_for() {
    local i
    for i in $(seq 300); do
        if (($(grep -cF -- "$2" "$1") >= ${3:-1})); then return 0; fi
        sleep 0.1
    done
    fail "never in ${1##*/}: $2"
}

# size_of URL: the entries of the ledger served there.
size_of() { depositary --connect "$1" --timeout 2 checkpoint 2>/dev/null | sed -n 2p; }

wait_level() { # URL SIZE
    local i
    for i in $(seq 300); do
        if [[ $(size_of "$1") == "$2" ]]; then return 0; fi
        sleep 0.1
    done
    fail "the mirror at $1 is not level with $2 entries"
}

start_daemon origin
origin=$daemon origin_url=$url office=$work/origin/office
make_mirror mirror
start_mirror mirror "$origin_url" --follow-interval 1
wait_ready "$mirror_url" "$policy" "$mirror" || fail "the mirror does not serve"
expect 0 depositary get $instrument cl_11
cp "$work/out" "$work/cl_11"
expect 0 depositary --connect "$mirror_url" get $instrument cl_11
cmp "$work/out" "$work/cl_11"
expect 0 depositary --connect "$mirror_url" audit

# It is a mirror: what is to be appended goes to the origin, and comes from there.
cat >"$work/pact.about" <<'ABOUT'
instrument a-pact
language en
title A Pact
authenticity authentic
ABOUT
printf '1. One.\n\n2. Two.\n' >"$work/pact.txt"
expect 5 depositary --connect "$mirror_url" deposit "$work/pact.txt" --about "$work/pact.about" --office "$office" --yes
contains "$work/err" "this is a mirror"
expect 0 depositary office push --office "$office"
wait_level "$mirror_url" "$(size_of "$origin_url")"
expect 0 depositary --connect "$mirror_url" get a-pact 2
contains "$work/out" "2. Two."

# The origin away: the mirror serves on, also after it was killed and has started again.
kill_hard "$origin"
wait_for "$work/mirror.log" "cannot be followed"
expect 0 depositary --connect "$mirror_url" get a-pact 2
kill_hard "$mirror"
start_mirror mirror "$origin_url" --follow-interval 1
wait_ready "$mirror_url" "$policy" "$mirror" || fail "the mirror does not serve without its origin"
expect 0 depositary --connect "$mirror_url" get $instrument cl_11
cmp "$work/out" "$work/cl_11"
wait_for "$work/mirror.log" "cannot be followed" 2

# The origin back, on the address that it had.
depositaryd --data "$work/origin" --listen "$origin_url" --http none 2>>"$work/origin.log" &
origin=$!
daemons+=("$origin")
wait_ready "$origin_url" "$policy" "$origin" || fail "the origin does not come back"
wait_for "$work/mirror.log" "followed again"

# An announcement wakes a mirror that would have slept for a day. What was announced is only a hint: a wrong one wakes it, too.
make_mirror sleeper
announce=tcp://127.0.0.1:$(free_port)
start_mirror sleeper "$origin_url" --follow-interval 86400 --follow-announce "$announce"
sleeper=$mirror sleeper_url=$mirror_url
wait_ready "$sleeper_url" "$policy" "$sleeper" || fail "the sleeper does not serve"
expect 0 depositary office renew --office "$office"
printf '%s\nnot a checkpoint\n' "$(depositary checkpoint 2>/dev/null | sed -n 1p)" >"$work/announcement"
nngcat --pub0 --listen "$announce" --interval 1 --file "$work/announcement" &
daemons+=($!)
wait_level "$sleeper_url" "$(size_of "$origin_url")"

# Mirrors restarted one after another under load, and a client that asks the other where one does not answer: no call fails.
mirror_url=$(grep -o 'tcp://[0-9.:]*' "$work/mirror.log" | tail -1)
mirror=$(pgrep -P $$ -f "$work/mirror --listen")
(
    until [[ -e $work/enough ]]; do
        depositary --connect "$mirror_url" --timeout 2 get $instrument cl_11 >/dev/null 2>"$work/call.err" ||
            depositary --connect "$sleeper_url" --timeout 5 get $instrument cl_11 >/dev/null 2>>"$work/call.err" ||
            cat "$work/call.err" >>"$work/failures"
        echo >>"$work/calls"
    done
) &
client=$!
# A client waits a little before it asks one again that is going away: so as many restarts as it takes for calls to fall among them.
touch "$work/calls"
round=0
while ((round < 2 || (round < 60 && $(wc -l <"$work/calls") <= 10))); do
    ((++round))
    sleep 0.3 # a restart takes less than a call that waits
    stop_daemon "$mirror"
    depositaryd --data "$work/mirror" --listen "$mirror_url" --http none --follow "$origin_url" 2>>"$work/mirror.log" &
    mirror=$!
    daemons+=("$mirror")
    wait_ready "$mirror_url" "$policy" "$mirror" || fail "the mirror does not come back in round $round"
    stop_daemon "$sleeper"
    depositaryd --data "$work/sleeper" --listen "$sleeper_url" --http none --follow "$origin_url" 2>>"$work/sleeper.log" &
    sleeper=$!
    daemons+=("$sleeper")
    wait_ready "$sleeper_url" "$policy" "$sleeper" || fail "the sleeper does not come back in round $round"
done
touch "$work/enough"
wait "$client"
[[ ! -s $work/failures ]] || fail "a call failed while mirrors were restarted: $(head -3 "$work/failures")"
(($(wc -l <"$work/calls") > 10)) || fail "hardly a call was made while mirrors were restarted"

# A network that changes a byte of an answer on its way: of the checkpoint, the entries, the clauses. It is told, nothing of it is kept, and
# the next look brings the ledger that was signed.
for change in "0 100" "1 150" "1 900" "2 300" "2 2000"; do
    read -r answer offset <<<"$change"
    proxy_port=$(free_port)
    python3 "$DEPOSITARY_SOURCE/tests/system/proxy.py" "$proxy_port" "${origin_url##*:}" "$answer" "$offset" >"$work/lengths" &
    proxy=$!
    daemons+=("$proxy")
    for _ in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/"$proxy_port") 2>/dev/null && break || sleep 0.1; done
    rm -rf "$work/liar"
    mkdir "$work/liar"
    cp "$work/origin/policy" "$work/liar/policy"
    : >"$work/liar.log"
    start_mirror liar "tcp://127.0.0.1:$proxy_port" --follow-interval 1
    wait_for "$work/liar.log" "ledger extended"
    contains "$work/liar.log" "cannot be followed"
    stop_daemon "$mirror"
    expect 0 depositaryd --data "$work/liar" --check
    kill "$proxy"
done

# A source that answers, or announces, with more than there can be: of 64 MiB the mirror takes no more than the system's own buffers hold, and lives on.
endless_port=$(free_port)
python3 - "$endless_port" >"$work/endless" <<'EOF' &
import socket, struct, sys, threading
def serve(raw):
    """As both kinds of sockets: by what the other side greets with."""
    raw.settimeout(30)
    sent = kind = 0
    try:
        greeting = raw.recv(8)
        kind = greeting[5]
        raw.sendall(b"\0SP\0\0" + bytes([{0x30: 0x31, 0x21: 0x20}[kind]]) + b"\0\0")
        if kind == 0x30:
            raw.recv(65536)
        raw.sendall(struct.pack(">Q", 64 << 20))
        while sent < 64 << 20:
            sent += raw.send(b"x" * 65536)
    except (OSError, KeyError, IndexError):
        pass
    print({0x30: "answer", 0x21: "announcement"}.get(kind, "?"), sent, flush=True)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
EOF
daemons+=($!)
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/"$endless_port") 2>/dev/null && break || sleep 0.1; done
mkdir "$work/patient"
cp "$work/origin/policy" "$work/patient/policy"
start_mirror patient "tcp://127.0.0.1:$endless_port" --follow-interval 1 --follow-announce "tcp://127.0.0.1:$endless_port"
wait_for "$work/endless" "answer"
wait_for "$work/endless" "announcement"
kill -0 "$mirror" || fail "the mirror has died of it"
awk '$1 != "?" && $2 >= 32 * 1024 * 1024 { print; bad = 1 } END { exit bad }' "$work/endless" || fail "the mirror takes what has no end"
stop_daemon "$mirror"

# A large ledger, and a mirror that is killed again and again while it takes it over: it begins again, and comes to the end.
makeledger "$work/large" 12000 30 >/dev/null
large_url=tcp://127.0.0.1:$(free_port)
depositaryd --data "$work/large" --listen "$large_url" --http none 2>>"$work/large.log" &
daemons+=($!)
wait_for "$work/large.log" listen=
mkdir "$work/killed"
cp "$work/large/policy" "$work/killed/policy"
for moment in 0.1 0.3 0.5 0.8; do
    start_mirror killed "$large_url" --follow-interval 1
    sleep $moment
    kill_hard "$mirror"
    [[ ! -e $work/killed/ledger.db ]] || depositaryd --data "$work/killed" --check >/dev/null 2>&1 ||
        [[ $? == 1 ]] || fail "what was left after $moment s is damaged"
done
start_mirror killed "$large_url" --follow-interval 1
for _ in $(seq 600); do # its log may not say so: the last kill may have come between taking over the last of it and telling
    entries=$(sqlite3 "$work/killed/ledger.db" 'SELECT count(*) FROM entry' 2>/dev/null || true)
    [[ $entries != 62 ]] || break
    sleep 0.1
done
kill_hard "$mirror"
expect 0 depositaryd --data "$work/killed" --check
contains "$work/out" "62 entries"
[[ $(sqlite3 "$work/killed/ledger.db" 'SELECT count(*) FROM place') == 12000 ]] || fail "clauses are missing"
