#!/usr/bin/env bash
# Goal of this test: what gRPC's conventions say of deadlines, codes, details, metadata, health, reflection and draining holds on the wire, for a caller
# with a plain socket and no code of the project. proto/PROTOCOL.md, "Conventions of gRPC".
source "$(dirname "$0")/lib.sh"

start_daemon served --log-level debug --log-format json
export WORK=$work PORT=${url##*:} PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

python3 - <<'EOF'
import os
import rpc
from rpc import field

service = rpc.Connection(("127.0.0.1", int(os.environ["PORT"])))


def check(what, answer, code, reason=None, field_name=None):
    assert answer.sealed, f"{what}: no seal"
    assert answer.code == code, f"{what}: {answer!r}"
    if reason is not None:
        assert answer.reason == reason, f"{what}: {answer!r}"
        assert not reason or answer.domain == "depositary", f"{what}: {answer.domain}"
    if field_name is not None:
        assert answer.field == field_name, f"{what}: {answer!r}"
    if code != "OK":
        assert answer.text, f"{what}: no words"
    return answer


def raw(data):
    return rpc.Answer(service.call(data))


# Codes, by gRPC's table of who may say which.
check("a call", service.ask(rpc.GET_CLAUSE, rpc.clause("cl_1")), "OK")
check("an unknown method", service.ask("/depositary.v1.DepositaryService/Nothing"), "UNIMPLEMENTED", "METHOD")
check("an unknown service", service.ask("/no.such.Service/Get"), "UNIMPLEMENTED", "METHOD")
check("bytes that are no request", raw(b"\xff\xff\xff"), "INTERNAL", "UNREADABLE")
check("a message that cannot be read", service.ask(rpc.GET_CLAUSE, b"\x0a\x7f"), "INTERNAL", "UNREADABLE")
check("text that is no UTF-8", service.ask(rpc.GET_CLAUSE, field(1, field(1, b"\xc3"))), "INTERNAL", "UNREADABLE")
check("an instrument that is not there", service.ask(rpc.GET_CLAUSE, rpc.clause("cl_1", "nothing")), "NOT_FOUND")
check("a bad argument", service.ask(rpc.GET_CLAUSE, field(1, field(1, rpc.STATEMENT) + field(3, 1) + field(4, "cl_1"))
                                    + field(2, field(1, 1000))), "INVALID_ARGUMENT")
check("a start past the end", service.ask("/depositary.v1.LedgerService/ListEntries", field(1, 1000)), "OUT_OF_RANGE")
check("a request that is too large", service.ask(rpc.SEARCH, field(1, "x" * 70000)), "RESOURCE_EXHAUSTED", "REQUEST_SIZE")
check("a query that is too long", service.ask(rpc.SEARCH, field(1, "x" * 1025)), "INVALID_ARGUMENT", field_name="query")
check("a quote that is too long", service.ask(rpc.CHECK_QUOTE, field(1, "x" * 16385)), "INVALID_ARGUMENT", field_name="quote")
check("an append that is none", service.ask("/depositary.v1.LedgerService/AppendEntries", field(2, "no note")),
      "INVALID_ARGUMENT")
deep = b""
for _ in range(20):
    deep = field(1, deep)
check("a message that is nested too deep", raw(field(1, rpc.GET_CLAUSE) + field(5, deep) + field(3, b"n" * 16)), "INTERNAL")
for nonce in (b"n" * 15, b"n" * 65):
    check("a nonce outside its bounds", service.ask(rpc.GET_CHECKPOINT, nonce=nonce), "INVALID_ARGUMENT", field_name="nonce")

# Deadlines: time left, enforced before the work and inside it; the longest that is granted is the server's.
check("no time left", service.ask(rpc.GET_CHECKPOINT, timeout_ms=0), "DEADLINE_EXCEEDED", "DEADLINE")
check("time enough", service.ask(rpc.GET_CHECKPOINT, timeout_ms=5000), "OK")
check("more time than is granted", service.ask(rpc.GET_CHECKPOINT, timeout_ms=3600 * 1000), "OK")
tiny = rpc.request(rpc.SEARCH, field(1, "the")) + field(4, field(2, 1))  # one nanosecond
check("time that is over when the work begins", raw(tiny), "DEADLINE_EXCEEDED", "DEADLINE")

# Metadata, both ways.
trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
answer = check("a trace", service.ask(rpc.GET_CHECKPOINT, metadata=[("traceparent", trace), ("x-bin", b"\0\xff")]), "OK")
assert answer.metadata == [("traceparent", trace.encode())], answer.metadata
for key, value in (("Upper", "v"), ("grpc-timeout", "1S"), ("text-bin", "v"), ("bytes", b"v"), ("", "v"), ("k", "\x07")):
    check(f"metadata {key!r}", service.ask(rpc.GET_CHECKPOINT, metadata=[(key, value)]), "INVALID_ARGUMENT")
check("metadata past 8 KiB", service.ask(rpc.GET_CHECKPOINT, metadata=[("k", "v" * 8192)]),
      "RESOURCE_EXHAUSTED", "METADATA_SIZE")

# Health, as grpc.health.v1 has it; reflection.
for name in ("", "depositary.v1.DepositaryService", "depositary.v1.LedgerService", "depositary.v1.ReflectionService",
             "grpc.health.v1.Health"):
    assert check("health", service.ask(rpc.HEALTH, field(1, name) if name else b""), "OK").message == b"\x08\x01", name
check("health of no service", service.ask(rpc.HEALTH, field(1, "no.such.Service")), "NOT_FOUND")
descriptors = check("reflection", service.ask(rpc.DESCRIPTORS), "OK").message
open(os.environ["WORK"] + "/protoset", "wb").write(rpc.fields(descriptors)[1][0])
EOF

# The descriptors are enough for protoc to make and read any message.
printf 'instrument: "x"' | protoc --descriptor_set_in="$work/protoset" --encode=depositary.v1.GetInstrumentRequest >"$work/encoded"
[[ $(xxd -p "$work/encoded") == 0a0178 ]] || fail "protoc cannot use the descriptors that the service gives"

# The log has method, code, duration, peer and trace id, and neither nonce nor what was asked.
python3 - "$work/served.log" <<'EOF'
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
calls = [line for line in lines if line["message"] == "call"]
traced = [line for line in calls if line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"]
assert len(traced) == 1 and traced[0]["method"] == "/depositary.v1.LedgerService/GetCheckpoint", traced
assert traced[0]["status"] == "OK" and float(traced[0]["ms"]) >= 0 and traced[0]["peer"].startswith("127.0.0.1:"), traced
assert {"time", "level", "message", "method", "status", "reason", "ms", "peer", "trace_id"} == set(traced[0]), traced
assert "nonce" not in open(sys.argv[1]).read() and "cl_1" not in "".join(map(str, calls))
EOF

# Draining: what was accepted is answered, new calls are told to go elsewhere, health says so, and the process ends with 0.
python3 - "$daemon" <<'EOF'
import os
import signal
import sys
import time
import rpc

held = rpc.Connection(("127.0.0.1", int(os.environ["PORT"])))
assert held.ask(rpc.HEALTH).message == b"\x08\x01"
os.kill(int(sys.argv[1]), signal.SIGTERM)
codes = set()
try:
    for _ in range(200):
        answer = held.ask(rpc.GET_CHECKPOINT)
        codes.add((answer.code, answer.reason))
        if answer.code == "UNAVAILABLE":
            assert answer.retry_s and answer.retry_s > 0, answer
            health = held.ask(rpc.HEALTH)
            assert health.code == "OK" and health.message == b"\x08\x02", health.message
            break
        time.sleep(0.001)
except (ConnectionError, OSError):
    pass
assert ("UNAVAILABLE", "DRAINING") in codes, codes
EOF
status=0
wait "$daemon" || status=$?
[[ $status == 0 ]] || fail "it ended with $status"
