"""What stands in a zygote's folder: what it is to do, and what it has learned."""

from __future__ import annotations

import json
import os
from typing import Any


def note_unsafe(folder: str, module: str) -> None:
    with open(os.path.join(folder, "unsafe"), "a", encoding="utf-8") as file:
        file.write(module + "\n")


def read_config(folder: str) -> dict[str, Any]:
    with open(os.path.join(folder, "zygote.json"), encoding="utf-8") as file:
        config: dict[str, Any] = json.load(file)
    return config


def read_unsafe(folder: str) -> set[str]:
    try:
        with open(os.path.join(folder, "unsafe"), encoding="utf-8") as file:
            return set(file.read().split())
    except OSError:
        return set()
