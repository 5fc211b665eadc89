#!/usr/bin/env bash
# Goal of this test: with 2,000 connections open, slow readers and writers, and one peer that floods with frames that are no requests, the others keep their
# latency: the p99 of a polite caller is at most twice what it is when all is quiet. By hand; figures are in tests/README.md.
#
#   flood.sh [DOOR] [ROUNDS] [SECONDS of a measurement]     stream, 5, 4
# shellcheck source=tests/system/lib.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
export DEPOSITARY_SOURCE=$top DEPOSITARY_BUILD=${DEPOSITARY_BUILD:-$top/.build/plain} PYTHONPATH=$top/tests/system PYTHONDONTWRITEBYTECODE=1
export DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
source "$top/tests/system/lib.sh"
door=${1:-stream}
ulimit -n "$(ulimit -Hn)"
# Loopback has no limits of a peer of its own accord; here it has those of other machines.
start_daemon house --door "$door" --peer-connections 256 --peer-calls 256 --peer-rate 10000 --log-level error
python3 "$top/tests/long/flood.py" "${url##*:}" "${3:-4}" "${2:-5}" || fail "door $door: the others did not keep their latency"
grep VmRSS "/proc/$daemon/status"
stop_daemon "$daemon"
