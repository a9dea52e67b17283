"""The data of a project's runs, from where it is said: the control plane, `gristmill.yaml`, the command line."""

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gristmill.client import api
from gristmill.client.pack.implied import project_root
from gristmill.core.errors import Fault, InvalidInputError, NotFoundError
from gristmill.core.nearest import nearest
from gristmill.data_roots.model import (
    ANYWHERE,
    DataBinding,
    DataRoot,
    DataRootRequest,
    DigestMethod,
    check_binding,
    check_together,
    is_url,
    lies_in,
)

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.core.fields import Fields

FILE = "gristmill.yaml"
_KNOWN = ("source", "at", "digest")
_MEANT = dict.fromkeys(("path", "url", "from", "uri", "location"), "source") | dict.fromkeys(
    ("to", "place", "target", "mount"), "at"
)


def of_project(client: "Client", notebook: Path, texts: Iterable[str] = ()) -> tuple[Path, tuple[DataBinding, ...]]:
    """The notebook's project root, and the data that its runs get; `texts` are `NAME` or `NAME=PATH`.

    Raises:
        NotFoundError: a path of this machine at which nothing is.
    """
    texts = tuple(texts)
    folder = notebook.absolute().parent
    root = project_root(notebook).path if folder.is_dir() else folder
    everywhere = client.send(api.list_data_roots())
    stored = of_folders(everywhere, root, folder.resolve())
    said = declared(root)
    typed = given(texts, merged(stored, said), everywhere, root=root, base=Path.cwd())
    data = merged(stored, said, typed)
    if client.transport.credentials.local:
        for one in data:
            check_there(one)
    return root, data


def of_folders(everywhere: Iterable[DataRoot], root: Path, folder: Path) -> tuple[DataRoot, ...]:
    """Those of the project `root`, and those that were stored for a folder from there down to the notebook's `folder`
    while that was the project: their places now count from `root`. What is the root's own comes first.
    """
    found = [one for one in everywhere if one.folder in {ANYWHERE, str(root)}]
    for place in (folder, *folder.parents):
        if place == root or not place.is_relative_to(root):
            break
        for one in everywhere:
            at = posixpath.normpath(posixpath.join(place.relative_to(root).as_posix(), one.at))
            taken = any(one.name == other.name or lies_in(at, other.at) or lies_in(other.at, at) for other in found)
            if one.folder == str(place) and not taken and at.strip("./"):
                found.append(replace(one, at=at))
    return tuple(found)


def declared(root: Path) -> tuple[DataBinding, ...]:
    """What the section `data:` of the project's `gristmill.yaml` says.

    Raises:
        InvalidInputError: with every fault in it: line, column, field, what was got and expected.
    """
    path = root / FILE
    if not path.is_file():
        return ()
    from gristmill.core.fields import Document  # a reader of YAML, where there is some

    document = Document(path)
    if document.is_blank():  # comments only, as `gristmill init` writes it
        return ()
    section = document.read().mapping("data", optional=True)
    found = tuple(_declared(name, section, root) for name in section.names()) if section else ()
    bindings = tuple(one for one in found if one is not None)
    document.check()
    return bindings


def _declared(name: str, section: "Fields", root: Path) -> DataBinding | None:
    """`raw: data/raw`, or a mapping with `source`, `at` and `digest`."""
    fields = section.mapping(name) if section.is_mapping(name) else None
    if fields is not None:
        fields.only(_KNOWN, _MEANT)
        fields.need("source")
        text = fields.take("source", _text, "")
        at = fields.take("at", _text, "")
        digest = fields.take("digest", _digest, DigestMethod.AUTO)
    else:
        text, at, digest = section.take(name, _text, ""), "", DigestMethod.AUTO
    if not text:
        return None
    try:
        return binding(name, text, at=at or None, digest=digest, root=root, base=root)
    except InvalidInputError as error:
        section.fault(name, error.message, hint=error.hint)
        return None


def binding(
    name: str, text: str, *, root: Path, base: Path, at: str | None = None, digest: DigestMethod = DigestMethod.AUTO
) -> DataBinding:
    """The root that `text` names, a path from `base` or a URL.

    A relative path and what lies in the project keep their place; an absolute path elsewhere, and a URL, come to
    `data/` and their last part, unless `at` says otherwise.
    """
    source = _source(text, base)
    place = at or _place(source, root, keep=not (is_url(text) or Path(text).expanduser().is_absolute()))
    return check_binding(DataBinding(name=name, source=source, at=place, digest=digest))


def _source(text: str, base: Path) -> str:
    parts = urlsplit(text) if is_url(text) else None
    if parts is not None and not (parts.scheme == "file" and parts.netloc in {"", "localhost"}):
        return text
    path = base / Path(unquote(parts.path) if parts else text).expanduser()
    path = Path(os.path.normpath(path.absolute()))
    # Links above it are followed, so that its place is the one that the project itself has; one that it is stays.
    return str(path.parent.resolve() / path.name) if path.name else str(path)


def _place(source: str, root: Path, *, keep: bool) -> str:
    if not is_url(source) and (keep or Path(source).is_relative_to(root)):
        return Path(os.path.relpath(source, root)).as_posix()
    last = PurePosixPath(urlsplit(source).path).name if is_url(source) else Path(source).name
    return f"data/{unquote(last) or 'data'}"


def store(
    client: "Client", one: DataBinding, root: Path, *, everywhere: bool = False, replace: bool = False
) -> DataRoot:
    """The data root, stored for the runs of this project folder."""
    request = DataRootRequest(
        name=one.name,
        source=one.source,
        at=one.at,
        digest=one.digest,
        folder=ANYWHERE if everywhere else str(root),
        replace=replace,
    )
    return client.send(api.create_data_root(request))


def merged(
    stored: Iterable[DataRoot], said: Iterable[DataBinding], given: Iterable[DataBinding] = ()
) -> tuple[DataBinding, ...]:
    """What a run gets. Of one name the command line's comes first, then the file's, then the control plane's."""
    named = {one.name: one.binding for one in stored}
    named |= {one.name: one for one in said}
    named |= {one.name: one for one in given}
    return check_together(named.values())


def given(
    texts: Iterable[str], known: Iterable[DataBinding], everywhere: Iterable[DataRoot], *, root: Path, base: Path
) -> tuple[DataBinding, ...]:
    """The roots that `NAME` or `NAME=PATH` mean. A known name keeps its place; NAME alone may be another folder's.

    Raises:
        NotFoundError: a name that nobody knows.
    """
    by_name = {one.name: one for one in known}
    found = []
    for text in texts:
        name, separator, source = text.partition("=")
        before = by_name.get(name)
        if separator:
            at, digest = (before.at, before.digest) if before else (None, DigestMethod.AUTO)
            found.append(binding(name, source, at=at, digest=digest, root=root, base=base))
        else:
            found.append(before or _of_any(name, everywhere, by_name))
    return tuple(found)


def _of_any(name: str, everywhere: Iterable[DataRoot], known: Mapping[str, DataBinding]) -> DataBinding:
    others = {one.binding for one in everywhere if one.name == name}
    if len(others) == 1:
        return others.pop()
    if not others:
        raise NotFoundError(
            f"no data root {name[:80]!r}",
            hint=f"There are: {', '.join(known) or 'none'}. Name one with its data: --data {name}=PATH",
        )
    folders = sorted(one.folder for one in everywhere if one.name == name)
    raise InvalidInputError(
        f"data root {name!r} is several folders': {', '.join(folders)}", hint=f"Say which data: --data {name}=PATH"
    )


def check_there(one: DataBinding) -> None:
    """Raises NotFoundError where its source is a path of this machine and nothing is there; offers what is near."""
    path = Path(one.source)
    if is_url(one.source) or path.exists():
        return
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, names)
    raise NotFoundError(
        f"data root {one.name!r}: {path} is not there",
        hint=f"Did you mean {path.parent / near}?" if near else None,
        faults=(Fault(where=one.name, message="nothing is there", got=str(path)),),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected a path or a URL")
    return value.strip()


def _digest(value: object) -> DigestMethod:
    try:
        return DigestMethod(str(value))
    except ValueError as error:
        raise ValueError(f"expected one of: {', '.join(DigestMethod)}") from error
