"""How the secrets of one attempt reach its kernel: asked for over a Unix socket, never written to a disk."""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from gristmill.secrets.masking import Mask
from gristmill.secrets.model import GrantedSecret
from gristmill.verbs import SECRETS

_LONGEST_PATH = 103  # bytes of a Unix socket's path on macOS; Linux takes 107
_LONGEST_QUESTION = 10_000
_CHUNK = 2**20
_PATIENCE = 5.0  # seconds for one question


class Secrets:
    """The values, in this process's memory, for whoever may open the socket: processes of this user, by the mode of
    the folder that it lies in. The kernel knows its path; a killed worker leaves nothing behind but an empty name.

    One question is a connection: the name as JSON and a line break; the answer is `{"value": …}`, or `{"granted": […]}`
    for a name that was not granted.
    """

    def __init__(self, granted: Sequence[GrantedSecret], folder: Path) -> None:
        self.mask = Mask({secret.name: secret.value for secret in granted})
        self._values = {secret.name: secret.value for secret in granted}
        self._wanted = {secret.env: secret.value for secret in granted if secret.env is not None}
        self._folder = folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._socket: socket.socket | None = None
        self.path: Path | None = None

    def __enter__(self) -> Self:
        if self._values:
            self._listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._socket is not None and self.path is not None:
            self._socket.close()
            self.path.unlink(missing_ok=True)
        if self._own is not None:
            self._own.cleanup()

    @property
    def environ(self) -> dict[str, str]:
        """For the kernel: where to ask, and the values that were to be in its environment."""
        return {**self._wanted, SECRETS: str(self.path or "")}

    def shown_in(self, path: Path) -> str | None:
        """The name of a secret whose value the file holds."""
        if not self.mask:
            return None
        with path.open("rb") as content:
            return self.mask.holder_in(iter(lambda: content.read(_CHUNK), b""))

    def _listen(self) -> None:
        self.path = self._folder / "s"
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            self._own = tempfile.TemporaryDirectory(prefix="gristmill-")  # 0700, as the attempt's own
            self.path = Path(self._own.name, "s")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        self.path.chmod(0o600)
        self._socket.listen(64)
        threading.Thread(target=self._answer_all, args=(self._socket,), name="secrets", daemon=True).start()

    def _answer_all(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the attempt is over
                return
            with connection, suppress(OSError):  # who asked went away
                connection.settimeout(_PATIENCE)
                connection.sendall(self._answer(connection))

    def _answer(self, connection: socket.socket) -> bytes:
        with connection.makefile("rb") as question:
            line = question.readline(_LONGEST_QUESTION)
        with suppress(ValueError):  # no JSON: then it is no name
            name = json.loads(line)
            if isinstance(name, str) and name in self._values:
                return json.dumps({"value": self._values[name]}).encode()
        return json.dumps({"granted": sorted(self._values)}).encode()
