#!/usr/bin/env bash
# Goal of this test: a client in plain Python, with no code of the project, calls every method, checks the seal of every answer and that the ledger
# authorises the key that made it, proves a clause from the pinned key down, and sees a byte that was changed in flight.
source "$(dirname "$0")/lib.sh"

start_daemon python
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system
stranger=$DEPOSITARY_SOURCE/tests/system/stranger.py
expect 0 python3 "$stranger" "$policy" "${url#tcp://}" "$instrument" cl_11
contains "$work/out" "ti engage"
depositary get "$instrument" --record cl_11 2>/dev/null | sed '1,/^$/d' >"$work/text"
cmp "$work/out" "$work/text" || fail "the text differs from what the command line proves"

# Every method there is answers, under a seal that holds.
depositary describe --json 2>/dev/null >"$work/services"
cat >"$work/every.py" <<'PYTHON'
import json
import random
import sys

from rpc import GET_CLAUSE, STATEMENT, clause, field, request
from stranger import Lie, Stranger

stranger = Stranger(sys.argv[1], ("127.0.0.1", int(sys.argv[2])))
name = field(1, STATEMENT)
messages = {
    "GetInstrument": (name, "OK"), "ListInstruments": (b"", "OK"), "ListClauses": (name, "OK"), "GetClause": (field(1, name + field(4, "cl_1")), "OK"),
    "SearchClauses": (field(1, "tourism"), "OK"), "CheckQuote": (field(1, "ti engage"), "OK"), "ResolveCitation": (field(1, "Joint Statement, para 7"), "OK"),
    "GetCheckpoint": (b"", "OK"), "GetInclusionProof": (field(1, 1), "OK"), "GetConsistencyProof": (field(1, 1), "OK"), "ListEntries": (b"", "OK"),
    "GetAnswerKey": (field(1, b"\1" * 32), "NOT_FOUND"), "AppendEntries": (b"", None), "PutClauses": (b"", None), "GetDescriptors": (b"", "OK"),
    "Check": (b"", "OK"),
}
asked = 0
for service in json.load(open(sys.argv[3], encoding="utf-8"))["services"]:
    for method in service["methods"]:
        message, code = messages[method["name"]]
        answer, _ = stranger.ask(f"/{service['service']}/{method['name']}", message)
        assert answer.code == code or (code is None and answer.code != "OK"), f"{method}: {answer!r}"
        asked += 1
assert asked == len(messages), asked

# A byte that was changed in flight, wherever it is in the answer, is seen.
question = request(GET_CLAUSE, clause("cl_11"))
response = stranger.connection.call(question)
stranger.seal(question, response)
for _ in range(60):
    at = random.randrange(len(response))
    changed = response[:at] + bytes([response[at] ^ (1 << random.randrange(8))]) + response[at + 1:]
    try:
        stranger.seal(question, changed)
    except (Lie, IndexError, KeyError, TypeError, UnicodeDecodeError):
        continue
    raise AssertionError(f"byte {at} may be {changed[at]:#x} unseen, in the answer {response.hex()} to {question.hex()}")
PYTHON
python3 "$work/every.py" "$policy" "${url##*:}" "$work/services" || fail "not every method answers"

# A policy with another key: nothing comes out.
sed 's/^log .*/log depositary.localhost\/other+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/' "$policy" >"$work/other"
expect 4 python3 "$stranger" "$work/other" "${url#tcp://}" "$instrument" cl_11
no_text "another ledger's key"
