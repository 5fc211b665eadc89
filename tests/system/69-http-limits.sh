#!/usr/bin/env bash
# Goal of this test: whoever comes to the HTTP door gets no more of it than a short question needs: a long head, a body, another method and silence in the
# middle of a question are refused or shut out, and the others are answered meanwhile and after it.
source "$(dirname "$0")/lib.sh"

http=$(free_port)
start_daemon house --http "127.0.0.1:$http"
python3 - "$http" <<'EOF'
import socket, sys, time
where = ("127.0.0.1", int(sys.argv[1]))

def connect():
    raw = socket.create_connection(where, 10)
    raw.settimeout(30)
    return raw

def answer(raw, data):
    """The first line of what comes back; None where the connection was closed without a word."""
    try:
        raw.sendall(data)
        heard = b""
        while b"\r\n" not in heard:
            more = raw.recv(4096)
            if not more:
                return None
            heard += more
        return heard.split(b"\r\n")[0].decode()
    except OSError:
        return None

def get(path="/healthz", head="", body=b"", method="GET"):
    return answer(connect(), f"{method} {path} HTTP/1.1\r\nHost: here\r\n{head}\r\n".encode() + body)

def is_sound():
    line = get()
    assert line and " 200 " in line, line

is_sound()
silent = {
    "nothing": b"",
    "half a line": b"GET /hea",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: here\r\n",
    "half a body": b"GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nx",
}
begun = time.monotonic()
waiting = {}
for what, data in silent.items():
    waiting[what] = connect()
    waiting[what].sendall(data)

# Heads: long ones, by one line or by many, and one without an end.
assert " 200 " in (get(head="X-Long: " + "x" * 8000 + "\r\n") or "")
for head in ("X-Long: " + "x" * 40000 + "\r\n", "X-Many: x\r\n" * 4000):
    line = get(head=head)
    assert line is None or " 200 " not in line, line
endless = connect()
sent = 0
try:
    endless.sendall(b"GET /healthz HTTP/1.1\r\n")
    for _ in range(2000):
        endless.sendall(b"X-Endless: " + b"x" * 8000 + b"\r\n")
        sent += 8013
        time.sleep(0.001)
except OSError:
    pass
assert sent < 8 << 20, f"{sent} bytes of a head were taken"
is_sound()

# Bodies: nobody asks with one. A short one does no harm; that it is long is known from its head.
assert " 200 " in (get(head="Content-Length: 1000\r\n", body=b"x" * 1000) or "")
for length in (2000, 1 << 20, 1 << 40, (1 << 63) - 1):
    raw = connect()
    began = time.monotonic()
    line = answer(raw, f"GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n".encode())
    assert line is None or " 200 " not in line, (length, line)
    assert time.monotonic() - began < 5, f"a body of {length} bytes was waited for"
line = get(head="Transfer-Encoding: chunked\r\n", body=b"ffff\r\n" + b"x" * 0xffff + b"\r\n0\r\n\r\n")
assert line is None or " 200 " not in line, line
is_sound()

# Methods: what asks is taken, what would change something is not.
line = get(method="HEAD")
assert line and " 200 " in line, line
for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS", "BREW"):
    line = get(method=method)
    assert line is None or line.split()[1] in ("400", "405", "501"), (method, line)
is_sound()

# Silence: let go after ten seconds or so.
for what, raw in waiting.items():
    raw.settimeout(max(0.1, begun + 40 - time.monotonic()))
    try:
        while raw.recv(4096):
            pass
    except socket.timeout:
        raise SystemExit(f"who was silent after {what} is still there after 40 seconds")
    except OSError:
        pass
is_sound()
EOF
expect 0 depositary get "$instrument" 11
stop_daemon "$daemon"
