"""Where the control plane is, for processes that outlive it."""

import re
from pathlib import Path

_URL = re.compile(r"https?://\S+")


class Address:
    """`url` is what the process was told at its start, until `renew` finds another one in `file`.

    A control plane of this machine whose port was taken while it was away comes back at another one, and says so in
    that file. Elsewhere the URL is stable: there is no file then.
    """

    def __init__(self, url: str, file: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._file = file

    @property
    def may_move(self) -> bool:
        return self._file is not None

    def renew(self) -> bool:
        """To be called when the control plane does not answer: whether `url` is another one now."""
        if self._file is None:
            return False
        try:
            found = self._file.read_text().strip().rstrip("/")
        except (OSError, UnicodeDecodeError):
            return False
        if found == self.url or not _URL.fullmatch(found):
            return False
        self.url = found
        return True
