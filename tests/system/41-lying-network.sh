#!/usr/bin/env bash
# Goal of this test: a network that drops, repeats, replays, reorders, truncates, lengthens, delays or exchanges whole messages can keep an answer
# away (exit code 3) or be found out (4), and never makes a client take one that is not to its question.
source "$(dirname "$0")/lib.sh"

start_daemon network
port=${url##*:}
network=

# harm HARM [ARGUMENT]: from now on this is between client and service.
harm() {
    local network_port
    [[ -z $network ]] || { kill "$network" && wait "$network" 2>/dev/null || true; }
    network_port=$(free_port)
    python3 "$DEPOSITARY_SOURCE/tests/system/sp_network.py" "$network_port" "$port" "$@" >"$work/network.out" 2>/dev/null &
    network=$!
    daemons+=("$network")
    while ! (exec 3<>"/dev/tcp/127.0.0.1/$network_port") 2>/dev/null; do sleep 0.02; done
    export DEPOSITARY_CONNECT=tcp://127.0.0.1:$network_port
    rm -rf "$XDG_STATE_HOME"
}

# get CODE [OPTIONS...]: a clause, with that exit code: the right text, or none.
get() {
    local code=$1
    shift
    expect "$code" depositary get "$instrument" cl_11 --timeout 10 "$@"
    if [[ $code == 0 ]]; then contains "$work/out" "ti engage"; else no_text "$*"; fi
}

harm none
get 0
harm twice
get 0
harm resend # the service answers twice
get 0
harm delay 300
get 0
harm cut 100 # what may run twice is asked again
get 0
harm cut-all 100
get 3 --timeout 2
harm drop all
get 3 --timeout 1
for number in 0 1; do # the answer itself, and the one that proves its key
    harm drop "$number"
    status=0
    depositary get "$instrument" cl_11 --timeout 2 >"$work/out" 2>"$work/err" </dev/null || status=$?
    [[ $status == 3 ]] || fail "answer $number is dropped: exit code $status"
    no_text
done
harm drop-requests
get 3 --timeout 1
harm misaddress
get 3 --timeout 1
harm frame 9223372036854775807
get 3 --timeout 1
harm frame 8388609
get 3 --timeout 1
harm delay 3000
get 3 --timeout 1
harm greeting 0053500000310001 # a reserved bit
get 3 --timeout 1
harm greeting 485454502f312e31
get 3 --timeout 1
for bytes in 1 7 64 200 2000; do
    harm truncate "$bytes"
    get 4
    harm lengthen "$bytes"
    get 4
done
harm empty
get 4
contains "$work/err" "no seal"
harm replay # its key's record is the clause's answer again
get 4
contains "$work/err" "another request"

# Two questions on one connection.
both() {
    expect 0 at_once "$instrument" cl_3 cl_4
    sort "$work/out"
}
harm none
[[ $(both) == $'cl_3 OK cl_3\ncl_4 OK cl_4' ]] || fail "two at once: $(<"$work/out")"
harm reorder
[[ $(both) == $'cl_3 OK cl_3\ncl_4 OK cl_4' ]] || fail "answers in the other order: $(<"$work/out")"

# Answers of two connections, and of one, are exchanged: both are refused.
harm swap 2
[[ $(both) != *OK* && $(both) == *E_SEAL_PROOF* ]] || fail "exchanged answers of one connection: $(<"$work/out")"
harm swap 8
depositary get "$instrument" cl_3 --timeout 20 >"$work/one.out" 2>"$work/one.err" </dev/null &
one=$!
status=0
XDG_STATE_HOME=$work/other depositary get "$instrument" cl_4 --timeout 20 >"$work/out" 2>"$work/err" </dev/null || status=$?
[[ $status == 4 ]] || fail "exchanged answers of two connections: exit code $status"
no_text
contains "$work/err" "another request"
status=0
wait "$one" || status=$?
[[ $status == 4 && ! -s $work/one.out ]] || fail "exchanged answers of two connections, the other: exit code $status"
