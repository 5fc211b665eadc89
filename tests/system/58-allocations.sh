#!/usr/bin/env bash
# Goal of this test: an answer that the cache has costs no allocation of ours, through the door on byte streams: the blocks that the daemon asks for while
# thousands of such calls are answered are counted, but those that nng asks for itself.
source "$(dirname "$0")/lib.sh"

need_shim allocations
export ALLOCATIONS=$work/allocations
LD_PRELOAD=$shim start_daemon counted --door stream
cat >"$work/calls.py" <<'PYTHON'
import struct
import sys
sys.path.insert(0, sys.argv[2])
import rpc

PIPELINED, ROUNDS = 16, 300  # a batch of more than 64 KiB gives the buffer that it was written from back, and makes it anew
where = ("127.0.0.1", int(sys.argv[1].rsplit(":", 1)[1]))
connection = rpc.Connection(where, 60)


def count():
    return struct.unpack("@Q", open(sys.argv[3], "rb").read(8))[0]


def rounds(number, eid):
    before = count()
    for i in range(number):
        connection.send_all([rpc.request(rpc.GET_CLAUSE, rpc.clause(eid % (n % 15 + 1))) for n in range(PIPELINED)])
        for n in range(PIPELINED):
            answer = connection.receive()[1]
    assert rpc.Answer(answer).sealed
    return count() - before


assert count() > 100, "nothing is counted"
rounds(50, "cl_%d")
for attempt in range(30):  # beside it the daemon sets itself up, and knocks at its own door: one time without that is enough
    cached = rounds(ROUNDS, "cl_%d")
    if cached < ROUNDS / 2:
        break
made = rounds(10, "none_%d")  # no such clause: each is made anew
print(f"{cached} blocks in {ROUNDS * PIPELINED} calls that the cache answered; {made} in {10 * PIPELINED} that were made")
# Not even one in two batches.
sys.exit(0 if cached < ROUNDS / 2 and made > 10 * PIPELINED else 1)
PYTHON
python3 "$work/calls.py" "$url" "$DEPOSITARY_SOURCE/tests/system" "$ALLOCATIONS" || fail "cached calls allocate"
