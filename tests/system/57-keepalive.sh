#!/usr/bin/env bash
# Goal of this test: both kinds of front door, and the client, ask the system to look after connections that are quiet (TCP keepalive), and a peer that
# vanished without a word is let go by it. The second half makes a network of its own, with a peer in it whose address is taken away; where the system
# lets nobody make one, the test is reported as skipped.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

# has_keepalive SIDE PORT: whether every established connection whose local (SIDE l) or remote (r) port that is has its keepalive timer running.
has_keepalive() {
    python3 - "$1" "$2" <<'PYTHON'
import sys
column, port = {"l": 1, "r": 2}[sys.argv[1]], int(sys.argv[2])
rows = [line.split() for line in open("/proc/net/tcp")][1:]
timers = [row[5].split(":")[0] for row in rows if int(row[column].split(":")[1], 16) == port and row[3] == "01"]
print(timers)
sys.exit(not (timers and all(timer == "02" for timer in timers)))
PYTHON
}

# The same within five seconds: a call that is under way, the door's own too, has another timer, and those of commands that have ended are still going.
comes_to_keepalive() {
    for _ in $(seq 50); do
        has_keepalive "$1" "$2" >"$work/timers" && return
        sleep 0.1
    done
    return 1
}

# A quiet connection of a caller that wants no keepalive itself, and one of the command line's.
for door in stream rep0; do
    start_daemon "$door" --door "$door"
    port=${url##*:}
    rm -f "$work/quiet" "$work/watched"
    python3 -c 'import rpc, sys, time
connection = rpc.Connection(("127.0.0.1", int(sys.argv[1])))
assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"
print("asked", flush=True)
time.sleep(60)' "$port" >"$work/quiet" &
    quiet=$!
    daemons+=("$quiet")
    for _ in $(seq 100); do grep -q asked "$work/quiet" 2>/dev/null && break; sleep 0.1; done
    comes_to_keepalive l "$port" || fail "the $door door does not look after its connections: $(cat "$work/timers")"
    ! has_keepalive r "$port" >/dev/null || fail "this test sees a keepalive where there is none"
    kill "$quiet"
    wait "$quiet" 2>/dev/null || true
    depositary watch --count 2 >"$work/watched" 2>&1 &
    watching=$!
    daemons+=("$watching")
    for _ in $(seq 100); do [[ -s $work/watched ]] && break; sleep 0.1; done
    comes_to_keepalive r "$port" || fail "the client does not look after its connection: $(cat "$work/timers")"
    kill "$watching"
    wait "$watching" 2>/dev/null || true
    stop_daemon "$daemon"
done

# A network of two machines. The far one has one process, which holds a connection; then its address is gone, and nothing answers any more.
cat >"$work/network.sh" <<'END'
set -euo pipefail
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"
sysctl() { echo "$2" >"/proc/sys/net/ipv4/$1"; }
sysctl tcp_keepalive_time 1
sysctl tcp_keepalive_intvl 1
sysctl tcp_keepalive_probes 2
ip link set lo up
unshare -n sleep 100 &
far=$!
daemons+=("$far")
for _ in $(seq 100); do [[ $(readlink "/proc/$far/ns/net") != "$(readlink /proc/self/ns/net)" ]] && break; sleep 0.05; done
there() { nsenter -t "$far" -n "$@"; }
ip link add near type veth peer name far netns "$far"
ip addr add 10.9.9.1/24 dev near
ip link set near up
there ip addr add 10.9.9.2/24 dev far
there ip link set far up
http=127.0.0.1:$(free_port)
connections() { curl -s "http://$http/metrics" | awk '$1 == "depositary_connections" { print $2 }'; }
for door in stream rep0; do
    start_daemon "far-$door" --door "$door" --init --listen tcp://10.9.9.1:7769 --allow-plaintext --http "$http"
    [[ $(connections) == 0 ]] || sleep 1
    before=$(connections)
    rm -f "$work/asked"
    nsenter -t "$far" -n python3 -c 'import rpc, time
connection = rpc.Connection(("10.9.9.1", 7769))
assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"
print("asked", flush=True)
time.sleep(60)' >"$work/asked" &
    daemons+=("$!")
    for _ in $(seq 100); do grep -q asked "$work/asked" 2>/dev/null && break; sleep 0.1; done
    ip neigh replace 10.9.9.2 lladdr "$(there ip -o link show far | sed 's/.*ether \([^ ]*\).*/\1/')" dev near nud permanent
    [[ $(connections) == $((before + 1)) ]] || fail "$door: $(connections) connections, with one more than $before"
    sleep 3 # alive and quiet: it is not let go
    [[ $(connections) == $((before + 1)) ]] || fail "$door: a quiet peer was let go"
    there ip addr flush dev far
    for _ in $(seq 150); do [[ $(connections) == "$before" ]] && break; sleep 0.1; done
    [[ $(connections) == "$before" ]] || fail "$door: a peer that vanished is still counted"
    echo "$door: a peer that vanished was let go"
    there ip addr add 10.9.9.2/24 dev far
    stop_daemon "$daemon"
done
END
unshare -rn true 2>"$work/err" || { echo "no network of one's own can be made here: $(<"$work/err")"; exit 77; }
unshare -rn bash "$work/network.sh"
