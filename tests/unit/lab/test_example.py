"""The churn example is there to be worked on, and never written over."""

from pathlib import Path

from gristmill_lab.example import copied, shipped


def test_the_example_is_copied_once_and_kept_as_it_was_changed(tmp_path: Path) -> None:
    assert copied(tmp_path, shipped()).path == "churn/train.ipynb"
    assert (tmp_path / "churn" / "churn.parquet").is_file()
    (tmp_path / "churn" / "train.ipynb").write_text("mine")
    assert copied(tmp_path, shipped()).path == "churn/train.ipynb"
    assert (tmp_path / "churn" / "train.ipynb").read_text() == "mine"


def test_a_folder_of_the_same_name_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "churn").mkdir()
    assert copied(tmp_path, shipped()).path == "churn-2/train.ipynb"
    assert list((tmp_path / "churn").iterdir()) == []
