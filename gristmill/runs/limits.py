"""What a run may be asked with: limits of numbers, labels and names."""

from gristmill.core.errors import InvalidInputError
from gristmill.runs.model import LONGEST_POST_MORTEM_S, RunRequest

MAX_RETRIES = 100
MAX_LABELS = 64


def check_request(request: RunRequest) -> None:
    if not 0 <= request.retries <= MAX_RETRIES:
        raise InvalidInputError(f"retries must be 0 to {MAX_RETRIES}, got {request.retries}")
    if request.timeout_s is not None and not 0 < request.timeout_s < 1e8:
        raise InvalidInputError(f"timeout_s must be above 0 and below 1e8 seconds, got {request.timeout_s}")
    if request.post_mortem_s is not None and not 0 < request.post_mortem_s <= LONGEST_POST_MORTEM_S:
        message = f"post_mortem_s must be above 0 and at most {LONGEST_POST_MORTEM_S:g} seconds"
        raise InvalidInputError(f"{message}, got {request.post_mortem_s}")
    if not -1000 <= request.priority <= 1000:
        raise InvalidInputError(f"priority must be -1000 to 1000, got {request.priority}")
    check_labels(request.labels)
    check_name(request.name)


def check_labels(labels: dict[str, str]) -> None:
    if len(labels) > MAX_LABELS or any(len(k) > 63 or len(v) > 200 for k, v in labels.items()):
        raise InvalidInputError(f"labels must be at most {MAX_LABELS}, with names to 63 and values to 200 characters")


def check_name(name: str | None) -> None:
    if name is None:
        return
    if not (0 < len(name) <= 200 and name.isprintable()):
        raise InvalidInputError(f"name must be 1 to 200 printable characters, got {name[:200]!r}")
    if "/" in name:
        raise InvalidInputError(f"name must not contain '/', got {name!r}")
    if name.isdecimal():
        raise InvalidInputError(f"name must not be a number, got {name!r}: numbers name runs already")
