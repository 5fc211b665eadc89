#!/usr/bin/env bash
# Goal of this test: a catalog whose pages rot while it is served is made anew by the daemon itself: no call has a false answer, in a moment all have the true one again,
# deposits go on, and the log says what happened. One that has rotted before the start, and one of a version without sums, are made anew there, and the log says why.
source "$(dirname "$0")/lib.sh"

# rot FILE: a byte of every page but the first.
rot() {
    python3 - "$1" <<'EOF'
import sys
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    for at in range(4096 + 2000, len(data), 4096):
        data[at] ^= 16
    file.seek(0)
    file.write(data)
EOF
}

ask() { # all that is claimed: order, numbers, places
    depositary search '"Belt and Road"' && depositary search 'cooperation OR peace' && depositary get "$instrument" '4(2)' &&
        depositary show "$instrument" && depositary quote 'firmly opposes any form of “Taiwan independence”'
}
is_true() { # to the byte; what fails has to say so by its code
    local status=0
    ask >"$work/now" 2>"$work/err" || status=$?
    [[ $status == 3 || $status == 5 || $status == 0 ]] || fail "exit code $status: $(cat "$work/err")"
    [[ $status == 0 ]] || return 1
    cmp "$work/now" "$work/true" || fail "another answer"
}
restart() {
    depositaryd --data "$data" --listen "$url" --http none 2>>"$work/main.log" &
    daemon=$!
    daemons+=("$daemon")
    wait_ready "$url" "$policy" "$daemon" || fail "not served again"
}

start_daemon main
data=$work/main
ask >"$work/true"

# while it is served
stop_daemon "$daemon"
restart
rot "$data/catalog.db"
eventually 30 is_true
grep -q 'the catalog is damaged' "$work/main.log" || fail "it was not noticed"
grep -q 'the catalog was made anew' "$work/main.log" || fail "it was not made anew"
[[ ! -e $data/catalog.db.new ]] || fail "a file was left behind"
printf 'Article 1\nThe Parties plant walnut trees.\n' >"$work/treaty"
printf 'instrument treaty\nlanguage en\ntitle Treaty\nauthenticity authentic\n' >"$work/about"
DEPOSITARY_OFFICE=$data/office expect 0 depositary deposit "$work/treaty" --about "$work/about" --yes
expect 0 depositary search walnut
grep -q walnut "$work/out" || fail "what was deposited since is not found"
stop_daemon "$daemon"

# it is kept: nothing more is said of it
lines=$(wc -l <"$work/main.log")
restart
expect 0 depositary search walnut
ask >"$work/true" # of a ledger that has grown
! tail -n "+$((lines + 1))" "$work/main.log" | grep -q catalog || fail "what was made anew is not kept"
stop_daemon "$daemon"

# before the start
rot "$data/catalog.db"
restart
is_true || fail "not made anew at the start"
grep -q 'made anew from the ledger.*reason=.*not as it was written' "$work/main.log" || fail "the log does not say why"
stop_daemon "$daemon"

# of a version without sums
rm "$data/catalog.db"
sqlite3 "$data/catalog.db" 'PRAGMA user_version = 2; CREATE TABLE progress (id)'
restart
is_true || fail "not made anew from an earlier version's"
grep -q 'made anew from the ledger.*reason=.*earlier version' "$work/main.log" || fail "the log does not say that it is of an earlier version"
stop_daemon "$daemon"
