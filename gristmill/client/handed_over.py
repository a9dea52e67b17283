"""The token of a process that the control plane started: from a descriptor that it inherited, or a mounted file."""

import os
from argparse import ArgumentParser
from pathlib import Path


def add_token_options(parser: ArgumentParser) -> None:
    parser.add_argument("--token-fd", type=int, help="an open file that the token is read from, up to its end")
    parser.add_argument("--token-file", type=Path, help="the same as a file, as it is mounted in a pod")


def read_token(descriptor: int | None, file: Path | None) -> str:
    """Nothing where neither is given."""
    if descriptor is not None:
        with os.fdopen(descriptor, encoding="utf-8") as handed:
            return handed.read().strip()
    return file.read_text().strip() if file is not None else ""
