"""Any other MLflow model, through `mlflow.pyfunc` in this process."""

import os
from typing import Any, ClassVar

from gristmill.endpoints.model import Tier
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Takes
from gristmill.serving.flavors.base import Flavor, LoadContext, Predictor
from gristmill.serving.flavors.explain import explained, require_own, version_notes


class PyfuncFlavor(Flavor):
    name: ClassVar[str] = "python_function"

    def serves(self, folder: ModelFolder) -> bool:
        return "python_function" in folder.flavors

    def load(self, folder: ModelFolder, context: LoadContext) -> Predictor:  # noqa: ARG002 - Flavor's signature
        note = require_own(folder, "through mlflow.pyfunc")
        os.environ["_MLFLOW_IS_IN_SERVING_ENVIRONMENT"] = "true"  # as MLflow's scoring server tells the model
        with explained(folder):
            import mlflow.pyfunc

            model = mlflow.pyfunc.load_model(str(folder.root), suppress_warnings=True)
        return PyfuncPredictor(model, (note, *version_notes(folder, native=False)))


class PyfuncPredictor(Predictor):
    """Code that nobody here has read: it gets frames as pandas builds them, and one request at a time."""

    tier: ClassVar[Tier] = Tier.PYFUNC
    takes = Takes.PLAIN
    joinable = False
    unified = True

    def __init__(self, model: Any, notes: tuple[str, ...]) -> None:
        self.model = model
        self.notes = notes

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        return self.model.predict(data, params=params)
