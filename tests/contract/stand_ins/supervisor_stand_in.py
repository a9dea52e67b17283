"""Obeys a supervisor's arguments, says what it was told, has a child of its own, and ends when it is asked to.

Where it is given a port it answers there. The standard library alone: it runs in a bare image too.
"""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
if "--lock-fd" in options:
    os.set_inheritable(int(options["--lock-fd"]), False)
if "--token-fd" in options:
    token = os.read(int(options["--token-fd"]), 1000).decode()
else:
    token = Path(options["--token-file"]).read_text()
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
sys.stdout.write(f"told {json.dumps([options['--url'], options['--endpoint'], token])}\n")
sys.stdout.flush()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(options["--endpoint"].encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


if port := os.environ.get("STAND_IN_PORT"):
    HTTPServer(("", int(port)), Answer).serve_forever()
while True:
    signal.pause()
