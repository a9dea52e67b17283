"""A worker ends with its supervisor, and says why where that was a fault of its own."""

import socket
import subprocess
import sys

CODE = """
import socket, sys, threading
from gristmill.serving.lifeline import end_with

def hear(line):
    print("heard", line.decode().strip(), flush=True)
    if line == b"nonsense\\n":
        raise ValueError("this is no word of the supervisor's")

end_with(socket.socket(fileno=int(sys.argv[1])), hear)
threading.Event().wait(60)
"""


def ended(*lines: bytes) -> subprocess.CompletedProcess[str]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen(
            [sys.executable, "-c", CODE, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        theirs.close()
        ours.sendall(b"".join(lines))
        ours.shutdown(socket.SHUT_WR)
        said, faults = child.communicate(timeout=30)
    return subprocess.CompletedProcess(child.args, child.returncode, said, faults)


def test_it_ends_without_a_word_when_the_supervisor_is_gone() -> None:
    gone = ended(b"ready\n")
    assert (gone.returncode, gone.stdout, gone.stderr) == (1, "heard ready\n", "")


def test_a_fault_that_ends_it_is_logged_first() -> None:
    failed = ended(b"nonsense\n", b"ready\n")
    assert (failed.returncode, failed.stdout) == (1, "heard nonsense\n")
    assert "this worker ends" in failed.stderr
    assert "ValueError: this is no word of the supervisor's" in failed.stderr
