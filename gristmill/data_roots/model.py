"""Data roots: named data that lies at the same relative place in every run. Where they may lie is said here."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Strict

MAX_BINDINGS = 64
MAX_CLIMB = 8  # how far above the project root a place may begin
ANYWHERE = ""  # the folder of a root that is bound in the runs of every project folder

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET = re.compile(r"(?i)(token|secret|password|passwd|signature|credential|api[-_]?key|access[-_]?key|^sig$|^key$)")
_ABOVE = "project"  # the folder that stands for the project's own where data lies above it


class DigestMethod(StrEnum):
    """How the digest of a root is made."""

    AUTO = "auto"  # by content up to a size, by stat above it
    CONTENT = "content"  # of every byte
    STAT = "stat"  # of names, sizes, and times of change or etags


@dataclass(frozen=True, kw_only=True)
class DataBinding:
    """One root as a run gets it: `source` is an absolute path or a URL, `at` its place, relative to the project root.

    `at` may begin with `../`: data beside the project lies beside it in the run too.
    """

    name: str
    source: str
    at: str
    digest: DigestMethod = DigestMethod.AUTO


@dataclass(frozen=True, kw_only=True)
class DataRootRequest(Strict):
    """POST /api/data-roots. `folder` is the project folder that `at` counts from, empty for any."""

    name: str
    source: str
    at: str
    digest: DigestMethod = DigestMethod.AUTO
    folder: str = ANYWHERE
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class DataRoot:
    """A stored root. Its name is unique among those of one project folder."""

    project_id: str
    folder: str
    name: str
    source: str
    at: str
    digest: DigestMethod
    created_by: str
    created_at: datetime

    @property
    def binding(self) -> DataBinding:
        return DataBinding(name=self.name, source=self.source, at=self.at, digest=self.digest)


def check_binding(binding: DataBinding) -> DataBinding:
    """The binding with its place in normal form.

    Raises:
        InvalidInputError: a name, source or place that cannot be one.
    """
    if not _NAME.fullmatch(binding.name):
        raise InvalidInputError(
            f"data root {binding.name[:80]!r} has no valid name: expected letters, digits, '.', '_' and '-', at most 63"
        )
    check_source(binding.source)
    at = check_place(binding.at)
    return DataBinding(name=binding.name, source=binding.source, at=at, digest=binding.digest)


def is_url(source: str) -> bool:
    return bool(_URL.match(source))


def check_source(source: str) -> None:
    """Raises unless it is an absolute path or a URL that holds no credentials."""
    if not source or len(source) > 2000 or _has_control(source):
        raise InvalidInputError(f"data source {source[:200]!r} is not valid: expected a path or URL of one line")
    if not is_url(source):
        if not source.startswith("/"):
            raise InvalidInputError(f"data source {source[:200]!r} is not valid: expected an absolute path or a URL")
        return
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise InvalidInputError(f"data source {source[:200]!r} is no URL: {error}") from error
    if "::" in source:
        raise InvalidInputError(f"data source {source[:200]!r} is a chain of URLs: expected a single one")
    secret = next((name for name, _ in parse_qsl(parts.query) if _SECRET.search(name)), None)
    if parts.password or (parts.username and "@" in parts.netloc) or secret:
        raise InvalidInputError(
            f"the URL {without_credentials(source)} holds credentials, which would be kept: expected one without",
            hint="Give them to the worker's environment, as the storage's library reads them: AWS_PROFILE, for one.",
        )


def without_credentials(source: str) -> str:
    """The source as it may be shown and recorded: a URL without user and query."""
    if not is_url(source):
        return source
    scheme, _, rest = source.partition("://")
    path = rest.partition("?")[0].partition("#")[0]
    host, slash, below = path.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{below}"


def check_place(at: str) -> str:
    """`at` in normal form, if it names a place that is neither the project root nor above it.

    Raises:
        InvalidInputError: for absolute paths and for places that would hold the whole project.
    """
    place = posixpath.normpath(at) if at else ""
    parts = place.split("/")
    climb = parts.count("..")
    if (
        not at
        or at.startswith("/")
        or "\\" in at
        or len(at) > 1000
        or _has_control(at)
        or any(len(part.encode(errors="replace")) > 255 for part in parts)
        or (len(parts[0]) == 2 and parts[0][1] == ":")
    ):
        raise InvalidInputError(f"place {at[:200]!r} is not valid: expected a path relative to the project root")
    if parts[climb:] in ([], ["."], [""]):
        raise InvalidInputError(
            f"place {at[:200]!r} holds the project itself: expected a folder or file in it or beside it",
            hint="Name the folder that holds the data alone.",
        )
    if climb > MAX_CLIMB:
        raise InvalidInputError(f"place {at[:200]!r} is {climb} folders above the project, at most {MAX_CLIMB} may be")
    return place


def check_together(bindings: Iterable[DataBinding]) -> tuple[DataBinding, ...]:
    """All of them in normal form, if they can be bound in one run.

    Raises:
        InvalidInputError: one that is not valid, a name given twice, or a place inside another.
    """
    checked = tuple(check_binding(one) for one in bindings)
    if len(checked) > MAX_BINDINGS:
        raise InvalidInputError(f"{len(checked)} data roots are bound, at most {MAX_BINDINGS} may be")
    names = [one.name for one in checked]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidInputError(f"data root {twice!r} is bound twice")
    for one in checked:
        for other in checked:
            if one is not other and lies_in(one.at, other.at):
                raise InvalidInputError(
                    f"data root {one.name!r} at {one.at} lies in data root {other.name!r} at {other.at}",
                    hint=f"Delete one of them: gristmill data delete {one.name}",
                )
    return checked


def lies_in(path: str, place: str) -> bool:
    """Whether a relative path in normal form is the place, or below it."""
    return path == place or path.startswith(f"{place}/")


def climb(bindings: Iterable[DataBinding]) -> int:
    """How many folders above the project root the highest place begins."""
    return max((one.at.split("/").count("..") for one in bindings), default=0)


def folders_above(bindings: Sequence[DataBinding]) -> tuple[str, ...]:
    """The folders that the project stands in, so that every place is inside: none that a place names."""
    taken = {part for one in bindings for part in one.at.split("/")}
    name = _ABOVE
    while name in taken:
        name += "_"
    return (name,) * climb(bindings)


def folder_of(source: str | None, notebook: str) -> str | None:
    """The project folder that a snapshot says it was taken from."""
    return source.removesuffix(f"/{notebook}") if source and source.endswith(f"/{notebook}") else None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
