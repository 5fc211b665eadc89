#!/usr/bin/env bash
# Goal of this test: several services seal for one ledger, each with a key of its own; a key is replaced while its service runs, without one call that
# fails; a revoked key is refused from then on, an expired one stops the service in time and with a warning, and text stays proven.
source "$(dirname "$0")/lib.sh"

office=$work/office
export DEPOSITARY_OFFICE=$office
expect 0 depositary office init "$office" --origin keys.test/ledger --spare "$work/spare" --no-passphrase
export DEPOSITARY_POLICY=$office/policy

# start_replica NAME: a service that knows the policy only; its URL in the array replica, its pid in pid.
declare -A replica pid web
start_replica() {
    replica[$1]=tcp://127.0.0.1:$(free_port)
    web[$1]=127.0.0.1:$(free_port)
    depositaryd --data "$work/$1" --policy "$office/policy" --listen "${replica[$1]}" --http "${web[$1]}" 2>>"$work/$1.log" &
    pid[$1]=$!
    daemons+=($!)
}
key_of() { depositaryd --data "$work/$1" --print-key-request 2>/dev/null; }
next_key_of() { depositaryd --data "$work/$1" --print-next-key-request 2>/dev/null; }
sealing_key() { depositary --connect "${replica[$1]}" --json health 2>/dev/null | python3 -c 'import base64, json, sys; print(base64.b64encode(bytes.fromhex(json.load(sys.stdin)["answer_key"])).decode())'; }

# Two replicas, filled from the office alone, each with a key of its own.
start_replica one
start_replica two
one=$(key_of one)
two=$(key_of two)
[[ $one != "$two" ]] || fail "two replicas have one key"
expect 0 depositary key authorise "$one" --holder 'replica one' --offline
printf '1. One.\n' >"$work/treaty.txt"
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --yes --offline
expect 0 depositary key authorise "$two" --holder 'replica two' --offline
eventually 20 depositary --connect "${replica[one]},${replica[two]}" office push
for name in one two; do
    eventually 20 depositary --connect "${replica[$name]}" health
    expect 0 depositary --connect "${replica[$name]}" get a-treaty 1
    [[ $(sealing_key $name) == "$([[ $name == one ]] && echo "$one" || echo "$two")" ]] || fail "$name seals with another key"
done
# What is signed goes to both, and to the other one where one is away; where the first is away nothing is signed, since nobody can say what it has.
printf '1. One!\n' >"$work/treaty.txt"
expect 0 depositary --connect "${replica[one]},${replica[two]}" rectify a-treaty "$work/treaty.txt" --remark 'a mark' --yes
for name in one two; do
    expect 0 depositary --connect "${replica[$name]}" get a-treaty 1
    contains "$work/out" "One!"
done
printf '1. One?\n' >"$work/treaty.txt"
expect 3 depositary --connect "${replica[two]},tcp://127.0.0.1:1" --timeout 5 rectify a-treaty "$work/treaty.txt" --remark 'another' --yes
contains "$work/err" "tcp://127.0.0.1:1: "
expect 0 depositary --connect "${replica[two]}" get a-treaty 1
contains "$work/out" "One?"
size=$(depositary --json office show | python3 -c 'import json, sys; print(json.load(sys.stdin)["ledger"]["size"])')
expect 3 depositary --connect "tcp://127.0.0.1:1,${replica[two]}" --timeout 5 office renew
[[ $(depositary --json office show | python3 -c 'import json, sys; print(json.load(sys.stdin)["ledger"]["size"])') == "$size" ]] || fail "signed though the first could not be asked"
expect 0 depositary --connect "${replica[one]},${replica[two]}" office push
expect 0 depositary --connect "${replica[one]}" key list
[[ $(grep -c active "$work/out") == 2 ]] || fail "not two active keys"

# A new key takes over while the service runs, and every call before, during and after holds.
next=$(next_key_of one)
[[ $(next_key_of one) == "$next" && $next != "$one" ]] || fail "the next key is not made once"
touch "$work/calling" "$work/called"
(while [[ -f $work/calling ]]; do
    depositary --connect "${replica[one]}" get a-treaty 1 >/dev/null 2>>"$work/calls.log" || echo failed >>"$work/failed"
    echo called >>"$work/called"
done) &
caller=$!
have_called() { (($(wc -l <"$work/called") >= $1)); }
call_on() { eventually 60 have_called $(($(wc -l <"$work/called") + 3)); } # at least two of them begin from here on
call_on
expect 0 depositary --connect "${replica[one]}" key authorise "$next" --holder 'replica one, second key'
seals_with() { [[ $(sealing_key "$1") == "$2" ]]; }
eventually 20 seals_with one "$next"
call_on
expect 0 depositary --connect "${replica[one]}" key revoke "$one" --remark 'replaced'
call_on
rm "$work/calling"
wait "$caller"
[[ ! -s $work/failed ]] || fail "calls failed while the key was replaced"
contains "$work/one.log" "another answer key seals from now on"
[[ ! -e $work/one/keys/answer-key.next ]] || fail "the key's file was not moved"
[[ $(key_of one) == "$next" ]] || fail "after a restart it would seal with another key"
expect 0 depositary --connect "${replica[one]}" get a-treaty 1
cp "$work/one/keys/answer-key" "$work/stolen"

# Revoked: refused from then on by every client, and the service says that it does not serve. The office still reaches it.
expect 0 depositary --connect "${replica[one]}" key revoke "$next" --remark 'stolen'
expect 4 depositary --connect "${replica[one]}" get a-treaty 1
no_text
contains "$work/err" revoked
expect 1 depositaryd --data "$work/one" --policy "$office/policy" --listen "${replica[one]}" --probe
curl -s "http://${web[one]}/readyz" >"$work/out"
contains "$work/out" revoked
third=$(next_key_of one)
expect 0 depositary --connect "${replica[one]}" key authorise "$third" --holder 'replica one, third key'
contains "$work/err" "its word proves nothing"
eventually 20 seals_with one "$third"
expect 0 depositary --connect "${replica[one]}" get a-treaty 1

# Expired: a warning while there is time, then not serving; a client tells the proofs of the text apart from the seal.
fourth=$(next_key_of one)
until=$(date -u -d '+9 seconds' +%Y-%m-%dT%H:%M:%SZ)
expect 0 depositary --connect "${replica[one]}" key authorise "$fourth" --holder 'replica one, fourth key' --until "$until"
eventually 8 seals_with one "$fourth"
eventually 6 grep -q "time is nearly over" "$work/one.log"
expect 0 depositary --connect "${replica[one]}" health
contains "$work/err" "good until $until"
curl -s "http://${web[one]}/readyz" >"$work/out"
contains "$work/out" "good until $until"
expired() { ! depositary --connect "${replica[one]}" health; }
eventually 20 expired
expect 4 depositary --connect "${replica[one]}" get a-treaty 1
no_text
contains "$work/err" "the proofs of the text hold"
expect 1 depositaryd --data "$work/one" --policy "$office/policy" --listen "${replica[one]}" --probe
curl -s -o "$work/out" -w '%{http_code}' "http://${web[one]}/readyz" >"$work/code"
[[ $(cat "$work/code") == 503 ]] || fail "ready with an expired key"
eventually 6 grep -q "time is over" "$work/one.log"
fifth=$(next_key_of one)
expect 0 depositary --connect "${replica[one]}" key authorise "$fifth" --holder 'replica one, fifth key'
eventually 20 seals_with one "$fifth"

# A key that begins later does not seal before.
later=$(next_key_of one)
from=$(($(date +%s) + 8)) # some looks of the service's at the keys are before it
expect 0 depositary --connect "${replica[one]}" key authorise "$later" --holder 'replica one, later' --from "$(date -u -d "@$from" +%Y-%m-%dT%H:%M:%SZ)"
before=0
while (($(date +%s) < from)); do
    sealed=$(sealing_key one) || sealed="nothing that a client takes"
    (($(date +%s) < from)) || break # its time may have come meanwhile
    [[ $sealed == "$fifth" ]] || fail "a key sealed before its time"
    before=$((before + 1))
    sleep 0.2
done
((before > 0)) || fail "the key's time had come before anything was asked"
eventually 20 seals_with one "$later"

# A key that no record authorises: whoever steals a policy and invents a key convinces nobody.
stop_daemon "${pid[two]}"
head -c 32 /dev/urandom | base64 | sed 's/^/depositary\/answer-key\/v1\nseed /' >"$work/two/keys/answer-key"
start_replica two
not_serving() { code=0; depositary --connect "${replica[two]}" --timeout 2 get a-treaty 1 || code=$?; [[ $code == 4 ]]; }
eventually 20 not_serving
no_text
