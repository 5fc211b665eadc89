#!/usr/bin/env bash
# Goal of this test: what an operator watches is true: /healthz, /readyz and /metrics before, during and after calls; a service manager hears ready, alive,
# reloading and stopping; when the key's end comes near, the figures say so.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

http=$(free_port)
get() {
    curl -sS --max-time 10 -o "$work/page" -w '%{http_code} %{content_type}' "http://127.0.0.1:$http$1"
}
metric() {
    get /metrics >/dev/null
    awk -v name="$1" 'index($0, name " ") == 1 { print $NF }' "$work/page"
}

# A service manager of our own.
python3 - "$work/notify" "$work/told" <<'EOF' &
import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
with open(sys.argv[2], "w") as out:
    while True:
        print(heard.recv(4096).decode().replace("\n", ";"), file=out, flush=True)
EOF
manager=$!
daemons+=("$manager")
for _ in $(seq 100); do
    [[ -S $work/notify ]] && break
    sleep 0.1
done
told() {
    local i
    for i in $(seq 100); do
        grep -q "^$1" "$work/told" && return
        sleep 0.1
    done
    fail "the service manager was not told: $1"
}

NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=1000000 start_daemon watched --http "127.0.0.1:$http"
told READY=1
told WATCHDOG=1
kill -HUP "$daemon"
told 'RELOADING=1;MONOTONIC_USEC='

[[ $(get /healthz) == "200 text/plain"* ]] || fail "/healthz"
for _ in $(seq 100); do
    [[ $(get /readyz) == 200* ]] && break
    sleep 0.1
done
[[ $(cat "$work/page") == ready* ]] || fail "/readyz: $(cat "$work/page")"
[[ $(get /metrics) == "200 text/plain; version=0.0.4"* ]] || fail "/metrics"

# Calls are counted, by method and by code; what came out of the cache too.
clause='depositary_calls_total{service="depositary.v1.DepositaryService",method="GetClause",code='
[[ -z $(metric "$clause\"OK\"}") ]] || fail "calls before there were any"
PORT=${url##*:} python3 - <<'EOF'
import os, rpc
connection = rpc.Connection(("127.0.0.1", int(os.environ["PORT"])))
for _ in range(5):
    assert connection.ask(rpc.GET_CLAUSE, rpc.clause("cl_3")).code == "OK"
assert connection.ask(rpc.GET_CLAUSE, rpc.clause("cl_99")).code == "NOT_FOUND"
assert connection.ask("/none").code == "UNIMPLEMENTED"
EOF
[[ $(metric "$clause\"OK\"}") == 5 ]] || fail "five calls are not counted as five"
[[ $(metric "$clause\"NOT_FOUND\"}") == 1 ]] || fail "a call that found nothing"
[[ $(metric 'depositary_calls_total{service="",method="",code="UNIMPLEMENTED"}') == 1 ]] || fail "a call of no method"
[[ $(metric 'depositary_call_seconds_count{service="depositary.v1.DepositaryService",method="GetClause"}') == 6 ]] || fail "the histogram's count"
[[ $(metric depositary_cache_hits_total) -ge 4 ]] || fail "the cache's hits"
[[ $(metric depositary_ready) == 1 ]] || fail "ready"
[[ $(metric depositary_ledger_entries) == 3 ]] || fail "the ledger's size"
days=$(metric depositary_answer_key_days_left)
awk -v days="$days" 'BEGIN { exit !(days > 360 && days <= 400) }' || fail "days to the key's end: $days"
awk -v bytes="$(metric process_resident_memory_bytes)" 'BEGIN { exit !(bytes > 1e6 && bytes < 1e9) }' || fail "resident memory"

# The page is what Prometheus reads: each family has one head, before its samples; histograms grow and end in +Inf; nothing stands twice.
get /metrics >/dev/null
python3 - "$work/page" <<'EOF'
import re, sys
kinds, seen, last = {}, set(), {}
for line in open(sys.argv[1]):
    line = line.rstrip("\n")
    if line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        assert name not in kinds, name
        kinds[name] = kind
        continue
    if line.startswith("# HELP "):
        continue
    sample = re.fullmatch(r'([a-z_]+)(\{([a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*)\})? (-?[0-9.]+(?:e[-+][0-9]+)?)', line)
    assert sample, line
    name, labels, value = sample[1], sample[3] or "", float(sample[4])
    assert (name, labels) not in seen, line
    seen.add((name, labels))
    family = re.sub("_(bucket|sum|count)$", "", name)
    family = family if kinds.get(family) == "histogram" else name
    assert family in kinds, line
    assert (kinds[family] == "counter") == name.endswith("_total"), line
    if name.endswith("_bucket"):
        key = (name, re.sub(',?le="[^"]*"', "", labels))
        assert value >= last.get(key, 0), line
        last[key] = value
assert "histogram" in kinds.values()
EOF

# Not ready while the ledger's file is not in its place, where an append would be lost; then ready again.
mv "$work/watched/ledger.db" "$work/watched/ledger.moved"
[[ $(get /readyz) == 503* ]] || fail "ready, with a ledger that is not there"
contains "$work/page" "moved away or deleted"
expect 1 depositary health
expect 0 depositary get "$instrument" 11 # what is served is still proved
mv "$work/watched/ledger.moved" "$work/watched/ledger.db"
[[ $(get /readyz) == 200* ]] || fail "not ready, with the ledger back in its place"

# Not ready once the answer key is revoked, and health says so to callers.
key=$(depositaryd --data "$work/watched" --print-key-request 2>/dev/null)
DEPOSITARY_OFFICE=$work/watched/office depositary key revoke "$key" --remark lost >"$work/out" 2>&1 || fail "no revocation"
for _ in $(seq 100); do
    [[ $(get /readyz) == 503* ]] && break
    sleep 0.1
done
contains "$work/page" "revoked"
[[ $(metric depositary_ready) == 0 ]] || fail "ready, with a key that is revoked"
[[ $(get /healthz) == 200* ]] || fail "the process lives all the same"

: >"$work/told"
kill -TERM "$daemon"
told STOPPING=1
wait "$daemon" || fail "no clean end"
kill "$manager"

# Behind a balancer: it is told by /readyz that the daemon is going, and whom it sends here until it has seen that is served.
start_daemon leaving --http "127.0.0.1:$http" --drain-delay 30
for _ in $(seq 100); do
    [[ $(get /readyz) == 200* ]] && break
    sleep 0.1
done
kill -TERM "$daemon"
for _ in $(seq 100); do
    [[ $(get /readyz) == 503* ]] && break
    sleep 0.1
done
contains "$work/page" "shutting down"
expect 0 depositary get "$instrument" 11
expect 1 depositary health
kill -TERM "$daemon" # a second one ends the waiting
wait "$daemon" || fail "no clean end of one that was leaving"
