#!/usr/bin/env bash
# Goal of this test: a process in the database's place that answers with rows without end, or with a copy where none was asked for, is hung up on; it takes no
# memory, and no processor for good.
source "$(dirname "$0")/lib.sh"

office=$work/office
expect 0 depositary office init "$office" --origin endless.test/ledger --spare "$work/spare" --no-passphrase
came() { (($(wc -l <"$work/$1.came") >= 3)); }

for what in rows copy; do
    port=$(free_port)
    touch "$work/$what.came"
    python3 "$DEPOSITARY_SOURCE/tests/system/pg_endless.py" "$port" "$what" "$work/$what.came" &
    daemons+=($!)
    mkdir -p "$work/$what"
    cp "$office/policy" "$work/$what/policy"
    depositaryd --data "$work/$what" --listen "tcp://127.0.0.1:$(free_port)" --http none --follow-interval 1 \
        --store "postgresql://x@127.0.0.1:$port/x?sslmode=disable" 2>>"$work/$what.log" &
    pid=$!
    daemons+=("$pid")
    eventually 30 came "$what" # again and again: it was hung up on each time
    peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
    is_sanitized || ((peak < 65536)) || fail "$peak KiB for $what"
    stop_daemon "$pid"
    echo "$what: $peak KiB"
done
