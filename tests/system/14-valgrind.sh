#!/usr/bin/env bash
# Goal of this test: a daemon that served 10,000 mixed calls and was drained has lost no memory and read none that it should not.
source "$(dirname "$0")/lib.sh"

if is_sanitized SANITIZE; then
    echo "SKIPPED: valgrind cannot run a program built with a sanitizer; the plain suite runs this test"
    exit 77
fi

WRAPPER="valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite --log-file=$work/valgrind.log"
start_daemon load
WRAPPER=

cd "$work" || exit
proto=(-I "$DEPOSITARY_SOURCE/proto" -I /usr/include)
escape() { od -An -v -to1 "$1" | tr -d '\n' | sed 's/ /\\/g'; }
count=0
# request SERVICE METHOD FILE MESSAGE
request() {
    local package=depositary.v1 type=$2
    printf '%s' "$4" | protoc "${proto[@]}" --encode="$package.${type}Request" "depositary/v1/$3.proto" >message
    head -c 32 /dev/urandom >nonce
    printf 'method: "/%s.%s/%s" message: "%s" nonce: "%s"' "$package" "$1" "$2" "$(escape message)" "$(escape nonce)" |
        protoc "${proto[@]}" --encode=depositary.v1.Request depositary/v1/rpc.proto >"request.$count"
    count=$((count + 1))
}
request DepositaryService GetClause depositary "name { instrument: \"$instrument\" eid: \"cl_11\" }"
request DepositaryService GetClause depositary "name { instrument: \"$instrument\" eid: \"cl_4__p_2\" }"
request DepositaryService GetClause depositary "name { instrument: \"$instrument\" eid: \"cl_99\" }"
request DepositaryService GetClause depositary 'name { instrument: "none" eid: "cl_1" }'
request DepositaryService GetInstrument depositary "instrument: \"$instrument\""
request DepositaryService ListClauses depositary "instrument: \"$instrument\" page_size: 5"
request DepositaryService ListInstruments depositary ''
request DepositaryService SearchClauses depositary 'query: "\"Belt and Road\" OR silk*"'
request DepositaryService CheckQuote depositary 'quote: "firmly opposes any form of"'
request DepositaryService CheckQuote depositary 'quote: "no such words stand in this text anywhere at all"'
request LedgerService GetCheckpoint ledger ''
request LedgerService ListEntries ledger ''
request LedgerService GetInclusionProof ledger 'index: 0'
request LedgerService GetConsistencyProof ledger 'old_size: 1'
head -c 200 /dev/urandom >"request.$count"

python3 - "${url##*:}" "$DEPOSITARY_SOURCE/tests/system" <<'PYTHON'
import glob, sys
sys.path.insert(0, sys.argv[2])
import sp
requests = [open(name, "rb").read() for name in sorted(glob.glob("request.*"))]
connections = [sp.Requester("127.0.0.1", int(sys.argv[1]), timeout=60) for _ in range(4)]
sent = 0
while sent < 10000:
    # A request socket holds one call in flight a connection unless it asks for more: 16 are pipelined here.
    for connection in connections:
        ids = {connection.send(requests[(sent + i) % len(requests)]) for i in range(16)}
        sent += len(ids)
        while ids:
            ids.remove(connection.receive()[0])
print(sent, "calls")
PYTHON
stop_daemon "$daemon"
[[ ! -s $work/valgrind.log ]] || { cat "$work/valgrind.log" >&2; fail "valgrind found something"; }
