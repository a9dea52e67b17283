"""What a notebook's experiment is called."""

from gristmill.tracking.model import LONGEST_EXPERIMENT, experiment_name


def test_an_experiment_is_called_as_its_notebook() -> None:
    assert experiment_name("default", "work/train.ipynb") == "default/work/train.ipynb"


def test_a_name_that_is_too_long_is_cut_and_stays_apart_from_others() -> None:
    one, other = (f"work/{'x' * 200}{middle}{'y' * 200}/train.ipynb" for middle in "ab")
    names = {experiment_name("default", notebook) for notebook in (one, other)}
    assert len(names) == 2
    for name in names:
        assert len(name) == LONGEST_EXPERIMENT
        assert name.startswith("default/work/x")
        assert "y/train.ipynb~" in name
