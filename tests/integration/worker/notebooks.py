"""Notebooks made of a few lines."""

import json
from collections.abc import Sequence
from typing import Any

CODE: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}


def code(source: str, *tags: str) -> dict[str, Any]:
    return {**CODE, "source": source, "metadata": {"tags": list(tags)}}


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(*cells: str | dict[str, Any], kernel: str = "python3") -> bytes:
    """A notebook of nbformat 4.4, as many an older notebook is: cells have no ids."""
    listed: Sequence[dict[str, Any]] = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    content = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": spec}, "cells": listed}
    return json.dumps(content).encode()
