"""Connections that come and go, half of them rude: COUNT, PORT and the daemon's PID. Prints what came back and the resident memory. For 52-rude.sh and
tests/long/rude."""
import os
import random
import socket
import struct
import sys
import threading
import time

import rpc

HEADER = b"\0SP\0\0\x30\0\0"


def connect(port):
    raw = socket.create_connection(("127.0.0.1", port), 30)
    raw.settimeout(30)
    return raw


def reset(raw):
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def connect_and_close(port):
    connect(port).close()


def connect_and_reset(port):
    reset(connect(port))


def half_a_header(port):
    raw = connect(port)
    raw.sendall(HEADER[:random.randrange(1, 8)])
    random.choice((reset, socket.socket.close))(raw)


def another_protocol(port):
    raw = connect(port)
    raw.sendall(b"GET / HTTP/1.1\r\nHost: depositary\r\n\r\n")
    raw.close()


def forged_length(port):
    """An exabyte, or just more than is taken; the daemon closes at once, and not only when it has waited for the rest long enough."""
    raw = connect(port)
    raw.settimeout(10)
    raw.sendall(HEADER + struct.pack(">Q", random.choice((1 << 60, (8 << 20) + 1, (1 << 64) - 1))) + b"x" * 100)
    try:
        while raw.recv(4096):
            pass
    except socket.timeout:
        left_open.append(raw)
    except OSError:
        pass
    raw.close()


def half_a_message(port):
    raw = connect(port)
    raw.sendall(HEADER + struct.pack(">Q", 1 << 20) + b"x" * 1000)
    random.choice((reset, socket.socket.close))(raw)


def asks_and_leaves(port):
    raw = connect(port)
    request = rpc.request(rpc.GET_CLAUSE, rpc.clause("cl_1"))
    raw.sendall(HEADER + struct.pack(">QI", len(request) + 4, 0x80000001) + request)
    random.choice((reset, socket.socket.close))(raw)


left_open = []  # those with a forged length, that were not closed in 10 s
silent = []
silent_lock = threading.Lock()


def silence(port):
    """Connects and says nothing; kept open for a while, a few hundred at a time."""
    with silent_lock:
        silent.append(connect(port))
        if len(silent) > 200:
            silent.pop(0).close()


RUDE = (connect_and_close, connect_and_reset, half_a_header, another_protocol, forged_length, half_a_message, asks_and_leaves, silence)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main():
    count, port, pid = map(int, sys.argv[1:4])
    lock, failures, slowest, done = threading.Lock(), [], [0.0], [0]
    memory = []

    def polite():
        begun = time.time()
        connection = rpc.Connection(("127.0.0.1", port), timeout=30)
        answer = connection.ask(rpc.GET_CLAUSE, rpc.clause("cl_2"))
        connection.close()
        with lock:
            slowest[0] = max(slowest[0], time.time() - begun)
            if answer.code != "OK":
                failures.append(repr(answer))

    def work():
        while True:
            with lock:
                if done[0] >= count:
                    return
                done[0] += 1
                turn = done[0]
                if turn == count // 2:
                    memory.append(resident(pid))
            try:
                polite() if turn % 2 else RUDE[turn // 2 % len(RUDE)](port)
            except OSError as error:
                if turn % 2:
                    with lock:
                        failures.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for raw in silent:
        raw.close()
    quiet = []  # what a message that was half there took a moment ago is no growth
    for _ in range(15):
        time.sleep(0.2)
        quiet.append(resident(pid))
    memory.append(min(quiet))
    print(f"{count} connections, {len(failures)} polite ones failed, slowest {slowest[0]:.2f} s, "
          f"resident {memory[0]} KiB halfway and {memory[1]} KiB at the end")
    if left_open:
        raise SystemExit(f"{len(left_open)} connections with a forged length were not closed")
    if failures:
        raise SystemExit("\n".join(failures[:10]))
    if memory[1] > memory[0] * 1.1 + 3072:
        raise SystemExit("memory grows with the connections")


if __name__ == "__main__":
    main()
