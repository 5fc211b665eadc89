#!/usr/bin/env python3
"""A network between client and service that does harm to whole SP messages.

sp_network.py LISTEN_PORT SERVICE_PORT HARM [ARGUMENT]. All connections go through it; answers are counted over all of them, from 0.
  none             nothing
  drop N           answer N never arrives; N "all": none does
  drop-requests    no request arrives at the service
  twice            each answer arrives twice
  replay           each answer but the first has the bytes of the one before, under its own request's id
  misaddress       each answer arrives under an id that nobody asked with
  truncate K       each answer lacks its last K bytes, in a frame of the right length
  cut K            answer 0 breaks off in the middle of its frame after K bytes, and the connection ends; later ones pass
  cut-all K        so does every answer
  lengthen K       each answer has K bytes more
  frame LENGTH     the first frame of each connection claims that length
  greeting HEX     the service's greeting is these bytes
  delay MS         each answer waits so long
  swap SECONDS     answers wait for each other in pairs, over all connections, and exchange their bytes; ids stay; alone after that time
  reorder          the same pairs, in one connection, arrive in the other order, unchanged
  resend           each request arrives twice at the service
  empty            each answer has no bytes at all
"""
import socket
import struct
import sys
import threading
import time

from sp import read_exactly

SP_GREETING = 8
ID = 4  # in front of every REQ/REP message; its first bit is set in the last word of the header


def frame(message):
    return struct.pack(">Q", len(message)) + message


class Pair:
    """Two answers that wait for each other."""

    def __init__(self):
        self.changed = threading.Condition()
        self.waiting = None

    def exchange(self, mine, seconds):
        """My partner's message; mine again where no partner comes in time."""
        with self.changed:
            if self.waiting is not None:
                theirs, self.waiting = self.waiting, None
                theirs["partner"] = mine
                self.changed.notify_all()
                return theirs["message"]
            me = {"message": mine, "partner": None}
            self.waiting = me
            self.changed.wait_for(lambda: me["partner"] is not None, seconds)
            if me["partner"] is None:
                self.waiting = None
                return mine
            return me["partner"]


class Network:
    def __init__(self, service_port, harm, argument):
        self.service_port = service_port
        self.harm = harm
        self.argument = argument
        self.lock = threading.Lock()
        self.count = 0
        self.last = None
        self.pair = Pair()

    def number(self):
        with self.lock:
            self.count += 1
            return self.count - 1

    def answers(self, message):
        """What arrives in place of an answer: frames."""
        number = self.number()
        harm, argument = self.harm, self.argument
        if harm == "drop" and argument in ("all", str(number)):
            return []
        if harm == "twice":
            return [frame(message), frame(message)]
        if harm == "replay":
            with self.lock:
                before, self.last = self.last, message
            return [frame(message[:ID] + (before or message)[ID:])]
        if harm == "misaddress":
            return [frame(bytes([message[0]]) + bytes([message[1] ^ 0x55]) + message[2:])]
        if harm == "truncate":
            return [frame(message[: max(ID, len(message) - int(argument))])]
        if harm == "lengthen":
            return [frame(message + b"\0" * int(argument))]
        if harm == "empty":
            return [frame(message[:ID])]
        if harm == "cut-all" or (harm == "cut" and number == 0):
            return [frame(message)[: 8 + int(argument)], None]
        if harm == "delay":
            time.sleep(int(argument) / 1000)
        return [frame(message)]

    def swap(self, client, message):
        other = self.pair.exchange(message, float(self.argument))
        with self.lock:
            try:
                client.sendall(frame(message[:ID] + other[ID:]))
            except OSError:
                pass

    def forward_answers(self, service, client):
        greeting = read_exactly(service, SP_GREETING)
        client.sendall(bytes.fromhex(self.argument) if self.harm == "greeting" else greeting)
        held = None
        while True:
            message = read_exactly(service, struct.unpack(">Q", read_exactly(service, 8))[0])
            if self.harm == "frame":
                client.sendall(struct.pack(">Q", int(self.argument)) + message)
                continue
            if self.harm == "reorder":
                if held is None:
                    held = message
                    service.settimeout(1)
                    try:
                        service.recv(1, socket.MSG_PEEK)
                    except socket.timeout:
                        client.sendall(frame(held))
                        held = None
                    service.settimeout(None)
                else:
                    client.sendall(frame(message) + frame(held))
                    print("reordered", flush=True)
                    held = None
                continue
            if self.harm == "swap":
                threading.Thread(target=self.swap, args=(client, message), daemon=True).start()
                continue
            for data in self.answers(message):
                if data is None:
                    raise EOFError
                client.sendall(data)

    def forward_requests(self, client, service):
        service.sendall(read_exactly(client, SP_GREETING))
        while True:
            message = read_exactly(client, struct.unpack(">Q", read_exactly(client, 8))[0])
            if self.harm == "drop-requests":
                continue
            service.sendall(frame(message) * (2 if self.harm == "resend" else 1))

    def run(self, forward, source, target):
        try:
            forward(source, target)
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
            threading.Thread(target=self.run, args=(self.forward_requests, client, service), daemon=True).start()
            threading.Thread(target=self.run, args=(self.forward_answers, service, client), daemon=True).start()


if __name__ == "__main__":
    Network(int(sys.argv[2]), sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "").serve(int(sys.argv[1]))
