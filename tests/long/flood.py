"""What flood.sh measures: PORT SECONDS ROUNDS. The latency of a polite caller while nothing else happens, and while 2,000 connections are open, readers and writers
are slow, and one peer (127.0.0.2) floods with frames that are no requests; in turns, so that what else the machine does falls on both. Prints a table."""
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

import rpc
import rude

port, task, rounds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seconds = 0 if task.isalpha() else float(task)
HERE = ("127.0.0.1", port)
HEADER = b"\0SP\0\0\x30\0\0"


def frame(body, number):
    return struct.pack(">QI", len(body) + 4, number | 0x80000000) + body


def junk_frames():
    """Each with its right length, and within what no request."""
    out = b""
    for number in range(1, 65):
        kind = number % 4
        body = (os.urandom(random.randrange(1, 400)), b"", b"\x0a" + b"\xff" * 200, rpc.request("/no.Such/Method", os.urandom(50)))[kind]
        out += frame(body, number)
    return out


class Flood:
    """Processes of their own, so that this one's latency is the daemon's and not Python's."""

    def __init__(self, kind):
        self.process = subprocess.Popen([sys.executable, __file__, str(port), kind, "0"])

    def stop(self):
        self.process.kill()
        self.process.wait()


def connect_from(address):
    raw = socket.socket()
    raw.bind((address, 0))
    raw.settimeout(10)
    raw.connect(HERE)
    raw.sendall(HEADER)
    return raw


def be_flood():
    """Frames as fast as they are taken, answers thrown away; connected again where it is thrown out."""
    data = junk_frames()
    while True:
        try:
            raw = connect_from("127.0.0.2")
            raw.settimeout(1)

            def drain():
                try:
                    while raw.recv(1 << 20):
                        pass
                except OSError:
                    pass

            threading.Thread(target=drain, daemon=True).start()
            while True:
                raw.sendall(data)
        except OSError:
            time.sleep(0.01)


def be_garbage():
    """Connections whose first bytes are no SP, or whose lengths are forged."""
    while True:
        for act in (rude.another_protocol, rude.forged_length, rude.half_a_header, rude.connect_and_reset, rude.half_a_message):
            try:
                act(port)
            except OSError:
                pass
        time.sleep(0.01)


def be_slow():
    """Writers of one byte a time, and readers that take next to nothing."""
    writers, readers = [], []
    request = rpc.request(rpc.GET_CLAUSE, rpc.clause("cl_1"))
    whole = frame(rpc.request(rpc.DESCRIPTORS), 1)
    while True:
        try:
            if len(writers) < 50:
                writers.append([connect_from("127.0.0.3"), 0])
            for writer in writers:
                data = frame(request, 7)
                writer[0].sendall(data[writer[1] % len(data):writer[1] % len(data) + 1])
                writer[1] += 1
            if len(readers) < 20:
                raw = connect_from("127.0.0.4")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                raw.settimeout(0.2)
                raw.sendall(whole * 40)
                readers.append(raw)
            for raw in readers:
                raw.settimeout(0.01)
                try:
                    if not raw.recv(64):
                        readers.remove(raw)
                except socket.timeout:
                    pass
        except OSError:
            writers, readers = writers[5:], readers[5:]
        time.sleep(0.02)


def latencies():
    """Of one call at a time, for a while; in microseconds."""
    connection = rpc.Connection(HERE, timeout=30)
    out, end = [], time.perf_counter() + seconds
    requests = [rpc.request(rpc.GET_CLAUSE, rpc.clause("cl_%d" % (i % 15 + 1))) for i in range(200)]
    turn = 0
    while time.perf_counter() < end:
        request = requests[turn % len(requests)]
        turn += 1
        begun = time.perf_counter()
        response = connection.call(request)
        out.append((time.perf_counter() - begun) * 1e6)
        if turn % 50 == 1:
            answer = rpc.Answer(response)
            assert answer.code == "OK" and answer.sealed, answer
        time.sleep(0.001)
    connection.close()
    return out


def quantile(values, share):
    return sorted(values)[int(len(values) * share)]


def main():
    crowd = []
    while len(crowd) < 2000:
        crowd.append(connect_from("127.0.0.%d" % (10 + len(crowd) // 200)))
    # each of them is served
    for raw in random.sample(crowd, 50):
        raw.sendall(frame(rpc.request(rpc.GET_CHECKPOINT), 1))
    print("2,000 connections are open")
    rows = {"quiet": [], "flood": []}
    latencies()
    for turn in range(rounds):
        rows["quiet"].append(latencies())
        floods = [Flood(kind) for kind in ("flood", "garbage", "slow")]
        time.sleep(1.5)
        rows["flood"].append(latencies())
        for flood in floods:
            flood.stop()
        time.sleep(0.7)
    ratios = [quantile(loud, 0.99) / quantile(quiet, 0.99) for quiet, loud in zip(rows["quiet"], rows["flood"])]
    for name, values in rows.items():
        all_values = [value for row in values for value in row]
        print(f"{name}: {len(all_values)} calls, p50 {quantile(all_values, 0.5):.0f} us, p99 {statistics.median(quantile(row, 0.99) for row in values):.0f} us "
              f"(median of {rounds} rounds), slowest {max(all_values):.0f} us")
    print(f"p99 under the flood: {statistics.median(ratios):.2f} of the quiet one (rounds: {', '.join('%.2f' % ratio for ratio in ratios)})")
    return statistics.median(ratios)


{"flood": be_flood, "garbage": be_garbage, "slow": be_slow}.get(task, lambda: sys.exit(main() > 2))()
