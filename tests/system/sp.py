"""SP request/reply over a plain TCP socket, for the tests: no nng, no code of the project. (nanomsg RFC sp-tcp-mapping-01, sp-request-reply-01.)"""
import socket
import struct


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


class Requester:
    """One REQ connection. Calls may be pipelined: send several, then receive as many; answers come in any order."""

    def __init__(self, host, port, timeout=10, sock=None):
        self.socket = sock or socket.create_connection((host, port), timeout)
        self.socket.sendall(b"\0SP\0\0\x30\0\0")
        if read_exactly(self.socket, 8) != b"\0SP\0\0\x31\0\0":
            raise ConnectionError("no SP reply socket there")
        self.next_id = 1

    def send(self, request):
        request_id = self.next_id | 0x80000000
        self.next_id += 1
        self.socket.sendall(struct.pack(">QI", len(request) + 4, request_id) + request)
        return request_id

    def receive(self):
        (length,) = struct.unpack(">Q", read_exactly(self.socket, 8))
        message = read_exactly(self.socket, length)
        return struct.unpack(">I", message[:4])[0], message[4:]

    def call(self, request):
        request_id = self.send(request)
        answer_id, answer = self.receive()
        if answer_id != request_id:
            raise ConnectionError("answer to another request")
        return answer

    def close(self):
        self.socket.close()
