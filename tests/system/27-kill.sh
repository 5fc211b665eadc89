#!/usr/bin/env bash
# Goal of this test: killed in the middle of deposits, the daemon loses nothing that it acknowledged. A few of what tests/long/kill.sh does with a thousand.
exec "$DEPOSITARY_SOURCE/tests/long/kill.sh" "${DEPOSITS:-4}"
