import sys
from pathlib import Path

import grimp
import pytest

from tools.contracts import Rule, Stray, compile_pattern, strays


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> grimp.ImportGraph:
    """A package with two words; `runs.store` reaches into the other word's store, and for a third-party package."""
    for name, text in {
        "__init__": "",
        "core/__init__": "",
        "models/__init__": "",
        "models/store": "",
        "runs/__init__": "",
        "runs/model": "import dataclasses",
        "runs/store": "import json\nimport sqlalchemy\nfrom mill.runs import model\nfrom mill.models.store import x",
    }.items():
        path = tmp_path / "mill" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("mill", include_external_packages=True, cache_dir=None)
    sys.modules.pop("mill", None)
    return graph


def test_its_own_word_is_allowed_and_anothers_is_not(house: grimp.ImportGraph) -> None:
    rule = Rule(modules=["mill.<word>.store"], may_import=["mill.<word>.model"])
    assert list(strays(house, rule)) == [Stray(importer="mill.runs.store", imported="mill.models.store", lines=(4,))]


def test_a_list_of_packages_leaves_the_standard_library_alone(house: grimp.ImportGraph) -> None:
    rule = Rule(modules=["mill.runs.*"], may_import=["mill.**"], packages=["msgspec"])
    assert [stray.imported for stray in strays(house, rule)] == ["sqlalchemy"]


def test_without_a_list_any_package_may_be_imported(house: grimp.ImportGraph) -> None:
    assert list(strays(house, Rule(modules=["mill.runs.*"], may_import=["mill.**"]))) == []


def test_words_limit_what_a_rule_covers() -> None:
    rule = Rule(modules=["mill.<word>.**"], may_import=["mill.<word>.**"], words=["runs", "models"])
    assert rule.covers("mill.runs.store")
    assert not rule.covers("mill.core.database")
    assert not rule.covers("mill.runs_extra.store")


@pytest.mark.parametrize(
    ("pattern", "module", "matches"),
    [
        ("mill.*.model", "mill.runs.model", True),
        ("mill.*.model", "mill.runs.executors.model", False),
        ("mill.**", "mill.runs.executors.model", True),
        ("mill.**", "mill", False),
        ("mill.core", "mill.core", True),
        ("mill.core", "mill.core.errors", False),
    ],
)
def test_a_star_is_one_name_and_two_are_any(pattern: str, module: str, *, matches: bool) -> None:
    assert bool(compile_pattern(pattern).fullmatch(module)) is matches
