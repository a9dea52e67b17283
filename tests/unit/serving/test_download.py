"""A model's files come whole or not at all, and stay in their folder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gristmill.core.errors import UnavailableError
from gristmill.serving.artifact import MLMODEL, ORIGIN
from gristmill.serving.control_plane import ArtifactFile, ControlPlane
from gristmill.serving.download import download, is_here, remove_unused
from gristmill.serving.errors import LoadError
from tests.serving_kit.endpoint import variant

VARIANT = variant(artifact_path="1/models/m-1/artifacts")


class Registry(ControlPlane):
    """Files by path; a number in place of content is the size that is listed for nothing."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.contents = files
        self.listed: dict[str, list[ArtifactFile]] = {}
        self.reads = 0

    async def files(self, path: str) -> list[ArtifactFile]:
        if path in self.listed:
            return self.listed[path]
        below = [name.removeprefix(f"{path}/") for name in self.contents if name.startswith(f"{path}/")]
        folders = sorted({name.partition("/")[0] for name in below if "/" in name})
        plain = [name for name in below if "/" not in name]
        return [
            *(ArtifactFile(name, True, None) for name in folders),
            *(ArtifactFile(name, False, len(self.contents[f"{path}/{name}"])) for name in plain),
        ]

    @contextlib.asynccontextmanager
    async def read(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        self.reads += 1

        async def chunks() -> AsyncIterator[bytes]:
            content = self.contents[path]
            for start in range(0, len(content), 3):
                yield content[start : start + 3]

        yield chunks()


def registry(**more: bytes) -> Registry:
    path = VARIANT.artifact_path
    return Registry({f"{path}/{MLMODEL}": b"flavors: {}", f"{path}/code/a.py": b"x = 1", **more})


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_every_file_and_folder_is_brought(tmp_path: Path) -> None:
    target = tmp_path / "models" / "churn-3"
    await download(registry(), VARIANT, target)
    assert (target / MLMODEL).read_bytes() == b"flavors: {}"
    assert (target / "code" / "a.py").read_bytes() == b"x = 1"
    assert is_here(target, VARIANT)
    assert names(target.parent) == ["churn-3"]


async def test_what_is_there_is_not_brought_again(tmp_path: Path) -> None:
    target, files = tmp_path / "churn-3", registry()
    await download(files, VARIANT, target)
    reads = files.reads
    await download(files, VARIANT, target)
    assert files.reads == reads


async def test_a_version_made_again_under_its_name_is_brought_again(tmp_path: Path) -> None:
    target = tmp_path / "churn-3"
    await download(registry(), VARIANT, target)
    other = variant(artifact_path="1/models/m-2/artifacts")
    await download(Registry({f"{other.artifact_path}/{MLMODEL}": b"new"}), other, target)
    assert (target / MLMODEL).read_bytes() == b"new"
    assert not (target / "code").exists()


async def test_a_model_that_is_gone_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no MLmodel"):
        await download(Registry({}), VARIANT, tmp_path / "churn-3")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\0b", ORIGIN])
async def test_a_name_that_leaves_the_folder_or_forges_its_origin_is_refused(tmp_path: Path, name: str) -> None:
    files = registry()
    files.listed[VARIANT.artifact_path] = [ArtifactFile(name, False, 1)]
    with pytest.raises(LoadError, match="plain file name"):
        await download(files, VARIANT, tmp_path / "models" / "churn-3")
    assert names(tmp_path / "models") == []


async def test_a_file_that_came_short_is_tried_again_later(tmp_path: Path) -> None:
    files = registry()
    files.listed[VARIANT.artifact_path] = [ArtifactFile(MLMODEL, False, 999)]
    with pytest.raises(UnavailableError, match="999"):
        await download(files, VARIANT, tmp_path / "churn-3")


async def test_folders_without_end_are_refused(tmp_path: Path) -> None:
    class Endless(Registry):
        async def files(self, path: str) -> list[ArtifactFile]:
            return [ArtifactFile("d", True, None)]

    with pytest.raises(LoadError, match="deep"):
        await download(Endless({}), VARIANT, tmp_path / "churn-3")


async def test_a_download_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    reached = asyncio.Event()

    class Stuck(Registry):
        async def files(self, path: str) -> list[ArtifactFile]:
            reached.set()
            await asyncio.Event().wait()
            return []

    task = asyncio.ensure_future(download(Stuck({}), VARIANT, tmp_path / "churn-3"))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == []


def test_what_no_generation_needs_is_removed(tmp_path: Path) -> None:
    for name in ("churn-1", "churn-2", ".partial-x"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    remove_unused(tmp_path, {tmp_path / "churn-2"})
    assert names(tmp_path) == ["churn-2"]
    remove_unused(tmp_path / "nowhere", set())
