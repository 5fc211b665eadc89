#!/usr/bin/env python3
"""A witness: C2SP tlog-witness add-checkpoint, small and strict, with Ed25519 by openssl so that nothing of it is the project's.

usage: witness.py PORT NAME STATE-FOLDER LOG-VKEY...     prints its own verifier key, then serves the loopback

STATE-FOLDER keeps the key and the latest cosigned checkpoint. A file `lie` in it holds the name of a misdeed, looked at for each request:
  cut         half of the cosignature's line        stranger    a valid cosignature by a key that nobody knows
  huge        a megabyte                            slow        a byte a second
  bad         a cosignature with a changed bit      conflict    409 with no size
  larger      409 with a size past any              twice       the same line twice
  wander      409 with another size each time
"""
import base64, hashlib, http.server, os, subprocess, sys, tempfile, time

PKCS8 = bytes.fromhex('302e020100300506032b657004220420')
SPKI = bytes.fromhex('302a300506032b6570032100')
DASH = '\u2014 '.encode()


def openssl(*arguments, **files):
    """Runs openssl with the named byte strings as files; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, data in files.items():
            paths[name] = os.path.join(folder, name)
            with open(paths[name], 'wb') as out:
                out.write(data)
        done = subprocess.run(['openssl'] + [a.format(**paths) for a in arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        return done.stdout if done.returncode == 0 else None


def sign(seed, message):
    return openssl('pkeyutl', '-sign', '-rawin', '-keyform', 'DER', '-inkey', '{key}', '-in', '{message}',
                   key=PKCS8 + seed, message=message)


def verify(public, message, signature):
    return openssl('pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', '{key}', '-in', '{message}',
                   '-sigfile', '{signature}', key=SPKI + public, message=message, signature=signature) is not None


def public_of(seed):
    return openssl('pkey', '-inform', 'DER', '-in', '{key}', '-pubout', '-outform', 'DER', key=PKCS8 + seed)[-32:]


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b'\n' + bytes([kind]) + public).digest()[:4]


class Refused(Exception):
    def __init__(self, status, body=b'', kind='text/plain'):
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


def decimal(text):
    if not text.isdigit() or not text.isascii() or (len(text) > 1 and text[0] == '0'):
        raise Refused(400)
    return int(text)


def exact_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(400) from None
    if base64.b64encode(data).decode() != text:
        raise Refused(400)
    return data


def node(left, right):
    return hashlib.sha256(b'\x01' + left + right).digest()


def consistent(old, old_root, new, new_root, path):
    """RFC 9162 section 2.1.4.2, for 0 < old < new."""
    if not path:
        return False
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    first, second = old - 1, new - 1
    while first & 1:
        first >>= 1
        second >>= 1
    one = two = path[0]
    for hash_ in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            one, two = node(hash_, one), node(hash_, two)
            while not first & 1 and first != 0:
                first >>= 1
                second >>= 1
        else:
            two = node(two, hash_)
        first >>= 1
        second >>= 1
    return one == old_root and two == new_root and second == 0


class Witness:
    def __init__(self, name, folder, vkeys):
        self.name, self.folder, self.logs = name, folder, {}
        for vkey in vkeys:
            origin, identity, key = vkey.split('+', 2)
            data = base64.b64decode(key)
            assert data[0] == 1 and key_id(origin, 1, data[1:]).hex() == identity
            self.logs.setdefault(origin, []).append(data[1:])
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, 'seed')
        if not os.path.exists(path):
            with open(path, 'wb') as out:
                out.write(os.urandom(32))
        with open(path, 'rb') as seed:
            self.seed = seed.read()
        self.public = public_of(self.seed)

    def vkey(self):
        data = base64.b64encode(b'\x04' + self.public).decode()
        return f'{self.name}+{key_id(self.name, 4, self.public).hex()}+{data}'

    def lie(self):
        try:
            with open(os.path.join(self.folder, 'lie')) as file:
                return file.read().strip()
        except FileNotFoundError:
            return ''

    def latest(self):
        try:
            with open(os.path.join(self.folder, 'latest')) as file:
                size, root = file.read().split()
                return int(size), base64.b64decode(root)
        except FileNotFoundError:
            return 0, hashlib.sha256(b'').digest()

    def keep(self, size, root):
        path = os.path.join(self.folder, 'latest')
        with open(path + '.new', 'w') as out:
            out.write(f'{size} {base64.b64encode(root).decode()}\n')
            out.flush()
            os.fsync(out.fileno())
        os.replace(path + '.new', path)

    def line(self, text, seed=None, name=None, when=None):
        seed, name = seed or self.seed, name or self.name
        when = int(time.time()) if when is None else when
        signature = sign(seed, b'cosignature/v1\ntime %d\n' % when + text)
        blob = key_id(name, 4, public_of(seed)) + when.to_bytes(8, 'big') + signature
        return DASH + name.encode() + b' ' + base64.b64encode(blob) + b'\n'

    def add_checkpoint(self, body):
        try:
            head, note = body.decode().split('\n\n', 1)
            text, lines = note.split('\n\n', 1)
        except ValueError:
            raise Refused(400) from None
        head, fields = head.split('\n'), text.split('\n')
        if not head[0].startswith('old ') or len(head) > 64 or len(fields) < 3 or not lines.endswith('\n'):
            raise Refused(400)
        old, path = decimal(head[0][4:]), [exact_base64(line) for line in head[1:]]
        size, root = decimal(fields[1]), exact_base64(fields[2])
        if len(root) != 32 or any(len(hash_) != 32 for hash_ in path):
            raise Refused(400)
        if fields[0] not in self.logs:
            raise Refused(404)
        signed = text.encode() + b'\n'
        if not any(self.is_signed(fields[0], public, signed, lines) for public in self.logs[fields[0]]):
            raise Refused(403)
        if old > size:
            raise Refused(400)
        latest, latest_root = self.latest()
        if old != latest:
            raise Refused(409, b'%d\n' % latest, 'text/x.tlog.size')
        if old == size:
            if root != latest_root:
                raise Refused(409, b'%d\n' % latest, 'text/x.tlog.size')
            if path:
                raise Refused(422)
        elif old == 0:
            if path:
                raise Refused(422)
        elif not consistent(old, latest_root, size, root, path):
            raise Refused(422)
        self.keep(size, root)
        return self.line(signed)

    @staticmethod
    def is_signed(origin, public, signed, lines):
        start = '\u2014 ' + origin + ' '
        for line in lines.splitlines():
            if line.startswith(start):
                blob = exact_base64(line[len(start):])
                if blob[:4] == key_id(origin, 1, public) and len(blob) == 68:
                    return verify(public, signed, blob[4:])
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    witness = None
    wandering = 0

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, kind='text/plain; charset=utf-8'):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        lie = self.witness.lie()
        try:
            if not self.path.endswith('/add-checkpoint'):
                raise Refused(404)
            if lie == 'conflict':
                raise Refused(409, b'soon\n', 'text/x.tlog.size')
            if lie == 'larger':
                raise Refused(409, b'1000000\n', 'text/x.tlog.size')
            if lie == 'wander':
                Handler.wandering += 1
                raise Refused(409, b'%d\n' % (1 + Handler.wandering % 2), 'text/x.tlog.size')
            line = self.witness.add_checkpoint(body)
            text = body.split(b'\n\n')[1] + b'\n'
            if lie == 'cut':
                line = line[:len(line) // 2]
            elif lie == 'stranger':
                line = self.witness.line(text, os.urandom(32), 'stranger.example')
            elif lie == 'bad':
                line = self.witness.line(text + b' ')
            elif lie == 'twice':
                line += line
            elif lie == 'huge':
                line = b'x' * 1000000
            elif lie == 'slow':
                self.send_response(200)
                self.send_header('Content-Length', str(len(line)))
                self.end_headers()
                for byte in line:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(1)
                return
            self.answer(200, line)
        except Refused as refused:
            self.answer(refused.status, refused.body, refused.kind)
        except BrokenPipeError:
            self.close_connection = True


def main():
    port, name, folder, vkeys = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    Handler.witness = Witness(name, folder, vkeys)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
    print(Handler.witness.vkey(), flush=True)
    server.serve_forever()


main()
