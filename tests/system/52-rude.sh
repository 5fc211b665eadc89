#!/usr/bin/env bash
# Goal of this test: connections that come and go, half of them rude (closed or reset at once, half a header, another protocol, a forged length, half a
# message, silence, a question and no wait), leave the daemon serving everybody else, with flat memory, at either kind of door. COUNT
# connections at each; tests/long/rude has more.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

# strangers: who greets in another protocol is shown out at once, with no answer to what it asks.
strangers() {
    python3 - "${url##*:}" <<'EOF'
import socket, struct, sys, rpc
where = ("127.0.0.1", int(sys.argv[1]))
request = rpc.request(rpc.GET_CHECKPOINT)
frame = struct.pack(">QI", len(request) + 4, 0x80000001) + request
for greeting in (b"\0SP\0\0\x20\0\0", b"\0SP\0\0\x31\0\0", b"\0SQ\0\0\x30\0\0", b"\1SP\0\0\x30\0\0", b"GET / HT"):
    raw = socket.create_connection(where, 10)
    raw.settimeout(8)  # silence alone is let go after ten
    heard = b""
    try:
        raw.sendall(greeting + frame)
        while more := raw.recv(4096):
            heard += more
    except ConnectionError:
        pass
    assert len(heard) <= 8, f"{greeting}: {len(heard)} bytes came back"
EOF
}

# Silence: who has not greeted is let go after ten seconds, who is in the middle of a frame after thirty. At the door on streams alone: nng knows no such times.
silence() {
    python3 - "${url##*:}" <<'EOF'
import select, socket, struct, sys, time
begun, quiet = time.monotonic(), {}
for least, most, data in ((9, 40, b""), (9, 40, b"\0SP\0"), (29, 70, b"\0SP\0\0\x30\0\0" + b"\0\0"), (29, 70, b"\0SP\0\0\x30\0\0" + struct.pack(">Q", 5000) + b"x" * 100)):
    raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    raw.sendall(data)
    quiet[raw] = (least, most, data)
while quiet:
    ready = select.select(list(quiet), [], [], 1)[0]
    took = time.monotonic() - begun
    for raw in ready:
        try:
            if raw.recv(4096):
                continue
        except ConnectionError:
            pass
        least, _, data = quiet.pop(raw)
        assert took >= least, f"who fell silent after {data[:20]!r} was let go after {took:.1f} seconds"
    for _, most, data in quiet.values():
        assert took < most, f"who fell silent after {data[:20]!r} is there still after {most} seconds"
EOF
}

start_daemon quiet --door stream
quiet=$daemon
silence &
silent=$!
for door in stream rep0; do
    start_daemon "$door" --door "$door"
    strangers
    echo -n "$door: "
    python3 "$DEPOSITARY_SOURCE/tests/system/rude.py" "${COUNT:-600}" "${url##*:}" "$daemon"
    expect 0 depositary get "$instrument" 11
    expect 0 depositary health
    ! grep -q "had died" "$work/$door.log" || echo "a door had died on the way, and was opened again"
    stop_daemon "$daemon"
done
wait "$silent" || fail "who fell silent"
stop_daemon "$quiet"
