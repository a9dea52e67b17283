"""Packages of which only the sources are there, with parts that building them makes: extensions, a version's file.

Where notebooks stand in such a library's checkout, as its examples do, the library that they mean is the installed one.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from gristmill.client.pack.imports import Import
from gristmill.client.pack.regular import read_regular
from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse

MAX_SOURCE = 2 * 10**6  # bytes; what a larger module imports is not known
# Behind one of these a package may find parts of itself elsewhere, or build them when they are imported.
_UNSURE = ("__path__", "meta_path", "pyximport")
_COMPILED = (".so", ".pyd", ".pyc")


def lacking(place: Path, entry: Import) -> str | None:
    """The first module that importing `entry` from the folder `place` surely asks its package for, and is not there.

    Sure is what modules import at their top level. Of `entry` itself nothing is claimed: it may stand in a `try`.
    """
    waiting, seen = list(_modules(place, entry)), set[Path]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if (source := _source(file)) is None:
            continue
        if any(word in source for word in _UNSURE):
            return None
        for wanted in _own_imports(source, file.parent.relative_to(place).parts, entry.parts[0]):
            if lost := _lost(place, wanted):
                return lost
            waiting += _modules(place, wanted)
    return None


def _source(file: Path) -> str | None:
    try:
        return read_regular(file.resolve(), MAX_SOURCE).data.decode(errors="replace")
    except OSError:
        return None


def _own_imports(source: str, folder: tuple[str, ...], package: str) -> Iterator[Import]:
    """What a module in `folder` imports of its own package at its top level, named from the package on."""
    try:
        body = parse(source, MAX_SOURCE).tree.body
    except InvalidInputError:
        return
    for node in body:
        match node:
            case ast.Import(names=names):
                found = [Import(parts=tuple(alias.name.split("."))) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = folder[: len(folder) - level + 1] if level else ()
                parts = (*above, *(module.split(".") if module else ()))
                found = [Import(parts=parts, names=tuple(alias.name for alias in names))]
            case _:
                continue
        yield from (one for one in found if one.parts[:1] == (package,))


def _modules(place: Path, wanted: Import) -> Iterator[Path]:
    """The Python files that an import executes."""
    folder = place
    for part in wanted.parts:
        yield from _files(folder, part)
        folder /= part
    for name in wanted.names:
        yield from _files(folder, name)


def _files(folder: Path, name: str) -> Iterator[Path]:
    both = (folder / name / "__init__.py", folder / f"{name}.py")
    yield from [one for one in both if one.is_file()][:1]


def _lost(place: Path, wanted: Import) -> str | None:
    folder = place
    for number, part in enumerate(wanted.parts, start=1):
        if not folder.is_dir():  # a name inside a module
            return None
        if not _there(folder, part):
            return ".".join(wanted.parts[:number])
        folder /= part
    return None


def _there(folder: Path, name: str) -> bool:
    if (folder / name).is_dir() or (folder / f"{name}.py").is_file():
        return True
    return any(one.name.split(".")[0] == name and one.suffix in _COMPILED for one in folder.iterdir())
