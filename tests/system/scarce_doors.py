"""A running daemon while memory runs out (scarce.py), asked through its real doors, of both kinds, over tcp and ipc, and HTTP: each allocation in turn, of nng's and of
all others. What is answered is the truth or a failure; what was acknowledged is there; and when there is memory again all is as ever, but where nng 1.5.2 died of
it: that is counted, and the daemon that starts then has everything. scarce_doors.py LIBRARY WORK FOLDER POLICY PORT HTTP_PORT; the folder is a daemon's that was stopped.
DEPOSITARY_EVERY_FAULT=1 takes every allocation (of a deposit every eighth, and fault.memory the rest), otherwise a few."""
import collections
import http.client
import os
import random
import socket
import struct
import subprocess
import sys
import time

import rpc
import scarce
import sp

every = bool(os.environ.get("DEPOSITARY_EVERY_FAULT"))
POINTS = 2
MANY = 1 << 30
FAILURES = ("RESOURCE_EXHAUSTED", "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED")
CLAUSES = [f"cl_{number}" for number in range(1, 16)]
library, work, folder, policy, port, http_port = sys.argv[1:]
port, http_port = int(port), int(http_port)
path = f"{work}/doors/ipc"
os.makedirs(os.path.dirname(path), mode=0o700)
control = scarce.Scarce(f"{work}/scarce-doors", library)
refusals = failures = 0
ended_by_nng = collections.Counter()


class Ipc(sp.Requester):
    """SP over a UNIX socket: each message has a byte more in front."""

    def __init__(self, timeout):
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(timeout)
        raw.connect(path)
        super().__init__(None, None, sock=raw)

    def send(self, request):
        request_id = self.next_id | 0x80000000
        self.next_id += 1
        self.socket.sendall(struct.pack(">BQI", 1, len(request) + 4, request_id) + request)
        return request_id

    def receive(self):
        sp.read_exactly(self.socket, 1)
        return super().receive()


def ask(carrier, request, timeout):
    """The answer; None where none came."""
    connection = None
    try:
        connection = rpc.Connection(("127.0.0.1", port), timeout) if carrier == "tcp" else Ipc(timeout)
        return rpc.Answer(connection.call(request))
    except OSError:  # closed, refused, no time left
        return None
    finally:
        if connection:
            connection.close()


asked = 1_000_000


def clause(at):
    """A question that no cache has the answer to: it names a state that nobody has."""
    global asked
    asked += 1
    eid = CLAUSES[at % len(CLAUSES)]
    return eid, rpc.request(rpc.GET_CLAUSE, rpc.clause(eid) + rpc.field(15, asked))


class Daemon:
    def __init__(self, door):
        self.door = door
        self.log = open(f"{work}/{door}-doors.log", "a")
        self.start()

    def start(self):
        self.process = subprocess.Popen(["depositaryd", "--data", folder, "--listen", f"tcp://127.0.0.1:{port}", "--listen", f"ipc://{path}", "--door",
                                         self.door, "--http", f"127.0.0.1:{http_port}"], env={**os.environ, **control.environment}, stderr=self.log)
        self.is_whole(30)

    def is_whole(self, patience_s=10):
        """Until a stranger has the truth through both doors."""
        end = time.time() + patience_s
        for carrier in ("tcp", "ipc"):
            while not (answer := ask(carrier, clause(0)[1], 5)) or answer.code != "OK":
                if self.process.poll() is not None:
                    sys.exit(f"depositaryd ended with {self.process.returncode}")
                if time.time() > end:
                    sys.exit(f"the {self.door} door does not answer over {carrier} any more: {answer}; refused at {control.place()}")
                time.sleep(0.05)

    def has_died(self):
        """Whether it has, of nng; then it is started again. Of anything else it must not."""
        time.sleep(0.02)
        if self.process.poll() is None:
            return False
        if not control.is_nngs() or self.process.returncode >= 0:
            sys.exit(f"depositaryd ended with {self.process.returncode}; refused at {control.place()}")
        ended_by_nng[control.place()] += 1
        self.start()
        return True

    def stop(self):
        self.process.terminate()
        if self.process.wait(30) != 0:
            sys.exit(f"depositaryd ended with {self.process.returncode}")


def fail(*words):
    global failures
    failures += 1
    print(*words, file=sys.stderr, flush=True)


def places(total):
    if every:
        return range(total)
    width = max(total // POINTS, 1)
    return (at + random.randrange(width) for at in range(0, total, width))


def learn(daemon):
    truth = {}
    for at in range(len(CLAUSES)):
        eid, request = clause(at)
        answer = ask("tcp", request, 10)
        if not answer or answer.code != "OK":
            sys.exit(f"{eid}: {answer}")
        truth[eid] = answer.message
    return truth


def try_call(daemon, truth, carrier, whose):
    """One call on a connection of its own, from its coming to its going."""
    global refusals
    control.arm(MANY, whose=whose)
    ask(carrier, clause(3)[1], 5)
    time.sleep(0.1)  # it is taken down after it has gone
    total = MANY - control.left()
    control.disarm()
    outcomes = collections.Counter()
    for is_lasting in (False, True):
        for at in places(total):
            eid, request = clause(at)
            control.arm(at, is_lasting, whose)
            answer = ask(carrier, request, 1 if every else 0.3)
            time.sleep(0.02)
            hits = control.disarm()
            refusals += hits > 0
            outcomes[answer.code if answer else "nothing"] += 1
            if answer and not answer.sealed:
                fail(f"{daemon.door}, {carrier}, allocation {at}: no seal: {answer}")
            elif answer and answer.code == "OK" and answer.message != truth[eid]:
                fail(f"{daemon.door}, {carrier}, allocation {at}: another answer")
            elif answer and answer.code not in ("OK",) + FAILURES:
                fail(f"{daemon.door}, {carrier}, allocation {at}: {answer}")
            if not daemon.has_died():
                daemon.is_whole()
    print(f"{daemon.door}, {carrier}: {total} allocations of {'nng' if whose == scarce.OF_NNG else 'others'}; {dict(outcomes)}", flush=True)


def get(url_path):
    """Status and body of a GET at the HTTP door; None where no whole answer came."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port, timeout=1)
    try:
        connection.request("GET", url_path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def try_http(daemon, url_path):
    """Each allocation of a GET: libevent's own, too, which the daemon bears by a reserve. What is answered is the file, or a failure."""
    global refusals
    truth = get(url_path)
    control.arm(MANY, whose=scarce.BUT_NNG)
    get(url_path)
    time.sleep(0.1)
    total = MANY - control.left()
    control.disarm()
    outcomes = collections.Counter()
    for is_lasting in (False, True):
        for at in range(min(total, 60)) if every else places(total):
            control.arm(at, is_lasting, scarce.BUT_NNG)
            answer = get(url_path)
            time.sleep(0.02)
            refusals += control.disarm() > 0
            outcomes[answer[0] if answer else "nothing"] += 1
            if answer and answer[0] == 200 and answer != truth:
                fail(f"{url_path}, allocation {at}: another answer: {answer}")
            if not daemon.has_died():
                daemon.is_whole()
    if get(url_path) != truth:
        fail(f"{url_path}: another answer afterwards")
    print(f"http {url_path}: {total} allocations; {dict(outcomes)}", flush=True)


def depositary(*arguments, patience_s=120):
    return subprocess.run(["depositary", "--connect", f"tcp://127.0.0.1:{port}", "--policy", policy, "--timeout", "2" if control.left() >= 0 else "60", *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s)


def try_deposit(daemon, whose):
    """A deposit that the office was told is there is there, word for word, also after the daemon died; another goes through afterwards."""
    global refusals
    text, about, number, total, chosen, codes = f"{work}/treaty.txt", f"{work}/about", 0, 1, set(), collections.Counter()
    for at in [None, *range(10_000)]:
        if at is not None and (at >= total or at not in chosen):
            continue
        number += 1
        name = f"{daemon.door}-{whose}-{number}"
        with open(text, "w") as file:
            file.write("".join(f"Article {article}\nOf {name}, article {article}.\n\n" for article in range(1, 4)))
        with open(about, "w") as file:
            file.write(f"instrument {name}\nlanguage en\ntitle Treaty\nauthenticity authentic\n")
        deposit = ("deposit", text, "--about", about, "--office", f"{folder}/office", "--yes")
        control.arm(MANY if at is None else at, every and at is not None and at % 2 == 1, whose)
        done = depositary(*deposit)
        if at is None:
            total = MANY - control.left()
            chosen = set(range(0, total, 8 if whose == scarce.BUT_NNG else 1) if every else places(total))
        hits = control.disarm()
        refusals += hits > 0
        codes[done.returncode] += 1
        if done.returncode not in (0, 3, 5) or (done.returncode and not hits):
            fail(f"deposit, allocation {at}: {done}")
        if not daemon.has_died():
            daemon.is_whole()
        if done.returncode:
            pushed = depositary("office", "push", "--office", f"{folder}/office")
            if pushed.returncode:
                fail(f"office push after a deposit that failed at allocation {at}: {pushed}")
            if depositary("show", name, "--text").returncode:
                depositary(*deposit)
        end = time.time() + 20  # what lacked memory to be served is tried again every few seconds
        while (shown := depositary("show", name, "--text")).returncode and time.time() < end:
            time.sleep(0.2)
        with open(text, "rb") as file:
            if shown.returncode or shown.stdout != file.read():
                fail(f"what was deposited, allocation {at}: {shown}")
    print(f"{daemon.door}: {total} allocations of {'nng' if whose == scarce.OF_NNG else 'others'} in a deposit; exit codes {dict(codes)}", flush=True)


for door in ("stream", "rep0"):
    daemon = Daemon(door)
    truth = learn(daemon)
    for carrier in ("tcp", "ipc"):
        for whose in (scarce.OF_NNG, scarce.BUT_NNG):
            try_call(daemon, truth, carrier, whose)
    for url_path in ("/healthz", "/checkpoint"):
        try_http(daemon, url_path)
    for whose in (scarce.OF_NNG, scarce.BUT_NNG):
        try_deposit(daemon, whose)
    daemon.stop()
audit = subprocess.run(["depositaryd", "--data", folder, "--check"], capture_output=True)
print(f"{refusals} refusals; nng ended the daemon {sum(ended_by_nng.values())} times, at {len(ended_by_nng)} places; {audit.stdout.decode().strip()}")
for place, times in ended_by_nng.most_common():
    print(f"  {times} x {place}")
if failures or refusals < 20 or audit.returncode != 0:
    sys.exit(f"{failures} failures, {refusals} refusals, {audit.stderr.decode()}")
