"""What soak.sh asks beside the command line: PORT SECONDS INSTRUMENT. All methods at random over several connections, with statuses that are looked at; slow
readers; rude connections. Prints how many there were."""
import os
import random
import socket
import sys
import threading
import time

import rpc
import rude
from rpc import field

port, seconds, instrument = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
end = time.time() + seconds
lock, counts, failures = threading.Lock(), {}, []
DEPOSITARY, LEDGER = "/depositary.v1.DepositaryService/", "/depositary.v1.LedgerService/"
WORDS = "energy peace cooperation trade culture development security transport education friendship belt road".split()


def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1


def clause():
    return field(1, field(1, instrument) + field(4, "cl_%d" % random.randrange(1, 22)))


QUESTIONS = (
    lambda: (DEPOSITARY + "GetClause", clause()),
    lambda: (DEPOSITARY + "GetClause", clause()),
    lambda: (DEPOSITARY + "ListInstruments", field(1, random.randrange(1, 50))),
    lambda: (DEPOSITARY + "GetInstrument", field(1, instrument)),
    lambda: (DEPOSITARY + "ListClauses", field(1, instrument) + field(5, random.randrange(1, 20))),
    lambda: (DEPOSITARY + "SearchClauses", field(1, " OR ".join(random.sample(WORDS, 2)))),
    lambda: (DEPOSITARY + "CheckQuote", field(1, " ".join(random.sample(WORDS, 4)))),
    lambda: (DEPOSITARY + "ResolveCitation", field(1, "Joint Statement, para %d" % random.randrange(1, 30))),
    lambda: (LEDGER + "GetCheckpoint", b""),
    lambda: (LEDGER + "GetInclusionProof", field(1, random.randrange(0, 5))),
    lambda: (LEDGER + "GetConsistencyProof", field(1, random.randrange(1, 4))),
    lambda: (LEDGER + "ListEntries", field(1, random.randrange(0, 3)) + field(2, random.randrange(1, 100))),
    lambda: (LEDGER + "GetAnswerKey", field(1, os.urandom(32))),
    lambda: (LEDGER + "AppendEntries", field(1, os.urandom(50)) + field(2, "no note")),
    lambda: (LEDGER + "PutClauses", field(1, os.urandom(32))),
    lambda: ("/grpc.health.v1.Health/Check", b""),
    lambda: ("/depositary.v1.ReflectionService/GetDescriptors", b""),
    lambda: ("/depositary.v1.NoService/Nothing", b""),
    lambda: (DEPOSITARY + "GetClause", os.urandom(random.randrange(1, 200))),
)
EXPECTED = {"OK", "NOT_FOUND", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "UNIMPLEMENTED", "PERMISSION_DENIED", "FAILED_PRECONDITION"}


def ask_all_kinds():
    while time.time() < end:
        connection = rpc.Connection(("127.0.0.1", port), timeout=60)
        for _ in range(random.randrange(1, 400)):
            method, message = random.choice(QUESTIONS)()
            answer = connection.ask(method, message)
            count(answer.code)
            # On a machine that does much else, and under valgrind, a call may now and then take longer than it may; how often is judged at the end.
            if answer.sealed and answer.code == "DEADLINE_EXCEEDED":
                continue
            # bytes that are no message at all are INTERNAL, by gRPC's table
            if not answer.sealed or answer.code not in EXPECTED | ({"INTERNAL"} if answer.reason == "UNREADABLE" else set()):
                failures.append(f"{method}: {answer!r}")
            time.sleep(0.01)
        connection.close()


def slow_reader():
    """Asks for much and takes little of it, until it is let go."""
    while time.time() < end:
        try:
            connection = rpc.Connection(("127.0.0.1", port), timeout=5)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for _ in range(300):
                connection.send(rpc.request(rpc.DESCRIPTORS))
            for _ in range(20):
                connection.socket.recv(512)
                time.sleep(0.2)
            connection.close()
        except OSError:
            pass
        count("slow readers")
        time.sleep(1)


def be_rude():
    turn = 0
    while time.time() < end:
        try:
            rude.RUDE[turn % len(rude.RUDE)](port)
        except OSError:
            pass
        turn += 1
        count("rude connections")
        time.sleep(0.05)


def guarded(work):
    try:
        work()
    except Exception as error:  # whatever it is, the test has failed
        failures.append(f"{work.__name__}: {error!r}")


threads = [threading.Thread(target=guarded, args=(work,)) for work in [ask_all_kinds] * 4 + [slow_reader] + [be_rude] * 2]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if counts.get("DEADLINE_EXCEEDED", 0) * 1000 > counts.get("OK", 0):
    failures.append(f"{counts['DEADLINE_EXCEEDED']} calls took too long, of {counts.get('OK', 0)} that were answered")
print(", ".join(f"{counts[name]} {name}" for name in sorted(counts)))
if failures:
    raise SystemExit("\n".join(failures[:20]))
