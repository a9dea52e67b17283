"""Named values that a run is granted by name. No type here shows a value in its `repr`."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.core.errors import ConflictError, Fault, InvalidInputError
from gristmill.core.nearest import offer
from gristmill.core.wire import Strict

MIN_VALUE = 4
MAX_VALUE = 32 * 2**10
MAX_GRANTS = 100
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")
_NAMES = "letters, digits and '_', at most 63, not beginning with a digit"
# What a kernel needs as it is, what would tell it or a shell to be another program, and what is read once when an
# interpreter or a library starts: that a kernel has in common with all that come from the same zygote.
_RESERVED = re.compile(
    "(?:GRISTMILL_|MLFLOW_|ARROW_|BLIS_|DYLD_|GLIBC_|GOMP_|IPYTHON|JE_|JOBLIB_|JUPYTER_|KMP_|LC_|LD_|MALLOC_|MATPLOTLIBRC"
    "|MKL_|MPLCONFIGDIR|NPY_|NUMEXPR_|OMP_|OPENBLAS_|PYDEVD_|PYTHON|TQDM_|XDG_|CUDA_|SSL_CERT_).*"
    "|BASH_ENV|CI|DO_NOT_TRACK|ENV|HOME|LANG|LANGUAGE|LOGNAME|NO_PROXY|no_proxy|NVIDIA_VISIBLE_DEVICES|PATH|SHELL"
    "|TMPDIR|USER"
)


class SecretUnavailableError(ConflictError):
    """The value of a granted secret cannot be had: what it was granted to cannot begin."""

    code = "secret_unavailable"
    title = "A secret's value cannot be had"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """All that can be asked of a secret. Its value is told to the runs that it is granted to, and to nobody else."""

    name: str
    created_at: datetime
    created_by: str
    changed_at: datetime  # when it got the value that it has
    last_used_at: datetime | None = None
    kept: str | None = None  # where its value is, for people: whoever has just set it is told


@dataclass(frozen=True, kw_only=True)
class SecretValue(Strict):
    """PUT /api/secrets/{name}."""

    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SecretGrant(Strict):
    """What a run asks for; `env` names the environment variable that is to have the value too."""

    name: str
    env: str | None = None


@dataclass(frozen=True, kw_only=True)
class GrantedSecret:
    """A secret on its way to the worker of the run that it was granted to."""

    name: str
    value: str = field(repr=False)
    env: str | None = None


def check_name(name: str) -> str:
    """Raises InvalidInputError unless it can be a secret's name: then it can be an environment variable's too."""
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"{name[:80]!r} cannot name a secret: expected {_NAMES}")
    return name


def can_be_variable(name: str) -> bool:
    """Whether a secret may be put into a run's environment under this name."""
    return _NAME.fullmatch(name) is not None and _RESERVED.fullmatch(name) is None


def check_value(name: str, value: str) -> str:
    """Raises InvalidInputError for a value that could not be masked, or is none. The message does not hold it."""
    if len(value.strip()) < MIN_VALUE:
        raise InvalidInputError(
            f"the value of {name} has {len(value.strip())} characters: expected at least {MIN_VALUE}",
            hint="A secret is masked wherever it shows: with one this short that would be most of every text.",
        )
    if len(value) > MAX_VALUE:
        raise InvalidInputError(
            f"the value of {name} has {len(value)} characters, at most {MAX_VALUE} are allowed",
            hint="Keep the key to a large file as the secret, and the file elsewhere.",
        )
    if "\0" in value or not _is_text(value):
        raise InvalidInputError(
            f"the value of {name} is not text", hint="Encode it first, for example with base64, and set that."
        )
    return value


def check_grants(
    grants: Sequence[SecretGrant], *, known: Collection[str], used: Sequence[str]
) -> tuple[SecretGrant, ...]:
    """The grants, if each can be given and nothing that the notebook asks for is missing.

    Raises:
        InvalidInputError: otherwise; one, with every fault.
    """
    if len(grants) > MAX_GRANTS:
        raise InvalidInputError(f"a run may have {MAX_GRANTS} secrets, got {len(grants)}")
    granted = {grant.name for grant in grants}
    faults = [
        *(_unknown(f"secrets.{name}", name, known) for name in sorted(granted - set(known))),
        *(_ungranted(name, known) for name in dict.fromkeys(used) if name not in granted),
        *(fault for grant in grants if (fault := _environment_fault(grant)) is not None),
        *_twice("secrets", [grant.name for grant in grants]),
        *_twice("environment variable", [grant.env for grant in grants if grant.env is not None]),
    ]
    if faults:
        listed = "; ".join(fault.message for fault in faults)
        raise InvalidInputError(listed, hint=next((one.hint for one in faults if one.hint), None), faults=tuple(faults))
    return tuple(grants)


def _unknown(where: str, name: str, known: Collection[str]) -> Fault:
    return Fault(
        where=where,
        message=f"there is no secret {name[:80]!r}",
        got=name[:80],
        expected=f"one of {', '.join(sorted(known))}" if known else "one that was set before",
        hint=f"{offer(name, known)}`gristmill secrets list` shows those that there are; "
        "`gristmill secrets set NAME` sets one.",
    )


def _ungranted(name: str, known: Collection[str]) -> Fault:
    if name not in known:
        return _unknown("notebook", name, known)
    return Fault(
        where="notebook",
        message=f"the notebook asks for the secret {name}, which is not granted to the run",
        got=None,
        hint=f"Grant it: gristmill run … --secret {name}",
    )


def _environment_fault(grant: SecretGrant) -> Fault | None:
    if grant.env is None:
        return None
    if _NAME.fullmatch(grant.env) is None:
        problem = f"{grant.env[:80]!r} cannot name an environment variable: expected {_NAMES}"
    elif _RESERVED.fullmatch(grant.env):
        problem = f"the environment variable {grant.env} is not for a secret: kernels need it as it is"
    else:
        return None
    return Fault(where=f"secrets.{grant.name}.env", message=problem, got=grant.env[:80])


def _twice(what: str, names: Sequence[str]) -> list[Fault]:
    return [
        Fault(where="secrets", message=f"{what}: {name} is given twice", got=name)
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
