"""What to do about errors that cells raise often, and whose own message does not say it, or says it at length."""

import ast
import re
from collections.abc import Callable

# What a cell raised, as `Name: message`, to the hint; the first that matches counts.
KNOWN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"(?s)^SystemExit(:|$)"),
        lambda _: "sys.exit() with anything but 0 fails a run; sys.exit(0) ends it early and successfully.",
    ),
    (  # mlflow 3 keeps scikit-learn models by skops, which takes no type that it does not know for harmless
        re.compile(r"(?s)^MlflowException: .*untrusted types.*?Untrusted types found in the file: (\[[^\]]*\])"),
        lambda match: f"If the model is your own, add to log_model(…): skops_trusted_types={_names(match[1])}",
    ),
    (
        re.compile(r"^ModuleNotFoundError: No module named '([^']+)'"),
        lambda match: (
            f"The kernel's environment lacks {match[1]!r}: `%pip install` it there, or choose another kernel with -k. "
            "A module of your own is packed where the notebook imports it by name and it lies in the project: "
            "`gristmill init FOLDER` says which folder that is."
        ),
    ),
    (
        re.compile(r"(?s)^FileNotFoundError: .*No such file or directory: '(?!/)"),
        lambda _: (
            "A run works on a copy of the project, with its modules and with files under 1 MB that nothing ignores. "
            "Other files are data: `gristmill data add NAME PATH` gives them to every run. A folder that the notebook "
            "writes to and that the copy lacks, it makes itself: Path(…).mkdir(parents=True, exist_ok=True)."
        ),
    ),
    (
        re.compile(r"^UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud[89a-f].*surrogates not allowed"),
        lambda _: (
            "What the cell shows, or the message of the error that it raised, holds half of a surrogate pair, which "
            "the kernel cannot send: text.encode(errors='backslashreplace').decode() makes it visible."
        ),
    ),
    (
        re.compile(r"^KeyError: '([A-Z][A-Z0-9]*_[A-Z0-9_]+)'"),
        lambda match: (
            f"If {match[1]} is an environment variable that holds a secret: `gristmill run … --secret-env {match[1]}` "
            f"puts it there, and in JupyterLab a tick at {match[1]} in the form of the run; --secret alone gives it to "
            f"gristmill.secret({match[1]!r}) only. Where it is not kept yet: `gristmill secrets set {match[1]}` first."
        ),
    ),
)


def hint_for(error: str) -> str | None:
    """What to do about `Name: message` of a cell's error, if it is one that is known."""
    return next((hint(match) for known, hint in KNOWN if (match := known.search(error))), None)


def _names(listed: str) -> str:
    """The list as Python code that is pasted, in double quotes."""
    try:
        names = [str(name) for name in ast.literal_eval(listed)]
    except (SyntaxError, ValueError):
        return listed
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
