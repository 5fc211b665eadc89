#!/usr/bin/env bash
# Goal of this test: when the daemon has no descriptor left, by connections at a door of either kind or by HTTP, it says so in its log, does not spin, goes on
# with whom it has, and serves again as soon as there is room; with too few to start it says what is wrong and ends, or serves.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

# start_poor NAME DESCRIPTORS OPTIONS...
start_poor() {
    local name=$1 limit=$2
    shift 2
    http=$(free_port)
    printf '#!/bin/sh\nulimit -n %d && exec "$@"\n' "$limit" >"$work/poor"
    chmod +x "$work/poor"
    WRAPPER=$work/poor start_daemon "$name" --http "127.0.0.1:$http" "$@"
}

# exhaust PORT LOG WORDS [CERTIFICATE]: holds connections, more than there are descriptors, until the log tells of it; one of before them is asked all the
# while, over TLS where a certificate is named.
exhaust() {
    PORT=${url##*:} python3 - "$1" "$daemon" "$2" "$3" "${4:-}" <<'E2'
import os, re, socket, ssl, sys, time, rpc
port, pid, log, words, certificate = int(sys.argv[1]), *sys.argv[2:]
tls = ssl.create_default_context(cafile=certificate) if certificate else None
early = rpc.Connection(("127.0.0.1", port if tls else int(os.environ["PORT"])), timeout=30, tls=tls)
assert early.ask(rpc.GET_CLAUSE, rpc.clause("cl_1")).code == "OK"
held = []
for _ in range(150):
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    held.append(connection)

def files():
    return len(os.listdir(f"/proc/{pid}/fd"))

def used_s():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

end = time.time() + 30
while files() < 60 and time.time() < end:
    time.sleep(0.05)
assert files() >= 60, f"only {files()} of 64 descriptors are in use"
told = lambda: re.search(words, open(log).read())
begun, used = time.time(), used_s()
while time.time() < begun + (1.5 if told() else 12):
    answer = early.ask(rpc.GET_CLAUSE, rpc.clause("cl_2"))
    assert answer.sealed and answer.code in ("OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED"), answer
    time.sleep(0.05)
share = (used_s() - used) / (time.time() - begun)
print(f"{files()} descriptors, {share:.2f} of a processor")
assert share < 0.5, "it spins"
assert told(), f"the log does not say: {words}"
E2
}

serves_again() {
    local i
    for i in $(seq 100); do
        if depositary --timeout 5 get "$instrument" 11 >/dev/null 2>&1 &&
            [[ $(curl -s -o "$work/page" -w '%{http_code}' --max-time 5 "http://127.0.0.1:$http/readyz") == 200 ]]; then return; fi
        sleep 0.2
    done
    fail "it does not serve again"
}

for door in stream rep0; do
    start_poor "$door" 64 --door "$door"
    exhaust "${url##*:}" "$work/$door.log" 'a connection could not be taken|no descriptor or memory is left' || fail "door $door, descriptors used up by connections"
    serves_again
    exhaust "$http" "$work/$door.log" 'no connection can be taken' || fail "door $door, descriptors used up by HTTP"
    serves_again
    stop_daemon "$daemon"
done

# At a door of TLS, which is knocked at in another way: nobody's connection is thrown out to open it again. The plain door is found to want descriptors first.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
chmod 600 "$work/key.pem"
secure=tls+tcp://127.0.0.1:$(free_port)
start_poor secure 64 --listen "$secure" --announce "tls+tcp://127.0.0.1:$(free_port)" --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
exhaust "${secure##*:}" "$work/secure.log" "no descriptor or memory is left to try the front door with. listen=${secure/+/.}" "$work/cert.pem" ||
    fail "descriptors used up at a door of TLS"
! grep -q 'had died\|cannot be opened' "$work/secure.log" || fail "a door that only wanted descriptors was opened again"
serves_again
stop_daemon "$daemon"

# At the start: whatever there is, it either serves or says why not, soon, and leaves a folder on which the next start serves.
for limit in 10 12 14 16 20 24; do
    url=tcp://127.0.0.1:$(free_port)
    (ulimit -n $limit && exec depositaryd --data "$work/few" --listen "$url" --http none) >"$work/few.out" 2>&1 &
    poor=$!
    daemons+=("$poor")
    for _ in $(seq 200); do
        grep -q ' ready \| ready$\|info ready' "$work/few.out" && break
        kill -0 "$poor" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$poor" 2>/dev/null; then
        grep -q 'ready' "$work/few.out" || { cat "$work/few.out" >&2; fail "with $limit descriptors it neither serves nor ends"; }
        kill -TERM "$poor"
        wait "$poor" || { cat "$work/few.out" >&2; fail "with $limit descriptors it did not end as it should"; }
    else
        code=0
        wait "$poor" || code=$?
        [[ $code == 1 && -s $work/few.out ]] || { cat "$work/few.out" >&2; fail "with $limit descriptors: exit code $code, and no reason"; }
    fi
done
start_daemon few
expect 0 depositary get "$instrument" 11
stop_daemon "$daemon"
