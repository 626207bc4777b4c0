"""Serves a directory on a free loopback port, printed on the first line, and misbehaves on two paths:
/short/NAME promises one byte more than it sends, /stall/NAME sends half and then nothing."""

import functools
import http.server
import pathlib
import sys
import threading

root = pathlib.Path(sys.argv[1])


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        mode, _, name = self.path.strip("/").partition("/")
        if mode not in ("short", "stall"):
            return super().do_GET()
        data = (root / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) + 1))
        self.end_headers()
        self.wfile.write(data if mode == "short" else data[: len(data) // 2])
        self.wfile.flush()
        if mode == "stall":
            threading.Event().wait()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
print(server.server_address[1], flush=True)
server.serve_forever()
