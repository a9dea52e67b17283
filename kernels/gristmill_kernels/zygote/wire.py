"""Frames on a Unix socket: eight bytes of length, then JSON; open files travel beside the length (unix(7)).

A zygote takes these messages, one per connection, and answers with one, but for `fork`, whose connection stays:

* `{"ask": "fork", "module", "arguments", "argv", "cwd", "environ", "files", ...}` with one open file beside it for each
  number in `files`, which is the number it gets in the child. Answer `{"pid", "parent"}` with a pidfd beside it, once
  the child has its environment, files and session; of a kernel later `{"pid", "status"}`, a status as
  `Popen.returncode` has it, from its keeper, which stays until the connection is closed.
  Or `{"refused": why}`: nothing was forked, and an ordinary start is what is right.
* `{"ask": "status"}`: what it is and has.
* `{"ask": "stop"}`: no fork any more; it ends when its children have.
"""

from __future__ import annotations

import array
import json
import socket
from typing import Any

_MOST_FILES = 16
_LONGEST = 64 * 2**20


def send(connection: socket.socket, message: dict[str, Any], files: tuple[int, ...] | list[int] = ()) -> None:
    body = json.dumps(message).encode()
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    connection.sendmsg([len(body).to_bytes(8, "big")], beside)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message and the files beside it, which the caller closes; None at the end of the stream."""
    header, files = _receive_header(connection)
    try:
        while header and len(header) < 8:
            more = connection.recv(8 - len(header))
            header = header + more if more else b""
        size = int.from_bytes(header, "big")
        body = _receive_exactly(connection, size) if header and size <= _LONGEST else None
    except BaseException:
        close(files)
        raise
    if body is None:
        close(files)
        return None
    return json.loads(body), files


def _receive_header(connection: socket.socket) -> tuple[bytes, list[int]]:
    room = socket.CMSG_SPACE(_MOST_FILES * array.array("i").itemsize)
    flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
    header, beside, _, _ = connection.recvmsg(8, room, flags)
    files = array.array("i")
    for level, kind, content in beside:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            files.frombytes(content[: len(content) - len(content) % files.itemsize])
    return header, list(files)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = connection.recv(min(size, 2**20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def close(files: list[int]) -> None:
    import os

    for file in files:
        os.close(file)
