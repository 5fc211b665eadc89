#!/usr/bin/env bash
# Goal of this test: under a policy with a quorum, what the office signs is cosigned before it is served; a checkpoint without its cosignatures
# is served to nobody; a witness that is away, lies, or has seen another ledger is told, and never gets a fork signed.
source "$(dirname "$0")/lib.sh"

command -v openssl >/dev/null || { echo "no openssl: skipped" >&2; exit 77; }
office=$work/office
expect 0 depositary office init "$office" --origin treaties.test/ledger --spare "$work/spare" --no-passphrase
mapfile -t logs < <(awk '$1 == "log" { print $2 }' "$office/policy")

# start_witness NAME: sets its URL and key in the arrays witness_url and witness_key.
declare -A witness_url witness_key witness_pid
start_witness() {
    local port
    port=$(free_port)
    rm -f "$work/$1.key"
    python3 "$DEPOSITARY_SOURCE/tests/system/witness.py" "$port" "$1.example" "$work/$1" "${logs[@]}" >"$work/$1.key" 2>"$work/$1.log" &
    witness_pid[$1]=$!
    daemons+=($!)
    for _ in $(seq 300); do [[ ! -s $work/$1.key ]] || break; sleep 0.1; done
    [[ -s $work/$1.key ]] || fail "witness $1 did not start"
    witness_url[$1]=http://127.0.0.1:$port/prefix
    witness_key[$1]=$(cat "$work/$1.key")
}
start_witness one
start_witness two

# Two of two. The policy of clients names no URLs.
write_policy() { # QUORUM-LINE...
    { for log in "${logs[@]}"; do echo "log $log"; done
      echo "witness one ${witness_key[one]} ${witness_url[one]}"
      echo "witness two ${witness_key[two]} ${witness_url[two]}"
      printf '%s\n' "$@"; } >"$office/policy"
}
write_policy 'group both all one two' 'quorum both'
cp "$office/policy" "$work/policy"

# A server of its own, which never has the ledger key.
url=tcp://127.0.0.1:$(free_port)
key=$(depositaryd --data "$work/server" --policy "$work/policy" --print-key-request 2>/dev/null)
depositaryd --data "$work/server" --policy "$work/policy" --listen "$url" --http none 2>>"$work/server.log" &
daemons+=($!)
export DEPOSITARY_CONNECT=$url DEPOSITARY_OFFICE=$office DEPOSITARY_POLICY=$work/policy
for _ in $(seq 100); do
    code=0
    depositary --timeout 1 checkpoint >/dev/null 2>&1 || code=$?
    [[ $code == 3 ]] || break
    sleep 0.1
done

# What is signed goes to the witnesses first; then it is served, with both cosignatures.
expect 0 depositary key authorise "$key" --holder 'test server'
wait_ready "$url" "$work/policy" $$ || fail "not serving after its key was authorised"
expect 0 depositary checkpoint
cp "$work/out" "$work/old.note"
[[ $(grep -c '^— ' "$work/out") == 3 ]] || fail "not one signature and two cosignatures"
contains "$work/out" "— one.example "
contains "$work/out" "— two.example "
openssl version >/dev/null

# A second checkpoint: the witnesses want the proof that it extends the first.
cat >"$work/treaty.about" <<'E2'
instrument a-treaty
language en
title A Treaty
authenticity authentic
E2
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/treaty.about" --yes
expect 0 depositary get a-treaty 1
contains "$work/out" "One."
size=$(depositary checkpoint 2>/dev/null | sed -n 2p)

# A lying witness: whatever it does, no checkpoint without the quorum is sent, and the one before is still served and verified.
for lie in cut stranger bad huge conflict wander twice; do
    echo "$lie" >"$work/two/lie"
    code=0
    depositary office renew >"$work/out" 2>"$work/err" || code=$?
    [[ $code != 0 ]] || fail "sent with the witness's lie $lie"
    contains "$work/err" "${witness_url[two]}"
    expect 0 depositary get a-treaty 1
    [[ $(depositary checkpoint 2>/dev/null | sed -n 2p) == "$size" ]] || fail "served without a quorum after the lie $lie"
    expect 0 depositary office show
    contains "$work/out" "witnesses 2, quorum not met"
    # and nothing is signed on top of it until it is cosigned
    expect 4 depositary office renew
    contains "$work/err" "office cosign"
    rm "$work/two/lie"
    expect 0 depositary office cosign
    size=$(depositary checkpoint 2>/dev/null | sed -n 2p)
done

# A witness that is away: the same, and its URL can be given by hand when it is back.
kill "${witness_pid[two]}" && wait "${witness_pid[two]}" 2>/dev/null || true
code=0
depositary office renew >"$work/out" 2>"$work/err" || code=$?
[[ $code != 0 ]] || fail "sent though a witness was away"
contains "$work/err" "not yet served"
expect 4 depositary office push
contains "$work/err" "too few cosignatures"
[[ $(depositary checkpoint 2>/dev/null | sed -n 2p) == "$size" ]] || fail "pushed without a quorum"
start_witness two
expect 0 depositary office cosign "${witness_url[two]}"
[[ $(depositary checkpoint 2>/dev/null | sed -n 2p) == $((size + 1)) ]] || fail "not served once it was cosigned"

# A server under the same policy takes no checkpoint that lacks the quorum over one that has it: not even from a careless office.
sed -i 's/^quorum .*/quorum none/' "$office/policy"
touch "$work/two/lie" && echo conflict >"$work/two/lie"
expect 5 depositary office renew
contains "$work/err" "too few of the policy's witnesses cosigned"
cp "$work/policy" "$office/policy"
rm "$work/two/lie"
write_policy 'group both all one two' 'quorum both' # the new URL of the second witness
expect 0 depositary office cosign
expect 0 depositary get a-treaty 1

# Where the quorum is met without it, a witness that lies is told, and holds nothing up.
write_policy 'group either any one two' 'quorum either'
cp "$office/policy" "$work/either.policy"
other=tcp://127.0.0.1:$(free_port)
other_key=$(depositaryd --data "$work/other" --policy "$work/either.policy" --print-key-request 2>/dev/null)
depositaryd --data "$work/other" --policy "$work/either.policy" --listen "$other" --http none 2>>"$work/other.log" &
daemons+=($!)
expect 0 depositary key authorise "$other_key" --holder 'other server' --offline
expect 0 depositary office cosign --offline
for _ in $(seq 100); do depositary --connect "$other" office push >/dev/null 2>&1 && break; sleep 0.1; done
expect 0 depositary --connect "$other" get a-treaty 1
for lie in cut huge conflict; do
    echo "$lie" >"$work/two/lie"
    expect 0 depositary --connect "$other" office renew
    contains "$work/err" "no cosignature: "
    contains "$work/err" "it asks for more cosignatures" # the readers' policy, which is not the office's here
    contains "$work/err" "${witness_url[two]}"
    expect 5 depositary --connect "$other" office cosign "${witness_url[two]}"
    rm "$work/two/lie"
    expect 0 depositary --connect "$other" office cosign
done
write_policy 'group both all one two' 'quorum both'
expect 0 depositary office push

# A policy asks for one more witness, from now on: a new server under it is filled through the checkpoints of before, and does not serve until the last
# one is cosigned; then it does, and its note has the line that came later.
start_witness three
sed "s|^group.*|witness three ${witness_key[three]} ${witness_url[three]}\ngroup all3 all one two three|; s|^quorum.*|quorum all3|" "$office/policy" >"$work/strict.policy"
strict=tcp://127.0.0.1:$(free_port)
strict_key=$(depositaryd --data "$work/strict" --policy "$work/strict.policy" --print-key-request 2>/dev/null)
depositaryd --data "$work/strict" --policy "$work/strict.policy" --listen "$strict" --http none 2>>"$work/strict.log" &
daemons+=($!)
expect 0 depositary key authorise "$strict_key" --holder 'strict server'
for _ in $(seq 100); do depositary --connect "$strict" office push >/dev/null 2>&1 && break; sleep 0.1; done
expect 1 depositaryd --data "$work/strict" --policy "$work/strict.policy" --listen "$strict" --probe
expect 4 depositary --connect "$strict" --policy "$work/strict.policy" get a-treaty 1
no_text
contains "$work/err" "too few of the policy's witnesses"
cp "$office/policy" "$work/before.policy"
cp "$work/strict.policy" "$office/policy"
expect 0 depositary --connect "$strict" --policy "$work/strict.policy" office cosign
contains "$work/out" "1 cosignatures more"
expect 0 depositaryd --data "$work/strict" --policy "$work/strict.policy" --listen "$strict" --probe
expect 0 depositary --connect "$strict" --policy "$work/strict.policy" get a-treaty 1
cp "$work/before.policy" "$office/policy"

# An office restored from an old back-up is stopped by a witness, even where the server knows nothing of what was signed since.
cp -r "$office" "$work/back-up"
expect 0 depositary office renew --offline
expect 0 depositary office cosign --offline
rm -r "$office"
cp -r "$work/back-up" "$office"
expect 4 depositary office renew
contains "$work/err" "larger ledger"
contains "$work/err" "old back-up"

# A client under a policy that asks for a witness that never cosigned what this server has gets nothing.
expect 4 depositary --policy "$work/strict.policy" get a-treaty 1
no_text
contains "$work/err" "too few of the policy's witnesses"

# Without a quorum in the client's policy it is served.
sed 's/^quorum.*/quorum none/' "$work/policy" >"$work/lax.policy"
expect 0 depositary --policy "$work/lax.policy" get a-treaty 1
