#!/usr/bin/env bash
# Goal of this test: keys do not get where others look: a running daemon, and a command of the office that waits for its answer, have none in their command
# lines or environments, dump no core, keep them in memory that is locked (never in swap), and write none into a log, however talkative.
source "$(dirname "$0")/lib.sh"
[[ -z ${ASAN_OPTIONS:-} ]] || { echo "a sanitizer's process has its own ways with memory: skipped" >&2; exit 77; }

# Where core dumps are allowed, and as nobody in particular: root sees everything anyway.
ulimit -Sc "$(ulimit -Hc)"
as=()
if [[ $(id -u) == 0 ]] && setpriv --reuid=65534 --regid=65534 --clear-groups "$DEPOSITARY_BIN/depositaryd" --version >/dev/null 2>&1; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown 65534:65534 "$work"
fi
WRAPPER=${as[*]} start_daemon house --log-level debug
office=$work/house/office
passphrase='a passphrase that nobody else has'
(umask 077 && printf '%s\n' "$passphrase" >"$work/passphrase")
[[ ${#as[@]} == 0 ]] || chown 65534:65534 "$work/passphrase"
expect 0 "${as[@]}" depositary office init "$work/sealed" --origin sealed.test/ledger --spare "$work/safe" --passphrase-file "$work/passphrase"

# The seeds, in each form in which they could stand somewhere, and the passphrase.
python3 - "$work/forms" "$office/key" "$work/house/office-spare/spare-key" "$work/house/keys/answer-key" "$passphrase" <<'E2'
import base64, re, sys
forms = [sys.argv[5].encode()]
for path in sys.argv[2:5]:
    seed = base64.b64decode(re.search(r'^(?:secret|seed) (\S+)$', open(path).read(), re.M).group(1))
    assert len(seed) == 32
    forms += [seed.hex().encode(), base64.b64encode(seed)[:42]]
open(sys.argv[1], 'wb').write(b'\n'.join(forms))
E2
grep -qFf "$work/forms" "$office/key" || fail "the forms are not found where they are"
free_of_secrets() { # FILES
    ! grep -qaFf "$work/forms" "$@" || fail "a secret stands in one of: $*"
}

[[ ${#as[@]} == 0 && $(id -u) == 0 ]] && echo "that others may not trace it cannot be seen here" >&2

# limit PID NAME: the soft limit.
limit() { awk -v name="$2" 'index($0, name) == 1 { print $(NF - 2) }' "/proc/$1/limits"; }
locked() { awk '/^Locked:/ { sum += $2 } END { print sum + 0 }' "/proc/$1/smaps"; }

judge() { # PID, KiB of memory that are locked at least
    cat "/proc/$1/cmdline" "/proc/$1/environ" >"$work/seen" 2>/dev/null || { echo "the process of another cannot be looked at: skipped" >&2; exit 77; }
    [[ -s $work/seen ]] || fail "nothing of process $1 could be read"
    free_of_secrets "$work/seen"
    [[ $(limit "$1" 'Max core file size') == 0 ]] || fail "process $1 may dump core: $(limit "$1" 'Max core file size')"
    # Not dumpable: the kernel shows its files to root alone.
    [[ $(stat -c %u "/proc/$1/maps") == 0 && $(stat -c %u "/proc/$1/environ") == 0 ]] || fail "process $1 can be traced"
    [[ $(locked "$1") -ge $2 ]] || fail "process $1 has only $(locked "$1") KiB of locked memory"
}

for _ in {1..5}; do expect 0 depositary get "$instrument" 11; done
judge "$daemon" 4

# A command that holds the passphrase while it waits: its service is a socket that takes the connection and says nothing.
python3 - "$work/port" <<'E2' &
import socket, sys, time
silent = socket.socket()
silent.bind(("127.0.0.1", 0))
silent.listen()
open(sys.argv[1], "w").write(str(silent.getsockname()[1]))
held = []
while True:
    held.append(silent.accept()[0])
E2
daemons+=("$!")
for _ in {1..100}; do [[ ! -s $work/port ]] || break; sleep 0.1; done
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
"${as[@]}" depositary --connect "tcp://127.0.0.1:$(cat "$work/port")" --policy "$work/sealed/policy" --timeout 20 deposit "$work/treaty.txt" --about "$work/about" \
    --office "$work/sealed" --passphrase-file "$work/passphrase" --yes >"$work/deposit.log" 2>&1 &
command=$!
daemons+=("$command")
for _ in {1..100}; do
    [[ ! -r /proc/$command/smaps || $(locked "$command" 2>/dev/null || echo 0) -lt 4 ]] || break
    sleep 0.1
done
judge "$command" 4
kill "$command" 2>/dev/null || true

# Logs and what the commands said.
printf '1. One.\n\n2. Two.\n' >"$work/second.txt"
expect 0 "${as[@]}" depositary deposit "$work/second.txt" --about "$work/about" --office "$office" --yes
free_of_secrets "$work/out" "$work/err" "$work/house.log" "$work/deposit.log"
stop_daemon "$daemon"
free_of_secrets "$work/house.log"
