"""The plug-in point of the data plane: how a kind of MLflow model is loaded and called."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from gristmill.endpoints.model import Answers, Tier
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Batch, Takes
from gristmill.serving.signature import Signature


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """What a flavor may know beside the files. `sample` is the input example, `cpu` how many threads it may use.

    `answers` None: with what the model was logged to answer with.
    """

    signature: Signature
    sample: Batch | None = None
    cpu: float = 1.0
    answers: Answers | None = None

    @property
    def threads(self) -> int:
        return max(1, int(self.cpu))


class Predictor(ABC):
    """A loaded model. It is called by one thread at a time.

    `takes` says in which form it wants its rows. `joinable` says that each row's answer depends on that row alone and
    that the answers come in the rows' order, so that rows of several requests may go into one call. `unified` says
    that it understands a chat or completion body as it comes. `quick` says that it is a library's own code, which may
    be called inside a running event loop. `notes` are for whoever deploys the model.

    `answers` says what it answers with where the model could answer otherwise: by `other`, then. `as_logged` says
    whether its answers are those that the signature speaks of.
    """

    tier: ClassVar[Tier]
    takes: Takes = Takes.FRAME
    joinable: bool = True
    unified: bool = False
    quick: bool = False
    notes: tuple[str, ...] = ()
    answers: Answers | None = None
    other: Callable[[Any], Any] | None = None
    as_logged: bool = True

    @abstractmethod
    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        """The model's own answer for `data`, the same as MLflow's scoring server would give.

        Raises whatever the model raises: ValueError, TypeError and LookupError count as the caller's fault.
        """


class Flavor(ABC):
    """A kind of model. An implementation must meet the following requirements.

    * `serves` looks at MLmodel only, and is true where `load` gives the very answers of MLflow's scoring server.
    * `load` leaves the files as they are, and imports nothing of MLflow unless the flavor is MLflow's own.
    * A model that cannot be loaded raises LoadError: which package, file, type or version, and what to do.
    * Nothing that the model's files could use to run code is opened unless `folder.own_registry`; a flavor that opens
      such files says so in the predictor's notes.
    """

    name: ClassVar[str]

    @abstractmethod
    def serves(self, folder: ModelFolder) -> bool: ...

    @abstractmethod
    def load(self, folder: ModelFolder, context: LoadContext) -> Predictor: ...
