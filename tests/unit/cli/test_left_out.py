"""What a run will lack is said with its size and what to do about it."""

from pathlib import Path

import pytest

from gristmill.cli.left_out import sentence
from gristmill.client.pack.left_out import LeftOut, Reason


def test_a_large_file_is_data() -> None:
    said = sentence(LeftOut(path="data/train.csv", reason=Reason.LARGE, size=1_300_000_000, named=True), Path("/p"))
    assert said.startswith("data/train.csv (1.3 GB) is larger than 1 MB, which makes it data")


def test_an_ignored_folder_is_brought_back_by_its_name() -> None:
    said = sentence(LeftOut(path="raw", reason=Reason.IGNORED, folder=True, named=True), Path("/p"))
    assert "`!raw/` in .gristmillignore" in said


def test_what_lies_outside_may_be_moved_below_the_root() -> None:
    assert "Move it below /p" in sentence(LeftOut(path="../x.csv", reason=Reason.OUTSIDE, named=True), Path("/p"))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_words(reason: Reason) -> None:
    said = sentence(LeftOut(path="x", reason=reason), Path("/p"))
    assert said.startswith("x ")
    assert said.endswith(".")
    assert "{" not in said
