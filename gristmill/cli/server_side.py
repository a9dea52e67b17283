"""What is done beside the control plane, by a process of its own: the command line knows no database."""

from typing import Any


def ask_process(module: str, *arguments: str) -> dict[str, Any]:
    """The answer of `python -m gristmill.server.<module> …`, which reads the settings itself.

    Raises:
        GristmillError: what that process says is wrong.
    """
    import importlib.util
    import json
    import subprocess
    import sys

    import msgspec

    from gristmill.core.errors import GristmillError, Problem, UnsupportedError, error_from_problem

    if importlib.util.find_spec("sqlalchemy") is None:
        raise UnsupportedError(
            "the server part of Gristmill is not installed here", hint="pip install 'gristmill[server,postgres]'"
        )
    command = [sys.executable, "-m", f"gristmill.server.{module}", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answer: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        raise GristmillError(f"{' '.join(command)} ended with status {ran.returncode}: {ran.stderr[-2000:]}") from None
    if "error" in answer:
        raise error_from_problem(msgspec.convert(answer["error"], Problem))
    return answer
