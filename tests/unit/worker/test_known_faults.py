from pathlib import Path

import pytest

from gristmill.worker.faults import cell_fault
from gristmill.worker.known_faults import hint_for

SKOPS = """MlflowException: The saved sklearn model references untrusted types. If you are sure loading these types is \
safe, set the 'skops_trusted_types' parameter when calling 'log_model' or 'save_model' to the list of trusted types. \
Root error: Untrusted types found in the file: ['__main__.f', 'sklearn.tree._tree.Tree'].

- sklearn.tree._tree.Tree: (…) load it with trusted=["sklearn.tree._tree.Tree"]."""


def test_a_model_of_types_that_skops_does_not_trust_is_answered_with_the_line_that_mends_it() -> None:
    assert hint_for(SKOPS) == (
        'If the model is your own, add to log_model(…): skops_trusted_types=["__main__.f", "sklearn.tree._tree.Tree"]'
    )


def test_what_mlflow_raises_is_known(tmp_path: Path) -> None:
    """The real message, so that a release which words it otherwise is noticed."""
    import mlflow.sklearn
    from mlflow.exceptions import MlflowException
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(MlflowException) as raised:
        mlflow.sklearn.save_model(tree, str(tmp_path / "model"), serialization_format="skops", pip_requirements=[])
    hint = hint_for(f"MlflowException: {raised.value}")
    assert hint is not None
    assert hint.endswith('skops_trusted_types=["sklearn.tree._tree.Tree"]')


@pytest.mark.parametrize(
    ("error", "part"),
    [
        ("ModuleNotFoundError: No module named 'lightgbm'", "lacks 'lightgbm'"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'data/big.csv'", "gristmill data add"),
        ("SystemExit: 3", "sys.exit(0)"),
    ],
)
def test_common_errors_have_a_hint(error: str, part: str) -> None:
    assert part in (hint_for(error) or "")


@pytest.mark.parametrize(
    "error",
    ["ValueError: y", "FileNotFoundError: [Errno 2] No such file or directory: '/data/x'", "SystemExitOfMine: 1", "E"],
)
def test_other_errors_speak_for_themselves(error: str) -> None:
    assert hint_for(error) is None


def test_the_hint_comes_with_the_fault() -> None:
    name, _, message = SKOPS.partition(": ")
    fault = cell_fault(cell=1, count=1, source="log()", ename=name, evalue=message, traceback=[])
    assert fault.hint is not None
    assert "skops_trusted_types" in fault.hint


def test_a_missing_environment_variable_may_be_a_secret() -> None:
    assert "--secret-env PRICE_TOKEN" in (hint_for("KeyError: 'PRICE_TOKEN'") or "")
    assert "in the form of the run" in (hint_for("KeyError: 'PRICE_TOKEN'") or "")
    assert hint_for("KeyError: 'price'") is None
    assert hint_for("KeyError: 'NAME'") is None, "a column, as likely"
