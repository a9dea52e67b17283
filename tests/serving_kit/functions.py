"""Endpoints around a plain function, for tests that are not about models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from gristmill.endpoints.model import DesiredState, Tier, VariantStatus
from gristmill.serving.app import EndpointApp
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Takes
from gristmill.serving.flavors.base import Predictor
from gristmill.serving.invocations import Invocations
from gristmill.serving.open_inference import OpenInference
from gristmill.serving.params import ParamSchema
from gristmill.serving.served import ServedModel
from gristmill.serving.signature import Signature, compile_signature
from tests.serving_kit.endpoint import desired, variant

COLUMNS: list[dict[str, Any]] = [
    {"type": "double", "name": "minutes"},
    {"type": "long", "name": "calls"},
    {"type": "string", "name": "state"},
]


class FunctionPredictor(Predictor):
    tier: ClassVar[Tier] = Tier.NATIVE

    def __init__(self, function: Callable[[Any], Any], takes: Takes = Takes.FRAME) -> None:
        self.function = function
        self.takes = takes

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        return self.function(data)


def signature_of(inputs: list[dict[str, Any]] | None, **changes: Any) -> Signature:
    return compile_signature(ModelFolder(root=Path(), flavors={}, inputs=inputs, **changes))


def served_by(
    function: Callable[[Any], Any],
    *,
    inputs: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
    params: list[dict[str, Any]] | None = None,
    joinable: bool = True,
) -> ServedModel:
    signature, schema = signature_of(COLUMNS if inputs is None else inputs), ParamSchema(params)
    served = variant()
    return ServedModel(
        variant=served,
        predictor=FunctionPredictor(function),
        invocations=Invocations(signature, schema),
        open_inference=OpenInference(
            model=served.model,
            version=served.version,
            platform="test",
            signature=signature,
            params=schema,
            outputs=outputs,
        ),
        joinable=joinable,
        status=VariantStatus(name=served.name, model=served.model, version=served.version),
    )


def app_by(function: Callable[[Any], Any], state: DesiredState | None = None, **options: Any) -> EndpointApp:
    """Inside a running loop."""
    limits = {"body_limit": options.pop("body_limit")} if "body_limit" in options else {}
    return EndpointApp(state or desired(), served_by(function, **options), **limits)
