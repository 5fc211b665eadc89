#!/usr/bin/env bash
# Goal of this test: what the office signs is on its disk before it leaves: no record goes to a server, and no checkpoint to a witness, while anything of
# its ledger is written and not synced.
source "$(dirname "$0")/lib.sh"

need_shim order
office=$work/office
expect 0 depositary office init "$office" --origin order.test/ledger --spare "$work/spare" --no-passphrase
mapfile -t logs < <(awk '$1 == "log" { print $2 }' "$office/policy")
port=$(free_port)
python3 "$DEPOSITARY_SOURCE/tests/system/witness.py" "$port" one.example "$work/one" "${logs[@]}" >"$work/one.key" 2>"$work/one.log" &
daemons+=($!)
for _ in $(seq 300); do [[ ! -s $work/one.key ]] || break; sleep 0.1; done
sed -i "s|^quorum.*|witness one $(cat "$work/one.key") http://127.0.0.1:$port\nquorum one|" "$office/policy"
export DEPOSITARY_OFFICE=$office DEPOSITARY_POLICY=$office/policy
url=tcp://127.0.0.1:$(free_port)
export DEPOSITARY_CONNECT=$url
key=$(depositaryd --data "$work/server" --policy "$office/policy" --print-key-request 2>/dev/null)
depositaryd --data "$work/server" --policy "$office/policy" --listen "$url" --http none 2>>"$work/server.log" &
daemons+=($!)
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"

# judge: every send comes when all that was written is synced; there are sends of both kinds, and writes before an append. (Before it signs, the office
# shows the witness the checkpoint of before.)
judge() {
    awk '$1 == "write" { open[$2] = 1; writes++ } $1 == "sync" { delete open[$2] }
        $1 == "send" { sends[$2]++; for (file in open) bad = bad " " file; if ($2 == "append" && !writes) bad = bad " nothing" }
        END { if (bad) print "sent before it was on disk:" bad; if (!sends["append"] || !sends["checkpoint"]) print "nothing was sent" }' "$1"
}
for _ in $(seq 100); do # until the server listens
    rm -f "$work/order"
    ORDER_LOG=$work/order LD_PRELOAD=$shim depositary key authorise "$key" --holder server >"$work/out" 2>"$work/err" && break
    sleep 0.1
done
[[ -z $(judge "$work/order") ]] || { cat "$work/order"; fail "key authorise: $(judge "$work/order")"; }
rm "$work/order"
ORDER_LOG=$work/order LD_PRELOAD=$shim depositary deposit "$work/treaty.txt" --about "$work/about" --yes >"$work/out" 2>"$work/err" || fail "deposit: $(cat "$work/err")"
[[ -z $(judge "$work/order") ]] || { cat "$work/order"; fail "deposit: $(judge "$work/order")"; }
expect 0 depositary get a-treaty 1

# The judge itself sees a sync that is missing.
grep -v '^sync' "$work/order" >"$work/unsynced"
[[ $(judge "$work/unsynced") == *"sent before it was on disk"* ]] || fail "a missing sync is not seen"
