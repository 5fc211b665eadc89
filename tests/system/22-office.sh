#!/usr/bin/env bash
# Goal of this test: a clerk's office from its first day to the day its key is retired: sealed keys, a back-up and a restore drill, servers that lie,
# forget and lose answers, and never a fork; and a new key under which a new server is filled from the office alone.
source "$(dirname "$0")/lib.sh"

office=$work/office
export DEPOSITARY_OFFICE=$office DEPOSITARY_POLICY=$office/policy
printf 'correct horse battery staple\n' >"$work/pass"
chmod 600 "$work/pass"
printf 'wrong\n' >"$work/wrong"
chmod 600 "$work/wrong"
pass=(--passphrase-file "$work/pass")

# start_server NAME [POLICY]: on its own folder; its URL in the array server, its pid in pid.
declare -A server pid
start_server() {
    server[$1]=tcp://127.0.0.1:$(free_port)
    depositaryd --data "$work/$1" --policy "${2:-$office/policy}" --listen "${server[$1]}" --http none 2>>"$work/$1.log" &
    pid[$1]=$!
    daemons+=($!)
    local code
    for _ in $(seq 100); do # until it answers, whatever it says
        code=0
        depositary --connect "${server[$1]}" --policy "${2:-$office/policy}" --timeout 1 checkpoint >/dev/null 2>&1 || code=$?
        [[ $code == 3 ]] || return 0
        kill -0 "${pid[$1]}" || fail "server $1 ended"
        sleep 0.1
    done
    fail "server $1 does not answer"
}
size_of() { depositary --connect "${server[$1]}" checkpoint 2>/dev/null | sed -n 2p; }
office_size() { depositary --json office show | python3 -c 'import json, sys; print(json.load(sys.stdin)["ledger"]["size"])'; }

# The first day: keys are sealed, and the spare lies elsewhere.
expect 0 depositary office init "$office" --origin office.test/ledger --spare "$work/safe" "${pass[@]}"
[[ $(stat -c %a "$office") == 700 && $(stat -c %a "$office/key") == 600 && $(stat -c %a "$work/safe/spare-key") == 600 ]] || fail "modes"
grep -q '^protection argon2id ' "$office/key" && grep -q '^protection argon2id ' "$work/safe/spare-key" || fail "a key is not sealed"
[[ $(grep -c '^log ' "$office/policy") == 2 ]] || fail "the policy does not pin two keys"
expect 2 depositary office init "$work/office2" --origin office.test/ledger "${pass[@]}"
expect 2 depositary office init "$work/office2" --origin office.test/ledger --spare "$work/office2/spare" "${pass[@]}"
start_server main
key=$(depositaryd --data "$work/main" --print-key-request 2>/dev/null)
export DEPOSITARY_CONNECT=${server[main]}
expect 5 depositary key authorise "$key" --holder main --passphrase-file "$work/wrong"
contains "$work/err" passphrase
[[ $(office_size) == 0 ]] || fail "signed with a wrong passphrase"
expect 0 depositary key authorise "$key" --holder main "${pass[@]}"
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --yes "${pass[@]}"
expect 0 depositary get a-treaty 2
expect 0 depositary certify a-treaty -o "$work/old-copies"

# A back-up, while the server runs; not into a folder that has something in it; and it is a whole office.
expect 0 depositary office backup "$work/back-up"
contains "$work/out" "4 entries"
expect 5 depositary office backup "$work/back-up"
expect 0 depositary office show --office "$work/back-up"
contains "$work/out" "entries   4"
[[ $(stat -c %a "$work/back-up") == 700 && $(stat -c %a "$work/back-up/key") == 600 ]] || fail "modes of the back-up"
sqlite3 "$work/back-up/ledger.db" 'PRAGMA journal_mode=DELETE' >/dev/null
LC_ALL=C sed -i 's/A Treaty/A Treatz/' "$work/back-up/ledger.db"
expect 5 depositary office show --office "$work/back-up"
contains "$work/err" "is not what its leaf hash says"
rm -r "$work/back-up"
expect 0 depositary office backup "$work/back-up"

# The drill: the office burns down, and the back-up takes its place. Nothing was signed since: work goes on.
rm -r "$office"
cp -r "$work/back-up" "$office"
expect 0 depositary office renew "${pass[@]}"
[[ $(size_of main) == 5 ]] || fail "the restored office does not go on"

# The same with an old back-up: stopped before it signs, by the server that knows more; and nothing is sent either.
rm -r "$office"
cp -r "$work/back-up" "$office"
expect 4 depositary office renew "${pass[@]}"
contains "$work/err" "old back-up"
contains "$work/err" "nothing was kept or sent"
expect 4 depositary office push
[[ $(office_size) == 4 && $(size_of main) == 5 ]] || fail "an old back-up signed"
# Signed all the same, by someone who asked nobody: the server refuses the fork, and the office finds out.
expect 0 depositary key revoke "$key" --offline "${pass[@]}"
expect 4 depositary office push
contains "$work/err" "old back-up"
[[ $(size_of main) == 5 ]] || fail "the server took a fork"
expect 0 depositary get a-treaty 2

# Without the office that signed last the ledger goes no further; another depositary begins.
rm -r "$office" "$work/safe"
stop_daemon "${pid[main]}"
rm -r "$work/main"
expect 0 depositary office init "$office" --origin office.test/second --spare "$work/safe" --no-passphrase
pass=()
start_server main
key=$(depositaryd --data "$work/main" --print-key-request 2>/dev/null)
export DEPOSITARY_CONNECT=${server[main]}
expect 0 depositary key authorise "$key" --holder main "${pass[@]}"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --yes "${pass[@]}"
expect 0 depositary certify a-treaty -o "$work/old-copies"

# A server that forgets: its folder of yesterday comes back. What is signed extends the office's own last, and the server is filled again.
stop_daemon "${pid[main]}"
cp -r "$work/main" "$work/yesterday"
start_server main
export DEPOSITARY_CONNECT=${server[main]}
expect 0 depositary office renew "${pass[@]}"
stop_daemon "${pid[main]}"
rm -r "$work/main"
mv "$work/yesterday" "$work/main"
start_server main
export DEPOSITARY_CONNECT=${server[main]}
[[ $(size_of main) == 4 || -z $(size_of main) ]] || fail "the server did not forget"
printf '1. One.\n\n2. Two!\n' >"$work/treaty2.txt"
expect 0 depositary rectify a-treaty "$work/treaty2.txt" --remark 'a mark' --yes "${pass[@]}"
[[ $(office_size) == 7 ]] || fail "not signed on top of the office's own last"
expect 0 depositary get a-treaty 2
contains "$work/out" "Two!"
expect 0 depositary audit

# A server of another depositary under the same name teaches nothing and gets nothing.
expect 0 depositary office init "$work/other" --origin office.test/second --spare "$work/other-safe" --no-passphrase
start_server foreign "$work/other/policy"
foreign_key=$(depositaryd --data "$work/foreign" --print-key-request 2>/dev/null)
expect 0 depositary --connect "${server[foreign]}" --policy "$work/other/policy" key authorise "$foreign_key" --holder foreign --office "$work/other"
before=$(office_size)
code=0
depositary --connect "${server[foreign]}" office renew "${pass[@]}" >"$work/out" 2>"$work/err" || code=$?
[[ $code == 5 ]] || { cat "$work/err" >&2; fail "exit code $code from another depositary's server"; }
[[ $(office_size) == $((before + 1)) ]] || fail "a stranger's checkpoint changed what is signed"
expect 0 depositary office push
[[ $(size_of main) == $((before + 1)) ]] || fail "what was signed is not served"

# Answers that are lost, each in its turn: whatever was done, pushing again leads to the same ledger.
printf '1. One.\n\n2. Two!\n\n3. Three.\n' >"$work/treaty3.txt"
for lost in 0 1 2 3; do
    port=$(free_port)
    python3 "$DEPOSITARY_SOURCE/tests/system/proxy.py" "$port" "${server[main]##*:}" "$lost" lost >/dev/null 2>&1 &
    proxy=$!
    daemons+=("$proxy")
    for _ in $(seq 50); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done # the first is taken by this
    sed -i "\$a\\
$lost. More." "$work/treaty3.txt"
    code=0
    depositary --connect "tcp://127.0.0.1:$port" --timeout 5 rectify a-treaty "$work/treaty3.txt" --remark "number $lost" --yes "${pass[@]}" >"$work/out" 2>"$work/err" || code=$?
    kill "$proxy"
    [[ $code != 4 ]] || { cat "$work/err" >&2; fail "a lost answer was taken for a fork"; }
    expect 0 depositary office push
    [[ $(size_of main) == $(office_size) ]] || fail "office and server differ after answer $lost was lost"
done
expect 0 depositary audit

# The office's machine dies at any moment of a deposit: what left it is there when it comes up again, so it goes on, and never a fork.
for moment in 0.005 0.02 0.03 0.04 0.05 0.06 0.08 0.1; do
    sed -i "\$a\\
$moment. And more." "$work/treaty3.txt"
    depositary rectify a-treaty "$work/treaty3.txt" --remark "killed after $moment s" --yes >/dev/null 2>&1 &
    victim=$!
    sleep "$moment"
    kill -KILL "$victim" 2>/dev/null || true
    wait "$victim" 2>/dev/null || true
    expect 0 depositary office push
    [[ $(size_of main) == $(office_size) ]] || fail "office and server differ after a death at $moment s"
done
expect 0 depositary audit

# Retiring: the key is lost, and the spare takes over. An audience with the old policy is served on, since that pins the spare.
size=$(office_size)
cp "$office/policy" "$work/old.policy"
cp "$office/key" "$work/stolen-key"
rm "$office/key"
expect 2 depositary office retire --spare "$work/safe2" --yes "${pass[@]}"
expect 2 depositary office retire --spare-key "$work/other-safe/spare-key" --spare "$work/safe2" --yes "${pass[@]}"
[[ ! -e $work/safe2/spare-key ]] || fail "a stranger's key retired ours"
expect 0 depositary office retire --spare-key "$work/safe/spare-key" --spare "$work/safe2" --yes "${pass[@]}"
contains "$work/err" "destroy that copy"
cmp "$office/key" "$work/safe/spare-key" || fail "the spare is not the office's key"
cmp "$office/policy-until-$((size + 1))" "$work/old.policy" || fail "the old policy is not kept"
[[ $(stat -c %a "$work/safe2/spare-key") == 600 ]] || fail "mode of the new spare"
expect 0 depositary --policy "$work/old.policy" get a-treaty 2
expect 0 depositary --policy "$office/policy" get a-treaty 2
expect 0 depositary --policy "$work/old.policy" verify "$work/old-copies/a-treaty.en.1.cl_2.record"
expect 4 depositary --policy "$office/policy" verify "$work/old-copies/a-treaty.en.1.cl_2.record"
no_text
expect 0 depositary certify a-treaty -o "$work/new-copies"
expect 0 depositary verify "$work/new-copies/a-treaty.en.$(ls "$work/new-copies" | sed -n 's/a-treaty\.en\.\([0-9]*\)\..*/\1/p' | head -1).cl_2.record"

# The server goes on under the new policy, and a new one is filled from the office alone, checkpoint by checkpoint.
stop_daemon "${pid[main]}"
start_server main
export DEPOSITARY_CONNECT=${server[main]}
expect 0 depositary office renew "${pass[@]}"
start_server new
new_key=$(depositaryd --data "$work/new" --print-key-request 2>/dev/null)
expect 0 depositary key authorise "$new_key" --holder new "${pass[@]}"
expect 0 depositary --connect "${server[new]}" office push
contains "$work/out" "checkpoints sent"
expect 0 depositary --connect "${server[new]}" audit
[[ $(size_of new) == $(size_of main) ]] || fail "the new server lacks something"
expect 0 depositary --connect "${server[new]}" --policy "$work/old.policy" audit

# The stolen key signs nothing that anybody under the new policy takes.
cp -r "$office" "$work/thief"
cp "$work/stolen-key" "$work/thief/key"
expect 2 depositary office renew --office "$work/thief" "${pass[@]}"
contains "$work/err" "no ledger key of the office's policy"
cp "$work/old.policy" "$work/thief/policy"
expect 5 depositary office renew --office "$work/thief" --policy "$work/old.policy" "${pass[@]}"
contains "$work/err" "none of the policy's keys"
[[ $(size_of main) == $(office_size) ]] || fail "the stolen key signed for the server"
expect 0 depositary office show
