#!/usr/bin/env python3
"""A balancer of calls, not of connections: each request of a client goes to the next service.

balancer.py LISTEN_PORT SERVICE_PORT...
"""
import itertools
import socket
import struct
import sys
import threading

from sp import read_exactly

SP_GREETING = 8  # NUL "SP" NUL, protocol, reserved


def read_frame(connection):
    header = read_exactly(connection, 8)
    return header + read_exactly(connection, struct.unpack(">Q", header)[0])


def answers(service, client, lock):
    try:
        while True:
            frame = read_frame(service)
            with lock:
                client.sendall(frame)
    except OSError:
        client.close()


def requests(client, ports):
    services, lock = [socket.create_connection(("127.0.0.1", port)) for port in ports], threading.Lock()
    try:
        greeting = read_exactly(client, SP_GREETING)
        for service in services:
            service.sendall(greeting)
        theirs = [read_exactly(service, SP_GREETING) for service in services]
        client.sendall(theirs[0])
        for service in services:
            threading.Thread(target=answers, args=(service, client, lock), daemon=True).start()
        for service in itertools.cycle(services):
            service.sendall(read_frame(client))
    except OSError:
        for connection in services + [client]:
            connection.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    threading.Thread(target=requests, args=(connection, [int(port) for port in sys.argv[2:]]), daemon=True).start()
