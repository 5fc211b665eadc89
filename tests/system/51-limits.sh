#!/usr/bin/env bash
# Goal of this test: each limit of connections and calls is held, is told with RESOURCE_EXHAUSTED and a delay, and leaves the other callers alone; a slow
# reader is cut off; under overload the calls that are taken keep their latency.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

# ask_python PORT: the script on standard input, with what all of them need.
ask_python() {
    PORT=$1 python3 -c 'import os, socket, sys, threading, time, rpc
from rpc import field
where = ("127.0.0.1", int(os.environ["PORT"]))
exec(sys.stdin.read())'
}

metric() {
    curl -sS --max-time 10 "http://127.0.0.1:$http/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}

# Connections: of one peer, then in all.
http=$(free_port)
start_daemon few --max-connections 12 --peer-connections 8 --connection-calls 4 --http "127.0.0.1:$http"
ask_python "${url##*:}" <<'EOF'
def come():
    """A connection that is answered, or None where it was closed."""
    try:
        connection = rpc.Connection(where, timeout=5)
        assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"
        return connection
    except (ConnectionError, socket.timeout, OSError):
        return None

end = time.time() + 60
rounds = 0
while rounds < 3:  # what has ended makes room again, after a moment
    assert time.time() < end, f"no room after the others have gone: {taken} were taken"
    held = [come() for _ in range(12)]
    taken = sum(c is not None for c in held)
    assert taken <= 8, taken
    rounds += taken >= 7  # the daemon's own knock at its door takes one now and then
    for connection in held:
        if connection:
            connection.close()
    time.sleep(0.1)
EOF
[[ $(metric 'depositary_connections_refused_total{reason="peer"}') -ge 12 ]] || fail "refused connections are not counted"

# Calls of one connection at one time: the first ones are searches that take a while, so that more come in before they are answered.
ask_python "${url##*:}" <<'EOF'
connection = rpc.Connection(where, timeout=60)
words = " OR ".join("%s*" % c for c in "abcdefghijklmnop")
for turn in range(20):
    # All at once, and each another question, so that more are there than are answered.
    requests = [rpc.request(rpc.SEARCH, field(1, f"{words} OR x{turn}x{i}")) for i in range(60)]
    connection.send_all(requests)
    answers = [rpc.Answer(connection.receive()[1]) for _ in requests]
    refused = [a for a in answers if a.code == "RESOURCE_EXHAUSTED"]
    assert {a.code for a in answers} <= {"OK", "RESOURCE_EXHAUSTED"}, {a.code for a in answers}
    assert len(refused) < len(answers), "all were refused"
    if refused:
        break
assert refused, "nothing was refused"
for answer in refused:
    assert answer.sealed and answer.reason == "OVERLOADED" and answer.retry_s > 0, answer
assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"  # and it lives on
EOF
[[ $(metric 'depositary_calls_shed_total{reason="connection"}') -ge 1 ]] || fail "shed calls are not counted"
stop_daemon "$daemon"

# Calls a second of one peer: a second's worth, then what the time brings.
start_daemon rated --peer-rate 50 --http "127.0.0.1:$http"
ask_python "${url##*:}" <<'EOF'
connection = rpc.Connection(where)
begun = time.time()
answers = [connection.ask(rpc.GET_CHECKPOINT) for _ in range(400)]
took = time.time() - begun
taken = sum(a.code == "OK" for a in answers)
assert 40 <= taken <= 50 + 50 * took + 2, (taken, took)
refused = [a for a in answers if a.code != "OK"]
assert all(a.code == "RESOURCE_EXHAUSTED" and 0 < a.retry_s <= 1 for a in refused) and refused
time.sleep(refused[-1].retry_s + 0.05)
assert connection.ask(rpc.GET_CHECKPOINT).code == "OK", "the delay that was told is long enough"
again, begun = rpc.Connection(where), time.time()  # another connection does not bring more
taken = sum(again.ask(rpc.GET_CHECKPOINT).code == "OK" for _ in range(200))
assert taken <= 50 * (time.time() - begun) + 10, taken
EOF
stop_daemon "$daemon"

# Refused appends fill no log, and one that is there already is none.
start_daemon told
ask_python "${url##*:}" <<'EOF'
connection = rpc.Connection(where)
ledger = rpc.fields(rpc.fields(connection.ask(rpc.GET_CHECKPOINT).message)[15][0])
assert connection.ask(rpc.APPEND, field(1, ledger[2][0]) + field(2, ledger[1][0])).code == "OK"
for _ in range(500):
    assert connection.ask(rpc.APPEND, field(1, b"x")).code not in ("OK", "UNAVAILABLE")
EOF
lines=$(grep -c 'AppendEntries' "$work/told.log") || true
[[ $lines -ge 1 && $lines -le 120 ]] || fail "500 refused appends made $lines lines in the log" # the minute may turn once
! grep -q 'ledger extended' "$work/told.log" || fail "the log says that the ledger was extended by what it had"
stop_daemon "$daemon"

# Who goes on at full speed though it is refused: nothing more is read of it for a while, so that it costs next to nothing; at a door where that cannot be, it
# is put out. Others of its address are as welcome as before.
for door in stream rep0; do
    start_daemon "flooded-$door" --door "$door" --peer-rate 100 --http "127.0.0.1:$http"
    ask_python "${url##*:}" <<'EOF'
flooder = rpc.Connection(where, timeout=20)
requests = [rpc.request(rpc.GET_CHECKPOINT) for _ in range(100)]
heard, end = 0, time.time() + 2
def drain():
    global heard
    try:
        while flooder.socket.recv(1 << 16):
            heard += 1
    except (socket.timeout, ConnectionError, OSError):
        pass
thread = threading.Thread(target=drain, daemon=True)
thread.start()
flooder.socket.settimeout(0.5)
try:
    while time.time() < end:
        flooder.send_all(requests)
except (socket.timeout, ConnectionError, OSError):
    pass
polite = rpc.Connection(where, timeout=20)
answer = polite.ask(rpc.GET_CHECKPOINT)
assert answer.code in ("OK", "RESOURCE_EXHAUSTED") and (answer.code == "OK" or answer.retry_s >= 0.005), answer
time.sleep(answer.retry_s or 0)
EOF
    shed=$(metric 'depositary_calls_shed_total{reason="rate"}')
    put_out=$(metric 'depositary_connections_refused_total{reason="flood"}')
    echo "$door: $shed refusals to a flood of 2 seconds, $put_out connections put out"
    [[ $shed -ge 10 ]] || fail "door $door: the flood was not refused"
    case $door in
    stream) [[ $shed -le 2000 && $put_out == 0 ]] || fail "door $door: $shed refusals were made, and $put_out connections put out" ;; # one each 5 ms, and some
    rep0) [[ $put_out -ge 1 ]] || fail "door $door: who floods is not put out" ;;
    esac
    stop_daemon "$daemon"
done

# Overload by one connection, and a slow reader: the quick calls of others go on.
start_daemon loaded --http "127.0.0.1:$http"
ask_python "${url##*:}" <<'EOF'
def latencies(seconds):
    connection, out, end = rpc.Connection(where, timeout=20), [], time.time() + seconds
    while time.time() < end:
        begun = time.time()
        answer = connection.ask(rpc.GET_CLAUSE, rpc.clause("cl_1"))
        assert answer.code == "OK", answer
        out.append(time.time() - begun)
        time.sleep(0.002)
    return sorted(out)

def p95(values):
    return values[int(len(values) * 0.95)]

quiet = p95(latencies(1))

# Searches without an end, more than there are places to wait in.
stop, shed = False, []
words = " OR ".join("%s*" % c for c in "abcdefghijklmnopqrstuvwxyz")
def flood():
    connection, asked = rpc.Connection(where, timeout=20), 0
    try:
        while not stop:
            for _ in range(100):
                asked += 1  # each another question, so that no cache has it
                query = field(1, f"{words} OR {threading.get_ident()}x{asked}") + field(5, 1000)
                connection.send(rpc.request(rpc.SEARCH, query))
            for _ in range(100):
                shed.append(rpc.Answer(connection.receive()[1]))
    except (ConnectionError, OSError):
        pass
threads = [threading.Thread(target=flood) for _ in range(2)]
for thread in threads:
    thread.start()
loud = p95(latencies(2))
stop = True
for thread in threads:
    thread.join()
refused = [a for a in shed if a.code == "RESOURCE_EXHAUSTED"]
assert refused and all(a.retry_s and a.retry_s > 0 for a in refused), {a.code for a in shed}
assert any(a.code == "OK" for a in shed), "the accepted ones are answered"
assert loud < max(1.0, 10 * quiet), (quiet, loud)

# A reader that asks for much and takes nothing: it is let go, and the others never notice.
slow = rpc.Connection(where, timeout=20)
slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.socket.settimeout(1)
whole = rpc.request(rpc.DESCRIPTORS)
sent = 0
try:
    for _ in range(4000):
        slow.send(whole)
        sent += 1
except (socket.timeout, ConnectionError, OSError):
    pass
beside = p95(latencies(2))
assert beside < max(1.0, 10 * quiet), (quiet, beside)
slow.socket.settimeout(20)
end = time.time() + 20
try:
    while time.time() < end:
        if not slow.socket.recv(65536):
            break
    else:
        raise SystemExit("the slow reader was not let go")
except (ConnectionError, OSError):
    pass
EOF
[[ $(metric 'depositary_connections_refused_total{reason="stalled"}') -ge 1 ]] || fail "the slow reader was not cut off"
[[ $(metric 'depositary_calls_in_flight') -le 2 ]] || fail "calls of the slow reader are still held"
stop_daemon "$daemon"
