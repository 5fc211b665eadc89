#!/usr/bin/env bash
# Goal of this test: connections that come and go, half of them rude (closed or reset at once, half a header, another protocol, a forged length, half a
# message, silence, a question and no wait), leave the daemon serving everybody else, with flat memory, at either kind of door. COUNT
# connections at each; tests/long/rude has more.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

for door in stream rep0; do
    start_daemon "$door" --door "$door"
    echo -n "$door: "
    python3 "$DEPOSITARY_SOURCE/tests/system/rude.py" "${COUNT:-600}" "${url##*:}" "$daemon"
    expect 0 depositary get "$instrument" 11
    expect 0 depositary health
    ! grep -q "had died" "$work/$door.log" || echo "a door had died on the way, and was opened again"
    stop_daemon "$daemon"
done
