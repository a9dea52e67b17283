"""A worker that obeys the same arguments as the real one and says what it was told.

It holds its lock by keeping the inherited descriptor, starts a child in a session of its own, and ends when it is asked
to. The standard library alone: it runs in a bare image too.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
if "--lock-fd" in options:
    os.set_inheritable(int(options["--lock-fd"]), False)
if "--token-fd" in options:
    token = os.read(int(options["--token-fd"]), 1000).decode()
else:
    token = Path(options["--token-file"]).read_text()
folder = Path(options["--dir"])
(folder / "blobs").mkdir(parents=True)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
with (folder / "journal.jsonl").open("w") as journal:
    for n in (1, 2):
        event: dict[str, object] = {"n": n, "kind": "log", "time": "2026-01-01T00:00:00Z", "data": {}}
        journal.write(json.dumps(event) + "\n")
    journal.write('{"n": 3, "kind"')
for name in ("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "half.unfinished"):
    (folder / "blobs" / name).write_text("hello")
told = [options["--url"], options["--attempt"], token, "GRISTMILL_TOKEN" in os.environ]
sys.stdout.write(f"told {json.dumps(told)}\n")
sys.stdout.flush()
while True:
    signal.pause()
