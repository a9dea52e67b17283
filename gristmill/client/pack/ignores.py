"""What is never packed, and what the project's own files say is not: `.gitignore` and `.gristmillignore`."""

import fnmatch
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.client.pack.regular import read_regular

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_IGNORE_FILE = 2**20
OWN, GIT = ".gristmillignore", ".gitignore"

# Names of files and folders; `!name` in .gristmillignore brings one back, all but `.git`.
BUILT_IN = (
    ".*",  # hidden: caches, editors' settings, .env, credentials of tools
    *("__pycache__", "*.py[co]", "*.egg-info", "site-packages", "node_modules", "*.sw[op]", "*~"),
    *("mlruns", "mlartifacts", "mlflow.db", "wandb", "lightning_logs"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx", "*.env"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "client_secret*.json", "credentials.json", "service_account*.json"),
)
_BUILT_IN = re.compile("|".join(fnmatch.translate(name) for name in BUILT_IN), re.IGNORECASE)
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
# One of these, empty, is in the home of a control plane from its first moment on. With its token and everybody's runs
# it is never brought back either.
_HOME_MARKS = ("start.lock", "server.lock")


def is_built_in(name: str) -> bool:
    """Whether a file or folder of this name is never packed unless it is brought back: it is no data either."""
    return bool(_BUILT_IN.match(name))


class Ignores:
    """The rules of one project, read folder by folder as a walk comes by.

    Git's own rules hold: the last line that matches decides, deeper files after higher ones, and nothing below an
    ignored folder is looked at. `.gristmillignore` is heard after `.gitignore` and the built-in names, and its
    `!data/train.csv` brings that file back out of an ignored `data/` as well.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._specs: dict[tuple[str, str], list[GitIgnoreSpec]] = {}  # by folder below `top`, and kind
        self._entered: set[str] = set()
        self._wanted: set[str] = set()  # folders in which something is brought back
        self._passed: set[str] = set()  # ignored folders that are looked into for what is brought back
        self.faults: list[str] = []
        top = next((place for place in (root, *root.parents) if (place / ".git").exists()), root)
        self._prefix = "" if top == root else root.relative_to(top).as_posix() + "/"
        self._read_above(top)
        self.enter("")

    def enter(self, folder: str) -> None:
        """Reads the ignore files of a folder, relative to the root, before what is in it is asked for."""
        if folder not in self._entered:
            self._entered.add(folder)
            for kind in (GIT, OWN):
                lines = self._add((self._prefix + folder).removesuffix("/"), kind, self._root / folder / kind)
                if kind == OWN:
                    self._wanted |= {_join(folder, place) for line in lines if (place := _brought_back(line))}

    def ignored(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path, relative to the root, is left out; its parent folders are not."""
        name = path.rpartition("/")[2]
        if name == ".git" or (is_folder and self._is_home(path)):
            return True
        own = self._verdict(OWN, path, is_folder=is_folder)
        if own is not None:
            return own
        if not self._left_out(path, name, is_folder=is_folder):
            return False
        if is_folder and any(one == path or one.startswith(f"{path}/") for one in self._wanted):
            self._passed.add(path)
            return False
        return True

    def _is_home(self, path: str) -> bool:
        return any(_is_empty_file(self._root / path / mark) for mark in _HOME_MARKS)

    def _left_out(self, path: str, name: str, *, is_folder: bool) -> bool:
        if path.rpartition("/")[0] in self._passed or _BUILT_IN.match(name):
            return True
        if is_folder and any((self._root / path / mark).exists() for mark in _ENVIRONMENT_MARKS):
            return True
        return bool(self._verdict(GIT, path, is_folder=is_folder))

    def ignored_with_parents(self, path: str, *, is_folder: bool = False) -> bool:
        """The same for a path that no walk has led to: an ignored folder above it counts."""
        parts = path.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if self.ignored(folder, is_folder=True):
                return True
            self.enter(folder)
        return self.ignored(path, is_folder=is_folder)

    def _read_above(self, top: Path) -> None:
        """A project inside a larger repository keeps that one's rules too."""
        self._add("", GIT, top / ".git" / "info" / "exclude")
        for base in _bases(self._prefix.removesuffix("/")) if self._prefix else ():
            self._add(base, GIT, top / base / GIT)

    def _add(self, base: str, kind: str, path: Path) -> list[str]:
        lines = list(self._lines(path))
        if lines:
            from pathspec import GitIgnoreSpec  # where there are such files

            self._specs.setdefault((base, kind), []).append(GitIgnoreSpec.from_lines(lines))
        return lines

    def _lines(self, path: Path) -> Iterator[str]:
        try:
            text = read_regular(path, MAX_IGNORE_FILE).data.decode(errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.faults.append(f"{path} was not read: {error.strerror or error}")
            return
        from pathspec import GitIgnoreSpec

        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
            try:
                GitIgnoreSpec.from_lines([line])
            except ValueError as error:
                self.faults.append(f"{path.name} line {number} is no pattern and was passed over: {error}")
            else:
                yield line

    def _verdict(self, kind: str, path: str, *, is_folder: bool) -> bool | None:
        """What the last line that matches says: out, in, or nothing."""
        whole = self._prefix + path
        verdict = None
        for base in _bases(whole):
            for spec in self._specs.get((base, kind), ()):
                below = whole[len(base) :].removeprefix("/") + ("/" if is_folder else "")
                said = spec.check_file(below).include
                verdict = verdict if said is None else said
        return verdict


def _brought_back(line: str) -> str:
    """The folder in which a line brings something back: `data` of `!data/*.csv`; empty for other lines."""
    return re.split(r"[*?[\\]", line[1:].strip())[0].rpartition("/")[0].strip("/") if line.startswith("!") else ""


def _is_empty_file(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _bases(path: str) -> Iterator[str]:
    """The folders above a path, the highest first: "", "a", "a/b" of "a/b/c"."""
    yield ""
    for index, character in enumerate(path):
        if character == "/":
            yield path[:index]
