#!/usr/bin/env python3
"""A client in plain Python that trusts nobody but a policy: it speaks SP on a socket, and checks seal, ledger, register, key and clause by itself.

usage: stranger.py POLICY HOST:PORT INSTRUMENT EID      prints the clause's text, verified; anything that does not hold ends it with 4

No code of the project, no library but Python's own; Ed25519 is openssl's. PROTOCOL.md sections 2 to 6. Other tests use its checks."""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time

from rpc import Answer, Connection, clause, field, fields, request

KIND = b"application/vnd.depositary.seal-head.v1"
SPKI = bytes.fromhex("302a300506032b6570032100")


class Lie(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Lie(what)


def first(message, number, default=b""):
    return message.get(number, [default])[0]


def ed25519(public, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (SPKI + public, message, signature)):
            with open(path, "wb") as out:
                out.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-in", paths[1],
                               "-sigfile", paths[2]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def root(hash_, index, size, path):
    """RFC 9162 section 2.1.3.2; None for a path of another length."""
    fn, sn = index, size - 1
    if index >= size:
        return None
    for step in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            hash_ = hashlib.sha256(b"\1" + step + hash_).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = hashlib.sha256(b"\1" + hash_ + step).digest()
        fn, sn = fn >> 1, sn >> 1
    return hash_ if sn == 0 else None


class Policy:
    def __init__(self, path):
        with open(path, encoding="utf-8") as lines:
            keys = [line.split()[1] for line in lines if line.startswith("log ")]
        self.origin = keys[0].split("+", 2)[0]
        self.keys = [base64.b64decode(key.split("+", 2)[2])[1:] for key in keys]

    def checkpoint(self, note):
        """Size and root of a note that a pinned key signed."""
        text, _, signatures = note.partition("\n\n")
        lines = text.split("\n")
        need(len(lines) == 3 and lines[0] == self.origin, "the checkpoint's origin")
        signed = (text + "\n").encode()
        for line in signatures.splitlines():
            dash, name, data = line.split(" ")
            blob = base64.b64decode(data)
            if dash == "\u2014" and name == self.origin and any(
                    blob[:4] == hashlib.sha256(name.encode() + b"\n\1" + key).digest()[:4] and ed25519(key, signed, blob[4:])
                    for key in self.keys):
                return int(lines[1]), base64.b64decode(lines[2])
        raise Lie("no pinned key signed the checkpoint")


class State:
    """A ledger's checkpoint with its register, the last entry."""

    def __init__(self, policy, message):
        state = fields(message)
        self.size, self.root = policy.checkpoint(first(state, 1).decode())
        register = first(state, 2)
        need(root(leaf(register), self.size - 1, self.size, state.get(3, [])) == self.root, "the register is not the last entry")
        lines = dict(line.split(" ", 1) for line in register.decode().split("\n")[1:] if " " in line)
        self.lines, self.lines_root = int(lines["lines"]), base64.b64decode(lines["root"])

    def holds_entry(self, record, index, path):
        need(root(leaf(record), index, self.size, path) == self.root, "a record that is not in the ledger")

    def line(self, message):
        """A line of the register."""
        line = fields(message)
        need(root(leaf(first(line, 1)), first(line, 2, 0), self.lines, line.get(3, [])) == self.lines_root, "a line that is not in the register")
        return first(line, 1).decode()


class Stranger:
    def __init__(self, policy, where):
        self.policy, self.connection = Policy(policy), Connection(where)

    def seal(self, asked, response):
        """Signature, head, place in the batch, origin. Returns the sealed state and the key."""
        outer = fields(response)
        need(2 in outer, "no seal")
        seal = fields(outer[2][0])
        head_bytes, key = first(seal, 2), first(seal, 1)
        pae = b"DSSEv1 %d %s %d %s" % (len(KIND), KIND, len(head_bytes), head_bytes)
        need(ed25519(key, pae, first(seal, 3)), "the seal's signature")
        head = fields(head_bytes)
        digest = hashlib.sha256(b"\0depositary/answer/v1\n" + hashlib.sha256(asked).digest() + hashlib.sha256(outer[1][0]).digest()).digest()
        need(1 <= first(head, 2, 0) <= 1024, "the batch's size")
        need(root(digest, first(seal, 4, 0), first(head, 2, 0), seal.get(5, [])) == first(head, 3), "the answer is not in the sealed batch")
        need(first(head, 1).decode() == self.policy.origin, "the seal's origin")
        sealed_at = first(fields(first(head, 4)), 1, 0)
        need(abs(sealed_at - time.time()) <= 120, "the seal's time")
        return (first(head, 5, 0), first(head, 6)), key, sealed_at

    def ask(self, method, message=b"", of_key=False):
        """The answer, and the state that it carries; its seal was checked, and that the ledger authorises the key that made it."""
        asked = request(method, message)
        response = self.connection.call(asked)
        sealed, key, sealed_at = self.seal(asked, response)
        answer = Answer(response)
        carried = first(fields(answer.message), 15, None) if answer.message and "depositary.v1" in method else None
        state = State(self.policy, carried) if carried is not None else None
        need(state is None or sealed == (state.size, state.root), "sealed from another state than it is proved by")
        if not of_key:
            self.key(key, sealed_at)
        return answer, state

    def key(self, public, sealed_at):
        answer, state = self.ask("/depositary.v1.LedgerService/GetAnswerKey", field(1, public), of_key=True)
        message = fields(answer.message)
        record = first(message, 1)
        need(answer.code == "OK" and state is not None, "no record of the answer key")
        state.holds_entry(record, first(message, 2, 0), message.get(3, []))
        text = base64.b64encode(public).decode()
        lines = dict(line.split(" ", 1) for line in record.decode().split("\n") if " " in line)
        need(record.startswith(b"depositary/key/v1\n") and lines["public-key"] == text, "the record of another key")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sealed_at))
        need(lines["not-before"] <= now < lines["not-after"], "the key's window")
        need(state.line(first(message, 4)) == f"key {text} active {base64.b64encode(leaf(record)).decode()}", "the key is not active")

    def clause(self, instrument, eid):
        """The text of a clause of the latest edition, proved from the pinned key down."""
        answer, state = self.ask("/depositary.v1.DepositaryService/GetClause", clause(eid, instrument))
        need(answer.code == "OK", f"{answer!r}")
        message = fields(answer.message)
        certified = fields(first(message, 1))
        words = fields(first(certified, 1))
        edition = fields(message[14][first(certified, 2, 0)])
        record = first(edition, 1)
        state.holds_entry(record, first(edition, 2, 0), edition.get(3, []))
        said = {}
        for line in record.decode().split("\n"):
            name, _, value = line.partition(" ")
            said.setdefault(name, value)
        line = f"edition {said['instrument']} {said['language']} {said['edition']} {base64.b64encode(leaf(record)).decode()}"
        need(state.line(first(edition, 4)) == line, "not the latest edition")
        text = first(words, 4)
        need((first(words, 1).decode(), first(words, 3).decode(), said["instrument"]) == (instrument, eid, instrument), "another clause than was asked for")
        printed = f"depositary/clause/v1\ninstrument {instrument}\nlanguage {said['language']}\nclause {eid}\nlength {len(text)}\n\n".encode() + text
        need(root(leaf(printed), first(certified, 3, 0), int(said["clauses"]), certified.get(4, [])) == base64.b64decode(said["clauses-root"]),
             "the clause is not in the edition")
        return text


if __name__ == "__main__":
    try:
        host, _, port = sys.argv[2].rpartition(":")
        sys.stdout.buffer.write(Stranger(sys.argv[1], (host, int(port))).clause(sys.argv[3], sys.argv[4]))
    except Lie as lie:
        print(f"does not hold: {lie}", file=sys.stderr)
        sys.exit(4)
