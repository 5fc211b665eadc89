#!/usr/bin/env bash
# Goal of this test: the network library's one thread that frees what is closed can stand still for ever (nng 1.5.2), and then every connection that goes leaves
# its descriptor behind. The daemon notices, says so, is not ready any more, answers until then, and ends with a failure, so that it is started again.
source "$(dirname "$0")/lib.sh"

need_shim stuck
http=$(free_port)
ready() { curl -s -o "$work/page" -w '%{http_code}' --max-time 5 "http://127.0.0.1:$http/readyz"; }

touch "$work/stuck"
STUCK=$work/stuck LD_PRELOAD=$shim start_daemon main --http "127.0.0.1:$http" --drain-delay 5
begun=$SECONDS
eventually 20 grep -q 'info ready' "$work/main.log"
expect 0 depositary get "$instrument" 11

eventually 90 grep -q 'no longer frees connections' "$work/main.log"
((SECONDS - begun >= 15)) || fail "it was given up after $((SECONDS - begun)) s"
[[ $(ready) == 503 ]] || fail "it is still ready"
contains "$work/page" "no longer frees connections"
expect 0 depositary get "$instrument" 11
for _ in $(seq 300); do kill -0 "$daemon" 2>/dev/null || break; sleep 0.1; done
status=0
wait "$daemon" || status=$?
[[ $status == 1 ]] || fail "it ended with $status"
contains "$work/main.log" "to be started again"

# The next one has everything; and where nothing stands still, nothing is said.
rm "$work/stuck"
STUCK=$work/stuck LD_PRELOAD=$shim depositaryd --data "$work/main" --listen "$url" --http "127.0.0.1:$http" 2>"$work/again.log" &
daemon=$!
daemons+=("$daemon")
wait_ready "$url" "$policy" "$daemon" || fail "it does not start again"
expect 0 depositary get "$instrument" 11
stop_daemon "$daemon"
! grep -q 'no longer frees' "$work/again.log" || fail "it gives up without a reason"
