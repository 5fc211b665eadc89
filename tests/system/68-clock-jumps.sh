#!/usr/bin/env bash
# Goal of this test: the system's clock jumps, forward and back, by hours and by years, under the daemon, the office and the client. Deadlines do not notice;
# answers of a wrong clock are refused by clients, which say that only the time is in doubt; an answer key counts only within its time; nothing is deposited that is dated
# wrongly; and with the right clock all is as before, without a restart.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

need_shim clock
http=$(free_port)
hour=3600 day=86400
set_clock() { echo "$1" >"$work/clock.new" && mv "$work/clock.new" "$work/clock"; }
set_clock 0
# shifted SECONDS COMMAND...: with another clock of its own
shifted() {
    echo "$1" >"$work/its-clock"
    CLOCK_SHIFT=$work/its-clock LD_PRELOAD=$shim "${@:2}"
}
printf '#!/bin/sh\nCLOCK_SHIFT=%s LD_PRELOAD=%s exec "$@"\n' "$work/clock" "$shim" >"$work/with-clock"
chmod +x "$work/with-clock"
WRAPPER=$work/with-clock start_daemon house --http "127.0.0.1:$http"
office=$work/house/office

ready() { # CODE [WORDS]: what /readyz says, soon
    local i
    for i in $(seq 100); do
        [[ $(curl -s -o "$work/page" -w '%{http_code}' --max-time 5 "http://127.0.0.1:$http/readyz") == "$1" ]] && break
        sleep 0.1
    done
    [[ $(curl -s -o "$work/page" -w '%{http_code}' --max-time 5 "http://127.0.0.1:$http/readyz") == "$1" ]] || { cat "$work/page" >&2; fail "/readyz is not $1"; }
    [[ -z ${2:-} ]] || contains "$work/page" "$2"
}
size_now() { depositary checkpoint 2>/dev/null | sed -n 2p; }

expect 0 depositary get "$instrument" 11
ready 200

# The daemon's clock is wrong: clients refuse what it seals, and say that the text's proofs hold; the daemon's is right again: as before.
for jump in $hour $((-hour)) $day $((-day)); do
    set_clock "$jump"
    expect 4 depositary get "$instrument" 11
    no_text "the seal's time is wrong by $jump s"
    contains "$work/err" 'the proofs of the text hold; only the time or the key of the seal is in doubt'
    set_clock 0
    expect 0 depositary get "$instrument" 11
done
set_clock 100 # within the tolerance
expect 0 depositary get "$instrument" 11

# An answer key counts within its time: before it and after it the service is not serving, and says why.
set_clock $((500 * day))
ready 503 "time is over"
set_clock $((-day))
ready 503
set_clock 0
ready 200

# Deadlines run by another clock: calls are answered while the calendar's jumps to and fro by a day and by decades.
PORT=${url##*:} python3 - "$work/clock" <<'E2' || fail "calls failed while the clock jumped"
import os, sys, threading, time, rpc
from rpc import field
done, codes = False, {}
def jump():
    turn = 0
    while not done:
        turn += 1
        with open(sys.argv[1] + ".py", "w") as out:
            print((0, 86400, -86400, 20 * 365 * 86400, -20 * 365 * 86400)[turn % 5], file=out)
        os.rename(sys.argv[1] + ".py", sys.argv[1])
        time.sleep(0.01)
jumper = threading.Thread(target=jump)
connection = rpc.Connection(("127.0.0.1", int(os.environ["PORT"])), timeout=20)  # before the first jump
jumper.start()
end, slowest = time.monotonic() + 3, 0
while time.monotonic() < end:
    for method, message in ((rpc.GET_CLAUSE, rpc.clause("cl_1")), (rpc.SEARCH, field(1, "x%s OR energy" % os.urandom(4).hex()))):
        begun = time.monotonic()
        code = connection.ask(method, message, timeout_ms=10000).code
        slowest = max(slowest, time.monotonic() - begun)
        codes[code] = codes.get(code, 0) + 1
done = True
jumper.join()
print(codes, f"slowest {slowest:.3f} s")
assert set(codes) == {"OK"} and slowest < 8, "a deadline noticed"
E2
set_clock 0
expect 0 depositary get "$instrument" 11
# nng's own timers run by the calendar's clock: a jump ends what it waits for with a time, such as the greeting of a connection that begins at that moment.
# A knock of the daemon's at its own door may so be lost, like that of any caller who then comes again; the door is never taken for dead.
! grep -q 'opened again' "$work/house.log" || fail "the front door was taken for dead"

# The age of the register is counted by the client's clock: what was fresh is stale in ten days, and without --max-age still proved.
set_clock $((10 * day))
expect 4 shifted $((10 * day)) depositary --max-age $day get "$instrument" 11
no_text "the register is ten days old"
expect 0 shifted $((10 * day)) depositary get "$instrument" 11
expect 0 shifted $((10 * day)) depositary --max-age $((11 * day)) get "$instrument" 11
set_clock 0
expect 0 depositary --max-age $day get "$instrument" 11

# An office whose clock is an hour ahead: the service takes nothing that is dated so far ahead; it takes it as soon as that is no longer the future.
before=$(size_now)
printf 'instrument early\nlanguage en\ntitle Early\nauthenticity authentic\n' >"$work/about"
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
set_clock $((hour / 2))
expect 5 shifted $((hour / 2 + hour)) depositary deposit "$work/treaty.txt" --about "$work/about" --office "$office" --yes
set_clock 0
[[ $(size_now) == "$before" ]] || fail "the service took what is dated ahead"
expect 1 depositary get early 1
set_clock $((hour / 2 + hour))
expect 0 shifted $((hour / 2 + hour)) depositary office push --office "$office"
expect 0 shifted $((hour / 2 + hour)) depositary get early 1
# One whose clock is a month behind signs nothing that would be dated before what it signed last: nothing is kept, and with the right clock it goes through.
set_clock $((2 * hour))
sed -i 's/early/late/; s/Early/Late/' "$work/about"
printf '1. One more.\n' >"$work/treaty.txt"
late=(depositary deposit "$work/treaty.txt" --about "$work/about" --office "$office" --yes)
expect 5 shifted $((2 * hour - 30 * day)) "${late[@]}"
contains "$work/err" 'nothing was kept or sent'
expect 0 shifted $((2 * hour)) "${late[@]}"
expect 0 shifted $((2 * hour)) depositary get late 1
expect 0 shifted $((2 * hour)) depositary audit
stop_daemon "$daemon"
