"""The contract of what executes attempts."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gristmill.core.holdups import Holdup
from gristmill.environments.model import Inspected, Interpreter, Prepared
from gristmill.profiles.model import Profile
from gristmill.runs.model import WorkerEvent


class Presence(StrEnum):
    ABSENT = "absent"  # never launched here
    ALIVE = "alive"
    GONE = "gone"  # launched, and nothing of its worker lives any more


@dataclass(frozen=True, kw_only=True)
class Launch:
    """`url` and `token` are all that a worker is told; the rest comes with its claim.

    `uses_cache`: it wants environments or data that were kept by runs before it, and keeps its own for later ones.
    """

    attempt: str
    url: str
    token: str
    profile: Profile
    uses_cache: bool = False


class Executor(ABC):
    """Starts one worker per attempt and tells whether it lives. It decides nothing about runs.

    A class that implements this must meet the following requirements.

    **Names are deterministic.** Every method is told an attempt's id and finds its worker by that alone, also after the
    control plane was restarted; nothing is kept in memory that cannot be found again.

    **Actions are idempotent.** `launch` of an attempt whose worker lives does nothing (it is adopted); `cancel`, `kill`
    and `clean_up` of one that is gone do nothing.

    **`observe` tells the truth or raises.** `GONE` only when the worker process was seen not to live; a state that
    cannot be seen now is an `UnavailableError`, never `GONE`: reservations are freed by it.

    **A worker that was launched twice may run twice.** The claim decides which of the two executes.
    """

    keeps_kernels = True  # whether who looks into a failed run can get at the kernel that its worker keeps

    @abstractmethod
    def kernels(self) -> tuple[str, ...] | None:
        """The names, in lower case, of the kernelspecs that a worker started now would find; it may take a second.

        None where that cannot be told before the worker looks itself.
        """

    def inspect(self, interpreter: Interpreter) -> Inspected | None:
        """What a kernel of a worker started now would have, without importing or executing anything of the user's.

        None where that cannot be told before the worker looks itself.
        """
        del interpreter
        return None

    def prepared(self) -> tuple[Prepared, ...]:
        """The environments that workers have made here."""
        return ()

    def prune(self, kept: frozenset[str]) -> tuple[Prepared, ...]:
        """Removes those that no worker uses now, but for these digests; what was removed."""
        del kept
        return ()

    @abstractmethod
    def launch(self, order: Launch) -> None:
        """Starts the worker and returns at once.

        Raises:
            UnavailableError: it cannot be started now; it is tried again.
        """

    @abstractmethod
    def observe(self, attempt: str) -> Presence: ...

    @abstractmethod
    def cancel(self, attempt: str) -> None:
        """Asks the worker to stop: it interrupts the kernel, keeps the partial notebook and reports."""

    @abstractmethod
    def kill(self, attempt: str) -> None:
        """Ends worker, kernel and whatever they started, without asking."""

    @abstractmethod
    def clean_up(self, attempt: str) -> bool:
        """After the worker is gone: ends what it left behind. True once nothing is left."""

    @abstractmethod
    def undelivered(self, attempt: str, after: int) -> tuple[WorkerEvent, ...]:
        """Events from number `after` + 1 on, without gaps, that a worker wrote down and could not deliver."""

    @abstractmethod
    def undelivered_blobs(self, attempt: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Digest and content of blobs that a worker kept and could not deliver before it ended."""

    @abstractmethod
    def log_tail(self, attempt: str) -> str:
        """The last lines that the worker process itself wrote, for the message of one that failed."""

    def holdup(self, attempt: str) -> Holdup | None:
        """What keeps a launched worker from beginning, being heard of, or going on; None where nothing is known to."""
        del attempt
        return None

    def ended_by(self, attempt: str) -> str | None:
        """What has ended a worker from outside, where that is known: in the words of who did, or saw it."""
        del attempt
        return None

    def memory(self, attempt: str) -> int | None:
        """Bytes that the attempt's processes take now, the worker among them; None where that cannot be told."""
        del attempt
        return None

    @abstractmethod
    def stand_down(self) -> None:
        """No attempt is open, and none will be for a while: ends what is kept ready for the next ones."""

    @abstractmethod
    def forget(self, attempt: str) -> None:
        """Removes what is kept of an attempt that has ended; its blobs and rows are not its business."""

    def left(self) -> tuple[str, ...]:
        """Every attempt of which something is kept here; `forget` has the last word of each."""
        return ()
