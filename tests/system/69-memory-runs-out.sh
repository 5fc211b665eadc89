#!/usr/bin/env bash
# Goal of this test: memory that runs out in the running programs, at any allocation, nng's too: a daemon that is asked through its doors answers truly or fails,
# and keeps what it acknowledged; the command line prints the truth or a part of it, and an exit code that says that it failed, never that something is
# forged. The normal run takes a few allocations, DEPOSITARY_EVERY_FAULT=1 all (half an hour and more).
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

shim=$DEPOSITARY_BUILD/lib/scarce.so
[[ -f $shim ]] || fail "$shim is not built"
if is_sanitized THREAD_SANITIZE; then
    echo "ThreadSanitizer wants to be in front of the C library itself: skipped" >&2
    exit 77
fi

# What stands before AddressSanitizer's allocator calls it; leaks, of what is left after a refusal, have an exit code of their own.
export ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99${ASAN_OPTIONS:+:$ASAN_OPTIONS}

web=127.0.0.1:$(free_port)
start_daemon main --http "$web"
export DEPOSITARY_OFFICE=$work/main/office
TILES=http://$web python3 "$DEPOSITARY_SOURCE/tests/system/scarce_verbs.py" "$shim" "$work" || fail "the command line"
stop_daemon "$daemon"
python3 "$DEPOSITARY_SOURCE/tests/system/scarce_doors.py" "$shim" "$work" "$work/main" "$policy" "$(free_port)" "$(free_port)" || fail "the daemon"
