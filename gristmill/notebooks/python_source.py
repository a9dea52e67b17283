"""The Python of a code cell as a syntax tree, magics and shell lines taken out."""

import ast
import re
import threading
import warnings
from dataclasses import dataclass

from gristmill.core.errors import InvalidInputError, TooLargeError

# A statement of IPython's own, continuation lines included; `name = !command` and `name = %magic`; `thing?`.
_MAGIC = re.compile(r"^([ \t]*)[%!](?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE)
_ASSIGNED = re.compile(r"^([ \t]*[\w.,* \t]+=[ \t]*)[%!](?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE)
_ASKED = re.compile(r"^([ \t]*)(?:\?{1,2}[ \t]*[\w.]+|[\w.]+\?{1,2})[ \t]*$", re.MULTILINE)
_WARNINGS = threading.Lock()


@dataclass(frozen=True)
class Code:
    """A cell's tree, and the text that it was read from; lines keep their numbers."""

    tree: ast.Module
    text: str


def parse(source: str, limit: int) -> Code:
    """The code of a cell of at most `limit` characters.

    A cell whose magic makes it another language (`%%bash`) has an empty tree.

    Raises:
        InvalidInputError: where it is not Python, or nested beyond what Python itself reads.
    """
    if len(source) > limit:
        raise TooLargeError(f"the cell has {len(source)} characters, at most {limit} are read as code")
    try:
        return Code(_parse(source), source)
    except InvalidInputError:
        text = without_magics(source)
        if text == source:
            raise
    try:
        return Code(_parse(text), text)
    except InvalidInputError:
        if source.lstrip().startswith("%%"):
            return Code(_parse(""), "")
        raise


def without_magics(source: str) -> str:
    """`source` with `pass` for each line that is IPython's and not Python's; strings may suffer."""
    text = _MAGIC.sub(lambda match: f"{match[1]}pass" + "\n" * match[0].count("\n"), source)
    text = _ASSIGNED.sub(lambda match: f"{match[1]}get_ipython()" + "\n" * match[0].count("\n"), text)
    return _ASKED.sub(r"\1pass", text)


def _parse(source: str) -> ast.Module:
    try:
        # The author's invalid escapes are not for us to warn about.
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        raise InvalidInputError(f"line {error.lineno or 1} is not Python: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise InvalidInputError("the code is nested too deeply to be read") from error
    except ValueError as error:  # NUL characters, lone surrogates
        raise InvalidInputError(f"the code is not text that Python reads: {error}") from error
