"""Imports all modules of the packages named, in whatever environment runs it; fails if it has what it should not.

`probe.py '{"packages": […], "lacks": […], "unloaded": […]}'`; it uses the standard library only.
"""

import importlib
import importlib.util
import json
import pkgutil
import sys
from collections.abc import Iterator

NOT_IMPORTED = ".migrations."  # Alembic runs these itself


def modules_of(package: str) -> Iterator[str]:
    yield package
    for info in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if NOT_IMPORTED not in info.name:
            yield info.name


def main(wanted: dict[str, list[str]]) -> int:
    without = wanted.get("without", [])
    names = [name for package in wanted["packages"] for name in modules_of(package) if name not in without]
    for name in [*names, *wanted["modules"]]:
        importlib.import_module(name)
    found = [f"{name} is installed" for name in wanted["lacks"] if importlib.util.find_spec(name)]
    found += [f"{name} was imported" for name in wanted["unloaded"] if name in sys.modules]
    print(f"{len(names) + len(wanted['modules'])} modules imported; {', '.join(found) or 'nothing that should not be'}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(json.loads(sys.argv[1])))
