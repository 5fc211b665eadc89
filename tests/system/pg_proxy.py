#!/usr/bin/env python3
"""A proxy in front of PostgreSQL that loses a COMMIT, or the answer to it.

pg_proxy.py LISTEN_PORT SERVER_PORT FILE: all passes as it is, until FILE is there. The COMMIT of a transaction that puts entries is then lost, with
the connection: where FILE says "answer", after the server has done it; where it says "commit", before it has seen it. FILE is removed. With "deaf" in it
the proxy takes no connection after that, until FILE is gone.
"""
import os
import socket
import sys
import threading

listen_port, server_port, order = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
has_lost = False


def read_order():
    try:
        with open(order, encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def end(*connections):
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Session:
    def __init__(self, client):
        self.client = client
        self.server = socket.create_connection(("127.0.0.1", server_port))
        self.puts_entries = False
        self.is_losing = False

    def to_server(self):
        global has_lost
        try:
            while data := self.client.recv(1 << 16):
                self.puts_entries = self.puts_entries or b"INSERT INTO depositary.entry" in data
                if self.puts_entries and b"COMMIT\0" in data:
                    self.puts_entries = False
                    words = read_order()
                    if words and "deaf" not in words:
                        os.remove(order)
                    has_lost = has_lost or "deaf" in words
                    if "commit" in words:
                        break
                    self.is_losing = "answer" in words
                self.server.sendall(data)
        except OSError:
            pass
        if not self.is_losing:
            end(self.client, self.server)

    def to_client(self):
        try:
            while data := self.server.recv(1 << 16):
                if self.is_losing:
                    break
                self.client.sendall(data)
        except OSError:
            pass
        end(self.client, self.server)


listener = socket.create_server(("127.0.0.1", listen_port))
while True:
    connection, _ = listener.accept()
    has_lost = has_lost and os.path.exists(order)
    if has_lost:
        connection.close()
        continue
    session = Session(connection)
    threading.Thread(target=session.to_server, daemon=True).start()
    threading.Thread(target=session.to_client, daemon=True).start()
