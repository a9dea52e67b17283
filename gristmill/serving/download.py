"""A model version's files, from the registry to the endpoint's folder: all of them or none."""

import json
import shutil
import tempfile
from pathlib import Path

from gristmill.core.errors import UnavailableError
from gristmill.endpoints.model import Variant
from gristmill.serving.artifact import MLMODEL, ORIGIN
from gristmill.serving.control_plane import ArtifactFile, ControlPlane
from gristmill.serving.errors import LoadError

_MOST_FILES = 20_000
_DEEPEST = 32


def is_here(target: Path, variant: Variant) -> bool:
    """Whether `target` holds the variant's files, whole."""
    try:
        origin = json.loads((target / ORIGIN).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(origin, dict) and origin.get("artifact_path") == variant.artifact_path


async def download(control_plane: ControlPlane, variant: Variant, target: Path) -> None:
    """Brings the variant's files to `target`, if they are not there.

    Raises:
        UnavailableError: the control plane or MLflow does not answer; later it may.
        LoadError: there is no model, or its files would not stay in its folder.
    """
    if is_here(target, variant):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=".partial-"))
    try:
        await _Download(control_plane).folder(variant.artifact_path.strip("/"), partial, 0)
        if not (partial / MLMODEL).is_file():
            raise LoadError(
                f"there is no {MLMODEL} at {variant.artifact_path!r} in the artifact store",
                hint=f"Register {variant.model} again: the files of version {variant.version} are gone.",
            )
        _finish(partial, variant, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _finish(partial: Path, variant: Variant, target: Path) -> None:
    origin = {"artifact_path": variant.artifact_path, "model": variant.model, "version": variant.version}
    (partial / ORIGIN).write_text(json.dumps(origin), "utf-8")
    shutil.rmtree(target, ignore_errors=True)  # what another version of that name left
    partial.rename(target)


class _Download:
    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._files = 0

    async def folder(self, path: str, target: Path, depth: int) -> None:
        if depth > _DEEPEST:
            raise LoadError(f"the model's folders are more than {_DEEPEST} deep at {path!r}")
        for file in await self._control_plane.files(path):
            self._files += 1
            if self._files > _MOST_FILES:
                raise LoadError(f"the model has more than {_MOST_FILES} files")
            _check_name(file.name, path)
            if file.is_folder:
                (target / file.name).mkdir()
                await self.folder(f"{path}/{file.name}", target / file.name, depth + 1)
            else:
                await self._file(f"{path}/{file.name}", target / file.name, file)

    async def _file(self, path: str, target: Path, file: ArtifactFile) -> None:
        size = 0
        with target.open("xb") as out:
            async with self._control_plane.read(path) as chunks:
                async for chunk in chunks:
                    size += out.write(chunk)
        if file.size is not None and size != file.size:
            raise UnavailableError(f"the file {path!r} came with {size} bytes: expected {file.size}")


def _check_name(name: str, path: str) -> None:
    if name in {"", ".", "..", ORIGIN} or any(character in name for character in "/\\\0"):
        raise LoadError(f"the artifact store lists {name!r} in {path!r}: expected a plain file name")


def remove_unused(folder: Path, used: set[Path]) -> None:
    """Removes what lies in `folder` but for `used`, what broken downloads left among it."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry in used:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
