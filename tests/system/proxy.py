#!/usr/bin/env python3
"""A proxy between a client and the service that changes one byte of one answer in flight.

proxy.py LISTEN_PORT SERVICE_PORT ANSWER OFFSET: in the answer of that number (from 0, counted over all connections) the byte at OFFSET after the SP
header is changed; a negative OFFSET counts from the end, and "lost" in its place loses the answer and the connection. All else passes as it is. Answers' lengths are written to standard output, a line each.
"""
import socket
import struct
import sys
import threading

from sp import read_exactly

SP_GREETING = 8  # NUL "SP" NUL, protocol, reserved
SP_REQUEST_ID = 4  # in front of every REQ/REP message


class Proxy:
    def __init__(self, service_port, answer, offset):
        self.service_port = service_port
        self.answer = answer
        self.offset = offset
        self.answers = 0
        self.lock = threading.Lock()

    def forward(self, source, target, is_answer):
        try:
            target.sendall(read_exactly(source, SP_GREETING))
            while True:
                header = read_exactly(source, 8)
                message = bytearray(read_exactly(source, struct.unpack(">Q", header)[0]))
                if is_answer:
                    with self.lock:
                        number = self.answers
                        self.answers += 1
                    print(len(message) - SP_REQUEST_ID, flush=True)
                    if number == self.answer and self.offset is None:
                        raise EOFError
                    if number == self.answer:
                        body = len(message) - SP_REQUEST_ID
                        message[SP_REQUEST_ID + self.offset % body] ^= 0x01
                target.sendall(header + message)
        except (EOFError, OSError):
            for connection in (source, target):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve(self, port):
        listener = socket.create_server(("127.0.0.1", port))
        while True:
            client, _ = listener.accept()
            service = socket.create_connection(("127.0.0.1", self.service_port))
            threading.Thread(target=self.forward, args=(client, service, False), daemon=True).start()
            threading.Thread(target=self.forward, args=(service, client, True), daemon=True).start()


if __name__ == "__main__":
    listen_port, service_port, answer = map(int, sys.argv[1:4])
    offset = None if sys.argv[4] == "lost" else int(sys.argv[4])
    Proxy(service_port, answer, offset).serve(listen_port)
