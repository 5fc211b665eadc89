#!/usr/bin/env python3
"""A web server of a folder of tiles, which misbehaves on demand. usage: tiles_server.py PORT FOLDER LIE-FILE

LIE-FILE, looked at for each request, holds "KIND PATH": the file PATH is then served
  gone       not at all                         cut        without its last byte
  more       with a byte more                   flip       with a bit turned over
  huge       as 32 megabytes                    endless    in chunks without end
  slow       a byte a second                    torn       with a Content-Length past its end
  noise      as bytes that are no HTTP          moved      as a redirection
  gzip       with a Content-Encoding            error      as status 500
"""
import http.server, os, sys, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    folder = lie_file = None

    def log_message(self, *arguments):
        pass

    def lie(self):
        try:
            with open(self.lie_file) as file:
                kind, path = file.read().split()
        except (FileNotFoundError, ValueError):
            return ''
        return kind if self.path == '/' + path else ''

    def head(self, length, status=200, **more):
        self.send_response(status)
        text = self.path == '/checkpoint'
        self.send_header('Content-Type', 'text/plain; charset=utf-8' if text else 'application/octet-stream')
        if length is not None:
            self.send_header('Content-Length', str(length))
        for name, value in more.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()

    def do_GET(self):
        try:
            self.serve(self.lie())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def serve(self, lie):
        path = os.path.join(self.folder, self.path.lstrip('/'))
        if lie == 'gone' or '..' in self.path or not os.path.isfile(path):
            self.head(0, 404)
            return
        with open(path, 'rb') as file:
            data = file.read()
        if lie == 'cut':
            data = data[:-1]
        elif lie == 'more':
            data += b'x'
        elif lie == 'flip':
            data = data[:-1] + bytes([data[-1] ^ 1])
        elif lie == 'huge':
            data = b'x' * (32 << 20)
        elif lie == 'noise':
            self.wfile.write(b'\x00\x01\x02 not a protocol\r\n\r\n')
            self.close_connection = True
            return
        elif lie == 'moved':
            self.head(0, 302, Location='http://127.0.0.1:1/')
            return
        elif lie == 'error':
            self.head(0, 500)
            return
        elif lie == 'slow':
            self.head(len(data))
            for byte in data:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(1)
            return
        elif lie == 'torn':
            self.head(len(data) + 100)
            self.wfile.write(data)
            self.close_connection = True
            return
        elif lie == 'endless':
            self.head(None, Transfer_Encoding='chunked')
            while True:
                self.wfile.write(b'10000\r\n' + b'x' * 65536 + b'\r\n')
        if lie == 'gzip':
            self.head(len(data), Content_Encoding='gzip')
        else:
            self.head(len(data))
        self.wfile.write(data)


def main():
    Handler.folder, Handler.lie_file = sys.argv[2], sys.argv[3]
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()


main()
