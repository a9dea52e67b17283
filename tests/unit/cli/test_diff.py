"""How two runs are called beside each other."""

import pytest

from gristmill.cli.diff import _name
from tests.unit.cli.made import a_run


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (("train-41", "train-42"), ["train-41", "train-42"]),
        (("tour", "train-42"), ["tour (41)", "train-42"]),
        (("tour", "tour"), ["tour (41)", "tour (42)"]),
        (("train-41", "train-41"), ["train-41 (41)", "train-41 (42)"]),
    ],
)
def test_a_run_is_told_from_the_other_by_its_number(names: tuple[str, str], called: list[str]) -> None:
    both = a_run(number=41, name=names[0]), a_run(number=42, name=names[1])
    assert [_name(one, both) for one in both] == called
