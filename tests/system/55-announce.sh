#!/usr/bin/env bash
# Goal of this test: checkpoints are announced on a PUB0 socket to any subscriber of the origin, the new one as soon as it is served, and the newest again
# for who comes late; what is announced proves itself, and a subscriber who talks is shut out.
source "$(dirname "$0")/lib.sh"

announce=tcp://127.0.0.1:$(free_port)
start_daemon crier --announce "$announce"
origin=$(head -n 1 < <(depositary checkpoint 2>/dev/null))

# hear COUNT [SUBSCRIPTION]: so many announcements, one after the other, in $work/heard.
# nngcat with --count ends now and then before it has printed anything; then it listens again.
hear() {
    for _ in $(seq 5); do
        nngcat --sub0 --subscribe "${2-$origin}" --dial "$announce" --recv-timeout 15 --count "$1" --raw >"$work/heard" 2>/dev/null || true
        [[ -s $work/heard ]] && return
    done
    fail "nothing was announced"
}

# One who comes late hears the newest, byte for byte the checkpoint that the service gives when it is asked.
hear 1
depositary checkpoint >"$work/asked" 2>/dev/null
cmp "$work/heard" "$work/asked"
nngcat --sub0 --subscribe "another.example" --dial "$announce" --recv-timeout 4 --count 1 --raw >"$work/other" 2>/dev/null || true
[[ ! -s $work/other ]] || fail "another origin's announcement was heard"

# A new one is heard at once: within a second of being served, while the old one would come again only after three.
nngcat --sub0 --subscribe "$origin" --dial "$announce" --recv-timeout 30 --raw >"$work/stream" 2>/dev/null &
listener=$!
daemons+=("$listener")
for _ in $(seq 100); do
    [[ -s $work/stream ]] && break
    sleep 0.1
done
[[ -s $work/stream ]] || fail "nothing was heard"
before=$(sed -n 2p "$work/asked")
key=$(head -c 32 /dev/urandom | base64 -w0)
DEPOSITARY_OFFICE=$work/crier/office depositary key authorise "$key" --holder another >/dev/null 2>&1 || fail "no new entry"
for _ in $(seq 20); do
    after=$(grep -a -A1 -F "$origin" "$work/stream" | grep -aE '^[0-9]+$' | tail -n 1)
    [[ $after -gt $before ]] && break
    sleep 0.1
done
[[ $after -gt $before ]] || fail "the new checkpoint was not announced: $after, and $before was before"
depositary checkpoint >"$work/asked" 2>/dev/null
[[ $(tail -c "$(stat -c %s "$work/asked")" "$work/stream") == "$(cat "$work/asked")" ]] || fail "another note was announced than is served"

# A subscriber that sends something is let go, and the others hear on.
python3 - "${announce##*:}" <<'EOF'
import socket, struct, sys
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
raw.sendall(b"\0SP\0\0\x21\0\0" + struct.pack(">Q", 1 << 40) + b"talk")
try:
    while raw.recv(65536):
        pass
except ConnectionError:
    pass

# What it says is not even taken in: of 64 MiB no more than the system's own buffers hold.
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
raw.settimeout(30)
sent = 0
try:
    raw.sendall(b"\0SP\0\0\x21\0\0" + struct.pack(">Q", 64 << 20))
    while sent < 64 << 20:
        sent += raw.send(b"x" * 65536)
except ConnectionError:
    pass
assert sent < 32 << 20, f"{sent} bytes of a subscriber's talk were taken"
EOF
hear 1
cmp "$work/heard" "$work/asked"
stop_daemon "$daemon"

# No more subscribers than connections are allowed; who goes makes room.
start_daemon few --announce "$announce" --max-connections 6
PYTHONPATH=$DEPOSITARY_SOURCE/tests/system python3 - "${announce##*:}" <<'EOF'
import socket, sp, sys, time
def subscribe():
    raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    raw.sendall(b"\0SP\0\0\x21\0\0")
    return raw
def has_heard(raw):
    """Whether it heard something, or was closed first."""
    try:
        sp.read_exactly(raw, 16)
        return True
    except ConnectionError:
        return False
end = time.time() + 60
for turn in range(3):
    while True:
        held = [subscribe() for _ in range(12)]
        taken = sum([has_heard(raw) for raw in held])
        for raw in held:
            raw.close()
        assert taken <= 6, f"{taken} subscribers were taken"
        time.sleep(0.3)  # an attempt that comes before they are seen to be gone costs the three seconds until the next announcement
        if taken >= 5:  # the daemon listens to itself now and then
            break
        assert time.time() < end, f"no room after the others have gone: {taken} were taken"
EOF
stop_daemon "$daemon"
