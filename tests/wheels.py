"""Wheels for tests that install: made here, so that nothing is asked of an index."""

import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def make_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel of these files."""
    info = f"{name}-{version}.dist-info"
    said = {f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    said[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return _write(folder / f"{name}-{version}-py3-none-any.whl", info, {**files, **said})


def wheels_of_installed(folder: Path, name: str) -> None:
    """Wheels of an installed distribution, and of all that it needs."""
    waiting, done = [name], set[str]()
    while waiting:
        one = metadata.distribution(waiting.pop())
        if (key := canonicalize_name(one.metadata["Name"])) in done:
            continue
        done.add(key)
        _pack(folder, one)
        needed = (Requirement(text) for text in one.requires or ())
        waiting += [need.name for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]


def _pack(folder: Path, one: metadata.Distribution) -> None:
    found = {str(file): Path(str(file.locate())) for file in one.files or () if ".." not in file.parts}
    info = next(name.split("/")[0] for name in found if name.endswith(".dist-info/METADATA"))
    tags = [line[5:].split("-") for line in (one.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    tag = "-".join(".".join(sorted(set(parts))) for parts in zip(*tags, strict=True))
    files = {name: path for name, path in found.items() if path.is_file() and not name.endswith((".pyc", "/RECORD"))}
    _write(folder / f"{info.removesuffix('.dist-info')}-{tag}.whl", info, files)


def _write(path: Path, info: str, files: dict[str, str] | dict[str, Path]) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content if isinstance(content, str) else content.read_bytes())
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD")))
    return path
