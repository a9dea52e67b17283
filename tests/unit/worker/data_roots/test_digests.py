"""What stands for the content of a root."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from gristmill.data_roots.model import DigestMethod
from gristmill.worker.data_roots import digests
from gristmill.worker.data_roots.digest_cache import DigestCache
from gristmill.worker.data_roots.digests import StoppedError, content_digest, method_for, stat_digest
from gristmill.worker.data_roots.errors import DataRootError
from gristmill.worker.data_roots.listing import changed, list_local

LONG_AGO = 1_600_000_000 * 10**9


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("a.csv", "raw/b.csv"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return folder


def by_content(source: Path, cache: Path) -> digests.Digest:
    return content_digest(list_local(source), DigestCache(cache, str(source)), lambda: False)


def test_the_digest_of_a_single_file_is_the_one_that_everybody_computes(data: Path, tmp_path: Path) -> None:
    expected = hashlib.sha256((data / "a.csv").read_bytes()).hexdigest()
    assert by_content(data / "a.csv", tmp_path / "cache").value == f"sha256:{expected}"


def test_the_same_files_elsewhere_have_the_same_digest_by_content(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    data.rename(elsewhere)
    first = by_content(elsewhere, tmp_path / "cache")
    elsewhere.rename(data)
    os.utime(data / "a.csv")
    assert by_content(data, tmp_path / "cache").value == first.value
    (data / "a.csv").rename(data / "c.csv")
    assert by_content(data, tmp_path / "cache").value != first.value


def test_by_stat_a_changed_time_is_another_digest_and_nothing_is_opened(data: Path) -> None:
    (data / "a.csv").chmod(0)
    first = stat_digest(list_local(data))
    assert stat_digest(list_local(data)).value == first.value
    os.utime(data / "a.csv")
    assert stat_digest(list_local(data)).value != first.value


def test_what_was_read_before_and_has_not_changed_is_not_read_again(data: Path, tmp_path: Path) -> None:
    first = by_content(data, tmp_path / "cache")
    again = by_content(data, tmp_path / "cache")
    assert (again.value, again.read) == (first.value, 0)
    (data / "a.csv").write_text("x" * len("content of a.csv"))
    os.utime(data / "a.csv", ns=(LONG_AGO + 1, LONG_AGO + 1))
    other = by_content(data, tmp_path / "cache")
    assert other.value != first.value
    assert other.read == len("content of a.csv")


def test_a_file_that_took_the_place_of_another_is_read_though_size_and_time_are_the_same(
    data: Path, tmp_path: Path
) -> None:
    first = by_content(data, tmp_path / "cache")
    (data / "new").write_text("CONTENT OF a.csv")
    os.utime(data / "new", ns=(LONG_AGO, LONG_AGO))
    (data / "new").replace(data / "a.csv")
    assert by_content(data, tmp_path / "cache").value != first.value


def test_a_file_that_was_written_to_just_now_is_not_remembered(data: Path, tmp_path: Path) -> None:
    """It may be written to again within the same moment of its clock."""
    os.utime(data / "a.csv")
    by_content(data, tmp_path / "cache")
    assert by_content(data, tmp_path / "cache").read == len("content of a.csv")


def test_a_broken_cache_is_as_good_as_none(data: Path, tmp_path: Path) -> None:
    first = by_content(data, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    whole = json.loads(kept.read_text())
    damaged = [{key: entry[:3] for key, entry in whole.items()}, dict.fromkeys(whole, 7), dict.fromkeys(whole, None)]
    shortened = {key: [*entry[:3], entry[3][:9]] for key, entry in whole.items()}
    for text in ("{broken", "[" * 100_000, *map(json.dumps, (*damaged, shortened, [whole]))):
        kept.write_text(text)
        assert by_content(data, tmp_path / "cache").value == first.value


def test_a_stopped_run_waits_for_no_digest(data: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        content_digest(list_local(data), DigestCache(tmp_path / "cache", "x"), lambda: True)


def test_small_roots_are_read_and_large_ones_looked_at(data: Path, tmp_path: Path) -> None:
    assert method_for(DigestMethod.AUTO, list_local(data)) is DigestMethod.CONTENT
    with (data / "big.bin").open("wb") as file:
        file.truncate(2 * 10**9)
    assert method_for(DigestMethod.AUTO, list_local(data)) is DigestMethod.STAT
    assert method_for(DigestMethod.CONTENT, list_local(data)) is DigestMethod.CONTENT


def test_names_that_are_no_utf8_have_a_digest_too(data: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(data) + b"/\xff.csv")).write_text("x")
    assert by_content(data, tmp_path / "cache").value.startswith("sha256:")
    assert stat_digest(list_local(data)).value.startswith("sha256:")


def test_a_folder_that_links_to_one_above_it_ends(data: Path) -> None:
    (data / "raw" / "up").symlink_to(data)
    (data / "raw" / "side").symlink_to(data / "raw")
    assert set(list_local(data).files) == {"a.csv", "raw/b.csv"}


def test_a_source_that_is_not_there_or_no_data_is_said(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataRootError, match="is not there"):
        list_local(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataRootError, match="neither a file nor a folder"):
        list_local(tmp_path / "pipe")


def test_what_has_changed_is_named(data: Path) -> None:
    before = list_local(data)
    assert changed(before, again=list_local(data)) == []
    (data / "a.csv").write_text("other")
    (data / "new.csv").write_text("new")
    (data / "raw/b.csv").unlink()
    assert changed(before, again=list_local(data)) == ["a.csv", "new.csv", "raw/b.csv"]
    assert changed(before, again=None) == ["a.csv", "raw/b.csv"]
