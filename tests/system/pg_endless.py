"""A process that passes for a PostgreSQL server and answers every statement with rows without end, or with a copy. Arguments: port, "rows" or "copy", and a
file that gets a line for each connection."""
import socket
import struct
import sys
import threading

from sp import read_exactly

port, what, told = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def message(kind, body=b""):
    return kind + struct.pack(">I", len(body) + 4) + body


ROW = message(b"D", struct.pack(">HI", 1, 8000) + b"x" * 8000)
COLUMNS = message(b"T", struct.pack(">H", 1) + b"c\0" + struct.pack(">IHIhIH", 0, 0, 25, -1, 0xFFFFFFFF, 0))
GREETING = b"".join([message(b"R", struct.pack(">I", 0)), message(b"S", b"server_version\x0015.0\0"), message(b"S", b"client_encoding\0UTF8\0"),
                     message(b"S", b"standard_conforming_strings\0on\0"), message(b"S", b"in_hot_standby\0off\0"),
                     message(b"S", b"default_transaction_read_only\0off\0"),  # else libpq asks for it, and takes what comes
                     message(b"K", struct.pack(">II", 1, 1)), message(b"Z", b"I")])


def greet(connection):
    while True:
        body = read_exactly(connection, struct.unpack(">I", read_exactly(connection, 4))[0] - 4)
        if struct.unpack(">I", body[:4])[0] >> 16 == 3:  # else TLS or Kerberos is asked for
            break
        connection.sendall(b"N")
    connection.sendall(GREETING)


def serve(connection):
    try:
        greet(connection)
        with open(told, "a") as file:
            file.write("come\n")
        while True:
            kind = read_exactly(connection, 1)
            read_exactly(connection, struct.unpack(">I", read_exactly(connection, 4))[0] - 4)
            if kind not in b"SQ":
                continue
            connection.sendall(b"" if kind == b"Q" else message(b"1") + message(b"2"))
            if what == "copy":
                connection.sendall(message(b"H", b"\0" + struct.pack(">H", 0)))
                continue
            connection.sendall(COLUMNS)
            while True:
                connection.sendall(ROW * 64)
    except OSError:
        pass


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen(16)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
