#!/usr/bin/env bash
# Goal of this test: nanomsg's own program calls every method, and each answer has a seal that holds over exactly that request. Skipped where
# nanocat (nanomsg-utils) is not there.
source "$(dirname "$0")/lib.sh"
command -v nanocat >/dev/null || { echo "skipped: no nanocat (nanomsg-utils)"; exit 77; }

start_daemon nanomsg
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system
cd "$work"
python3 - <<'PYTHON'
import rpc
from rpc import STATEMENT, field, request

D, L = "/depositary.v1.DepositaryService/", "/depositary.v1.LedgerService/"
calls = {
    D + "GetInstrument": field(1, STATEMENT), D + "ListInstruments": b"", D + "ListClauses": field(1, STATEMENT), D + "GetClause": rpc.clause("cl_1"),
    D + "SearchClauses": field(1, "tourism"), D + "CheckQuote": field(1, "ti engage"), D + "ResolveCitation": field(1, "Joint Statement, para 7"),
    L + "GetCheckpoint": b"", L + "GetInclusionProof": field(1, 1), L + "GetConsistencyProof": field(1, 1), L + "ListEntries": b"",
    L + "GetAnswerKey": field(1, b"\1" * 32), L + "AppendEntries": b"", L + "PutClauses": b"", rpc.DESCRIPTORS: b"", rpc.HEALTH: b"",
}
for number, (method, message) in enumerate(calls.items()):
    with open(f"call-{number:02}", "wb") as out:
        out.write(request(method, message))
PYTHON
for call in call-*; do
    nanocat --req --connect "$url" --file "$call" --raw --recv-timeout 10 >"answer-$call" 2>nanocat.err || fail "nanocat: $(cat nanocat.err)"
done
python3 - "$policy" "${url##*:}" <<'PYTHON' || fail "an answer does not hold"
import glob
import sys

from rpc import Answer
from stranger import Lie, Stranger

stranger = Stranger(sys.argv[1], ("127.0.0.1", int(sys.argv[2])))
read = lambda path: open(path, "rb").read()
calls = sorted(glob.glob("call-*"))
assert len(calls) == 16, calls
answers = [read(f"answer-{call}") for call in calls]
for call, response in zip(calls, answers):
    _, key, sealed_at = stranger.seal(read(call), response)
    stranger.key(key, sealed_at)
assert sum(Answer(response).code == "OK" for response in answers) == 13
try:
    stranger.seal(read(calls[0]), answers[1])
except Lie:
    sys.exit(0)
sys.exit("an answer to another request is taken")
PYTHON
