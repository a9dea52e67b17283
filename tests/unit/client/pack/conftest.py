import json
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that is marked as a project; what lies beside it is outside."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "gristmill.yaml").write_text("")
    return folder


@pytest.fixture
def write() -> Write:
    """Writes `content` to a path, a notebook where it ends so: its content is then the sources of code cells."""

    def write(path: Path, *content: str, language: str = "python") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".ipynb":
            path.write_text("".join(content))
            return path
        cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in content or ("pass",)]
        spec = {"kernelspec": {"name": language, "language": language}}
        path.write_text(json.dumps({"nbformat": 4, "metadata": spec, "cells": cells}))
        return path

    return write
