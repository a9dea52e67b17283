"""What a model's `MLmodel` file says. It is read as YAML and nothing of the model is loaded."""

import json
from dataclasses import dataclass
from typing import Any

import yaml

from gristmill.core.errors import InvalidInputError

LIMIT = 4 * 2**20

NO_SIGNATURE = (
    "The model has no signature: requests cannot be checked, and columns arrive in the caller's order. Log it with: "
    "mlflow.sklearn.log_model(model, name=…, signature=mlflow.models.infer_signature(X, model.predict(X)), "
    "input_example=X.head(3))"
)
NO_EXAMPLE = (
    "The model has no input example: it goes live without having answered one. Log it with input_example=X.head(3)."
)


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """`example` is the path of the saved request body, below the model's folder."""

    flavors: tuple[str, ...]
    signature: dict[str, Any] | None
    example: str | None

    @property
    def suggestion(self) -> str | None:
        if self.signature is None:
            return NO_SIGNATURE
        return NO_EXAMPLE if self.example is None else None


def read_model_file(content: bytes) -> ModelFile:
    """Raises InvalidInputError for what is no MLmodel file."""
    try:
        # The C loader takes what `safe_load` takes, and is not slow on a signature of thousands of columns.
        loaded = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe loaders
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"MLmodel is not YAML: {error}") from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("flavors"), dict):
        raise InvalidInputError("MLmodel names no flavors: expected a mapping with 'flavors'")
    return ModelFile(
        flavors=tuple(str(name) for name in loaded["flavors"]),
        signature=_signature(loaded.get("signature")),
        example=_example(loaded.get("saved_input_example_info")),
    )


def _signature(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return None
    parts = {}
    for side in ("inputs", "outputs", "params"):
        text = given.get(side)
        try:
            parts[side] = json.loads(text) if isinstance(text, str) else text
        except ValueError as error:
            raise InvalidInputError(f"MLmodel's signature has {side} that are not JSON: {error}") from error
    return parts


def _example(info: Any) -> str | None:
    if not isinstance(info, dict):
        return None
    path = info.get("serving_input_path") or info.get("artifact_path")
    return str(path) if path else None
