#!/usr/bin/env bash
# Goal of this test: whatever a server answers to the verbs of the office, nothing is signed that could be a fork, nothing more is sent than what the
# office keeps, and each lie ends with its exit code: 4 where something is shown that an honest server could not show, 5 where it refuses, 3 where it
# says that it has taken what it does not show, and 0 only where it shows it.
source "$(dirname "$0")/lib.sh"

origin=office.test/ledger
export DEPOSITARY_OFFICE=$work/office DEPOSITARY_POLICY=$work/office/policy
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
printf 'instrument b-treaty\nlanguage en\ntitle B Treaty\nauthenticity authentic\n' >"$work/about.b"
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
printf '1. One.\n\n2. Two!\n' >"$work/treaty2.txt"
office_size() { depositary --json office show | python3 -c 'import json, sys; print(json.load(sys.stdin)["ledger"]["size"])'; }

# start_server NAME OFFICE: a true server of that office's policy; sets url.
start_server() {
    url=tcp://127.0.0.1:$(free_port)
    depositaryd --data "$work/$1" --policy "$2/policy" --listen "$url" --http none 2>>"$work/$1.log" &
    daemons+=($!)
    for _ in $(seq 100); do
        local code=0
        depositary --connect "$url" --policy "$2/policy" --timeout 1 checkpoint >/dev/null 2>&1 || code=$?
        [[ $code == 3 ]] || return 0
        sleep 0.1
    done
    fail "server $1 does not answer"
}

# note_of OFFICE: the checkpoint of the server at $url, as one sees it who has seen nothing before.
note_of() { XDG_STATE_HOME=$(mktemp -d -p "$work") depositary --connect "$url" --policy "$1/policy" checkpoint 2>/dev/null; }

# The true ledger at two sizes, and another that grew from it under the same key at two sizes: what an old back-up could have signed.
depositary office init "$work/office" --origin "$origin" --spare "$work/safe" --no-passphrase >/dev/null 2>&1
start_server main "$work/office"
main=$url
export DEPOSITARY_CONNECT=$main
key=$(depositaryd --data "$work/main" --print-key-request 2>/dev/null)
expect 0 depositary key authorise "$key" --holder main
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --yes
note_of "$work/office" >"$work/own.note"
cp -r "$work/office" "$work/twin"
cp -r "$work/office" "$work/yesterday"
mkdir -m 700 "$work/other"
cp -r "$work/main/keys" "$work/other/keys" # the answer key that both ledgers know
start_server other "$work/twin"
twin=(--connect "$url" --office "$work/twin")
expect 0 depositary office push "${twin[@]}"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about.b" --yes "${twin[@]}"
note_of "$work/twin" >"$work/fork.note"
expect 0 depositary office renew "${twin[@]}"
note_of "$work/twin" >"$work/longer.note"
depositary office init "$work/stranger" --origin "$origin" --spare "$work/stranger-safe" --no-passphrase >/dev/null 2>&1
start_server foreign "$work/stranger"
key_there=$(depositaryd --data "$work/foreign" --print-key-request 2>/dev/null)
expect 0 depositary --connect "$url" --policy "$work/stranger/policy" key authorise "$key_there" --holder there --office "$work/stranger"
note_of "$work/stranger" >"$work/stranger.note"
expect 0 depositary rectify a-treaty "$work/treaty2.txt" --remark 'a mark' --yes
url=$main
note_of "$work/office" >"$work/newest.note"
[[ $(sed -n 2p "$work/own.note") -lt $(sed -n 2p "$work/newest.note") && $(sed -n 2p "$work/newest.note") == $(sed -n 2p "$work/fork.note") &&
    $(sed -n 2p "$work/fork.note") -lt $(sed -n 2p "$work/longer.note") ]] || fail "the sizes are not those of the test"
printf 'not a note at all\n' >"$work/garbage.note"
python3 -c 'print("x" * 20000)' >"$work/huge.note"

url=tcp://127.0.0.1:$(free_port)
coproc LIAR { exec "$DEPOSITARY_BIN/office_liar" "$url" "$origin" 2>"$work/liar.log"; }
daemons+=("$LIAR_PID")
read -r _ <&"${LIAR[0]}"
export DEPOSITARY_CONNECT=$url
tell() {
    local line
    echo "$*" >&"${LIAR[1]}"
    : >"$work/told"
    while read -r line <&"${LIAR[0]}" && [[ $line != ok ]]; do
        [[ $line != "what?" ]] || fail "the liar does not understand: $*"
        echo "$line" >>"$work/told"
    done
    [[ $line == ok ]] || fail "the liar is gone"
}

# What is shown before anything is signed: every verb that signs is stopped by a fork, and by a seal that is none; nothing is kept, nothing sent.
rows=0
before=$(office_size)
while IFS=$'\t' read -r lie said; do
    for verb in "office renew" "key revoke $key" "rectify a-treaty $work/treaty.txt --remark again --yes" \
        "deposit $work/treaty.txt --about $work/about.b --yes" "office push"; do
        tell truth
        tell "$lie"
        # shellcheck disable=SC2086 # words
        expect 4 depositary $verb
        contains "$work/err" "$said"
        [[ $(office_size) == "$before" ]] || fail "$verb signed after: $lie"
        tell asked
        contains "$work/told" "appends 0 clauses 0"
        rows=$((rows + 1))
    done
done <<END
checkpoint $work/fork.note	old back-up
checkpoint $work/longer.note	old back-up
checkpoint $work/huge.note	
seal signature	signature
seal place	batch
seal origin	another.example/ledger
seal none	seal
END
# This office's own newest is what the office of yesterday lacks.
tell truth
tell checkpoint "$work/newest.note"
expect 4 depositary office renew --office "$work/yesterday"
contains "$work/err" "old back-up"
expect 4 depositary office push --office "$work/yesterday"

# What is answered to what is sent: nothing more is sent than what is kept, it is sent no endless number of times, and it is not called served before the
# server has shown it.
push_lied() {
    while IFS=$'\t' read -r code lies appends said; do
        tell truth
        IFS=';' read -ra each <<<"$lies"
        for lie in "${each[@]}"; do tell "$lie"; done
        expect "$code" depositary --timeout $((code == 3 ? 1 : 30)) office push
        [[ -z $said ]] || contains "$work/err" "$said"
        tell asked
        read -r _ sent _ clauses <"$work/told"
        [[ $sent == "$appends" && $clauses -le 8 ]] || fail "$lies: $sent appends with $clauses clauses"
        [[ $(office_size) == "$before" ]] || fail "signed after: $lies"
        rows=$((rows + 1))
    done
}
push_lied <<END
3	checkpoint none	3	after 1 s it shows 0
3	checkpoint $work/garbage.note	3	after 1 s it shows 0
3	checkpoint $work/stranger.note	3	proves nothing
3	checkpoint $work/own.note	1	not kept what it was sent
0	checkpoint none;append keep	3	proves nothing
0	checkpoint $work/own.note;append keep	1	proves nothing
0	checkpoint $work/newest.note	0	
3	append missing	4	after 1 s it shows 0
4	append less	1	after an append that makes them
5	append refuse	1	not from you
5	checkpoint $work/own.note;append always-missing	4	again and again
5	checkpoint $work/own.note;append missing-past	1	not in this append
5	checkpoint $work/own.note;append missing-unknown	1	not in this append
4	checkpoint $work/own.note;append missing-none	1	
4	checkpoint $work/own.note;append missing;put more	1	more clauses were received than were sent
5	checkpoint $work/own.note;append always-missing;put lost	4	again and again
END
# The same with an answer key of this ledger, so that its word proves what it claims.
tell key
liars=$(cat "$work/told")
expect 0 depositary --connect "$main" key authorise "$liars" --holder liar
before=$(office_size)
push_lied <<END
3	checkpoint $work/own.note	2	not kept what it was sent
4	checkpoint $work/own.note;append keep	2	it shows the checkpoint, and not a-treaty en edition 2
END
((rows >= 53)) || fail "only $rows lies"

# After all of it the true server is served as if nothing had been.
export DEPOSITARY_CONNECT=$main
expect 0 depositary office push
expect 0 depositary office renew
expect 0 depositary audit
contains "$work/out" "as of"
echo "$rows lies"
