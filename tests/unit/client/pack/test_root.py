"""The project root is the nearest marked folder."""

from pathlib import Path

import pytest

from gristmill.client.pack.root import find_root


@pytest.mark.parametrize("mark", ["gristmill.yaml", "pyproject.toml", ".git"])
def test_the_nearest_marked_folder_above_is_the_root(tmp_path: Path, mark: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    inner = tmp_path / "inner"
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)
    (inner / mark).touch()
    root = find_root(deep)
    assert (root.path, root.mark) == (inner, mark)


def test_without_a_mark_it_is_the_folder_itself(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    root = find_root(deep, within=tmp_path)
    assert (root.path, root.mark) == (deep, None)


def test_marks_above_the_confines_are_not_seen(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    deep = tmp_path / "home" / "work"
    deep.mkdir(parents=True)
    assert find_root(deep, within=tmp_path / "home").path == deep


def test_links_in_the_way_are_followed(tmp_path: Path) -> None:
    (tmp_path / "project" / "work").mkdir(parents=True)
    (tmp_path / "project" / ".git").touch()
    (tmp_path / "short").symlink_to(tmp_path / "project" / "work")
    assert find_root(tmp_path / "short").path == tmp_path / "project"
