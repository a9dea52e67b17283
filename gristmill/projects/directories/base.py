"""The contract of what knows people by tokens that Gristmill has not issued."""

from abc import ABC, abstractmethod

from gristmill.projects.model import Person


class Directory(ABC):
    """Says whom a token speaks for, what that person may do, and in which projects.

    A class that implements this must meet the following requirements.

    **It is asked for every request**, from any thread: what it answers may be as old as `lag` seconds, and no older, so
    that a token that was revoked is good for no longer than that.

    **It never guesses.** Where it cannot be asked, that is an `UnavailableError`, and nobody is let in.

    **Tokens are shown to nobody else**, and are kept as hashes only.
    """

    lag: float  # seconds

    @abstractmethod
    def person(self, token: str) -> Person:
        """Raises:
        UnauthenticatedError: the token is not a person's, or not valid.
        UnavailableError: it cannot be found out now.
        """

    @abstractmethod
    def close(self) -> None: ...
