"""Calls over a plain socket, for the tests: just enough protobuf to ask, and to read status, details and message. No code of the project."""
import os
import socket
import struct

import sp

CODES = """OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED
FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED""".split()


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A field of bytes, text or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    """All fields of a message: number -> list of values."""
    out, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = take()
        if tag & 7 == 0:
            value = take()
        else:
            length = take() if tag & 7 == 2 else {1: 8, 5: 4}[tag & 7]  # a group, or no type at all, is a KeyError
            if length > len(data) - at:
                raise IndexError(f"field {tag >> 3} goes past the end")
            value = data[at:at + length]
            at += length
        out.setdefault(tag >> 3, []).append(value)
    return out


def request(method, message=b"", timeout_ms=None, metadata=(), nonce=None):
    out = field(1, method) + field(2, message) + field(3, nonce or os.urandom(16))
    if timeout_ms is not None:
        out += field(4, field(1, timeout_ms // 1000) + field(2, timeout_ms % 1000 * 1000000))
    for key, value in metadata:
        out += field(5, field(1, key) + field(2 if isinstance(value, str) else 3, value))
    return out


class Answer:
    """What was answered; the seal must be there, and is judged by others."""

    def __init__(self, response):
        outer = fields(response)
        self.sealed = 2 in outer
        answer = fields(outer[1][0])
        status = fields(answer[1][0]) if 1 in answer else {}
        self.code = CODES[status.get(1, [0])[0]]
        self.text = status.get(2, [b""])[0].decode()
        self.message = answer.get(2, [b""])[0]
        self.metadata = [(fields(pair)[1][0].decode(), fields(pair).get(2, [None])[0]) for pair in answer.get(3, [])]
        self.details = {}
        for detail in status.get(3, []):
            any_ = fields(detail)
            self.details[any_[1][0].decode().rsplit("/", 1)[1]] = fields(any_.get(2, [b""])[0])
        info = self.details.get("google.rpc.ErrorInfo", {})
        self.reason = info.get(1, [b""])[0].decode()
        self.domain = info.get(2, [b""])[0].decode()
        violation = self.details.get("google.rpc.BadRequest", {}).get(1, [b""])[0]
        self.field = fields(violation).get(1, [b""])[0].decode()
        delay = fields(self.details.get("google.rpc.RetryInfo", {}).get(1, [b""])[0])
        self.retry_s = delay.get(1, [0])[0] + delay.get(2, [0])[0] / 1e9 if delay else None

    def __repr__(self):
        return f"{self.code} {self.reason} {self.field} {self.text!r}"


class Connection(sp.Requester):
    """A connection on which calls can be asked; where is (host, port). tls: an ssl context."""

    def __init__(self, where, timeout=10, tls=None, name="localhost"):
        raw = socket.create_connection(where, timeout)
        super().__init__(*where, timeout, sock=tls.wrap_socket(raw, server_hostname=name) if tls else raw)

    def send_all(self, requests):
        """Many requests in one write."""
        data = b""
        for request_ in requests:
            data += struct.pack(">QI", len(request_) + 4, self.next_id | 0x80000000) + request_
            self.next_id += 1
        self.socket.sendall(data)

    def ask(self, method, message=b"", **options):
        return Answer(self.call(request(method, message, **options)))


GET_CHECKPOINT = "/depositary.v1.LedgerService/GetCheckpoint"
GET_CLAUSE = "/depositary.v1.DepositaryService/GetClause"
APPEND = "/depositary.v1.LedgerService/AppendEntries"
SEARCH = "/depositary.v1.DepositaryService/SearchClauses"
CHECK_QUOTE = "/depositary.v1.DepositaryService/CheckQuote"
HEALTH = "/grpc.health.v1.Health/Check"
DESCRIPTORS = "/depositary.v1.ReflectionService/GetDescriptors"
STATEMENT = "az-cn-joint-statement-2025"


def clause(eid, instrument=STATEMENT):
    return field(1, field(1, instrument) + field(4, eid))
