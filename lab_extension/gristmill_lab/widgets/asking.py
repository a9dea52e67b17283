"""How panels reach the control plane: a plug-in point."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

from gristmill.client.call import Call
from gristmill.endpoints.model import Endpoint
from gristmill_lab.calling import Answered
from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.messages import Message

T = TypeVar("T")


class Asking(ABC):
    """What is done here is done with a person's rights, or refused.

    All of it runs in the one event loop of `Live`, and nothing blocks it. Each raises a GristmillError with what the
    control plane refused with, or with why it cannot be asked. An action that may have been done is never repeated.
    """

    @property
    @abstractmethod
    def through(self) -> str:
        """A sentence for people on whose rights these are; empty where they are the kernel's own."""

    @abstractmethod
    def messages(self) -> AsyncIterator[Message]:
        """How the control plane is, and what happens there, for as long as it is read.

        After `ready` and after a reset whatever is shown is to be asked for anew; no event after that is missed.
        """

    @abstractmethod
    async def send(self, request: Call[T]) -> T:
        """The answer to a call of `gristmill.client.api`."""

    @abstractmethod
    async def launch(self, notebook: Path, order: RunOrder) -> Launched:
        """A run of the notebook at this place of the kernel's disk, as it stands there."""

    @abstractmethod
    async def predict(self, endpoint: str, body: bytes) -> Answered:
        """What an endpoint answers; with the person's key, which is nowhere shown."""

    @abstractmethod
    async def delete_endpoint(self, endpoint: str) -> Endpoint:
        """The endpoint that is no more."""

    @abstractmethod
    async def close(self) -> None:
        """Nothing of it stays open."""
