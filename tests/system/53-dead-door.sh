#!/usr/bin/env bash
# Goal of this test: a front door that has died is found by the daemon's own knocking, and opened again; readiness falls meanwhile, and the other door is
# not touched. It dies for certain when its socket's name is taken away, of either kind of door; and of what is harder to bring about: with nng 1.5.2,
# local peers that connect and close at once end the accept loop of REP0 for good.
source "$(dirname "$0")/lib.sh"

http=$(free_port)
answers() {
    depositary --connect "ipc://$socket" --timeout "${1:-1}" health >/dev/null 2>&1
}

reopened() { # [PORT OF HTTP]
    curl -sS --max-time 10 "http://127.0.0.1:${1:-$http}/metrics" | awk '$1 == "depositary_doors_reopened_total" { print $2 }'
}

for kind in stream rep0; do
    socket=$work/$kind/run/door
    start_daemon "$kind" --door "$kind" --listen "ipc://$socket" --http "127.0.0.1:$http"
    answers 5 || fail "the $kind door does not answer before anything was done to it"
    [[ $(reopened) == 0 ]] || fail "a door was opened again that had not died"
    rm "$socket"
    for _ in $(seq 300); do
        [[ $(reopened) -ge 1 ]] && answers && break
        sleep 0.1
    done
    answers 5 || fail "nobody opened the dead $kind door again"
    contains "$work/$kind.log" "the front door had died and was opened again"
    stop_daemon "$daemon"
done

# A door that is full turns the knocking away, too: that is no death, and nobody is thrown out for it.
full=() doors=() https=()
for kind in stream rep0; do
    https+=("$(free_port)")
    start_daemon "full-$kind" --door "$kind" --max-connections 8 --http "127.0.0.1:${https[-1]}"
    full+=("$daemon")
    doors+=("${url##*:}")
done
PYTHONPATH=$DEPOSITARY_SOURCE/tests/system python3 - "${doors[@]}" <<'EOF'
import sys, time, rpc
def fill(port):
    held, end = [], time.time() + 60
    while len(held) < 8:
        assert time.time() < end, f"only {len(held)} connections were taken"
        try:
            connection = rpc.Connection(("127.0.0.1", port), timeout=5)
            assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"
            held.append(connection)
        except OSError:  # the daemon's own knock has the last place now and then
            time.sleep(0.05)
    return held
held = [connection for port in sys.argv[1:] for connection in fill(int(port))]
time.sleep(7)  # two rounds of knocking: one that finds the door shut twice would open it again
for connection in held:
    assert connection.ask(rpc.GET_CHECKPOINT).code == "OK", "a connection was thrown out"
EOF
for i in 0 1; do
    [[ $(reopened "${https[i]}") == 0 ]] || fail "a door was full, and taken for dead: $(tail -n 3 "$work"/full-*.log)"
    stop_daemon "${full[i]}"
done

socket=$work/house/run/door
start_daemon house --door rep0 --listen "ipc://$socket" --http "127.0.0.1:$http"

# A connection through the other door that lives through all of it.
export PORT=${url##*:} SOCKET=$socket PYTHONPATH=$DEPOSITARY_SOURCE/tests/system
python3 - "$work/stop" <<'EOF' &
import os, sys, time, rpc
held = rpc.Connection(("127.0.0.1", int(os.environ["PORT"])))
while not os.path.exists(sys.argv[1]):
    assert held.ask(rpc.GET_CHECKPOINT).code == "OK"
    time.sleep(0.1)
EOF
held=$!

answers 5 || fail "the door does not answer before anything was done to it"
died=
for _ in $(seq 10); do
    python3 - <<'EOF'
import os, socket, threading
def flood():
    for _ in range(200):
        raw = socket.socket(socket.AF_UNIX)
        try:
            raw.connect(os.environ["SOCKET"])
        except OSError:
            pass
        raw.close()
threads = [threading.Thread(target=flood) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
EOF
    if ! answers; then
        died=yes
        break
    fi
done
if [[ -z $died && $(reopened) == 0 ]]; then
    # A later nng does not die of it: then there is nothing to open again.
    echo "16,000 such connections did not kill the door"
else
    for _ in $(seq 300); do
        [[ $(reopened) -ge 1 ]] && answers && break
        sleep 0.1
    done
    [[ $(reopened) -ge 1 ]] || fail "nobody opened the dead door again"
    answers 5 || fail "the door that was opened again does not answer"
    contains "$work/house.log" "the front door had died and was opened again"
fi
for _ in $(seq 200); do
    [[ $(curl -s -o "$work/ready" -w '%{http_code}' "http://127.0.0.1:$http/readyz") == 200 ]] && break
    sleep 0.1
done
[[ $(cat "$work/ready") == ready* ]] || fail "not ready: $(cat "$work/ready")"
touch "$work/stop"
wait "$held" || fail "the other door was touched"
stop_daemon "$daemon"
