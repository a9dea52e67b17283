"""What is lent to an environment of the user's runs there: with an older Python, and without anything installed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from gristmill.worker.lent_verbs import PARTS, lend


@pytest.mark.parametrize("part", PARTS)
def test_a_lent_file_is_python_3_9_and_needs_the_standard_library_only(part: str, tmp_path: Path) -> None:
    source = (lend(tmp_path) / "gristmill" / part).read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    assert "kw_only=True" not in source
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in {*sys.stdlib_module_names, "IPython", "gristmill"}
            if name.startswith("gristmill."):
                assert {f"{name[10:].replace('.', '/')}{end}" for end in (".py", "/__init__.py")} & set(PARTS)


def test_they_are_imported_by_an_interpreter_that_has_nothing_else(tmp_path: Path) -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import gristmill; gristmill.report(a=1); gristmill.progress(0.5)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, lend(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "a = 1\n"
