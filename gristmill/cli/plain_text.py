"""What a notebook printed for a terminal, for readers that are none."""

import re

# CSI, OSC and shorter sequences (ECMA-48), as in the worker's logs; and the beginning of one at the end of a piece.
_WHOLE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z^-~\\])")
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)\Z")
_LONGEST = 4096  # characters of a sequence that is waited for; a longer one is none


class PlainText:
    """Takes the escape sequences out of text that comes in pieces: one may begin in a piece and end in the next."""

    def __init__(self) -> None:
        self._begun = ""

    def take(self, piece: str) -> str:
        text = _WHOLE.sub("", self._begun + piece)
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun and len(begun[0]) < _LONGEST else ""
        text = text[: begun.start()] if self._begun and begun else text
        return text.replace("\x1b", "")  # an escape that begins nothing
