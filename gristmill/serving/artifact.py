"""An MLflow model's folder, read without MLflow: https://mlflow.org/docs/latest/ml/model/#storage-format."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import yaml

from gristmill.serving.errors import LoadError

MLMODEL = "MLmodel"
ORIGIN = ".gristmill-origin.json"  # written by the supervisor beside the files that it downloaded from the registry
_MLMODEL_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """What MLmodel and the files beside it say. `inputs`, `outputs`, `params` are as MLflow writes them."""

    root: Path
    flavors: dict[str, dict[str, Any]]
    inputs: list[dict[str, Any]] | None = None
    outputs: list[dict[str, Any]] | None = None
    params: list[dict[str, Any]] | None = None
    example: bytes | None = None  # a JSON body that /invocations takes
    python_version: str | None = None
    mlflow_version: str | None = None
    requirements: tuple[str, ...] = ()
    from_type_hint: bool = False
    own_registry: bool = False  # the files came from this control plane's registry
    notes: tuple[str, ...] = field(default=())

    def file(self, relative: str) -> Path:
        """The path of one of the model's own files or folders.

        Raises:
            LoadError: `relative` leaves the model's folder, or nothing is there.
        """
        path = confined(self.root, relative)
        if not path.exists():
            raise LoadError(
                f"the model's file {relative!r} is missing: {MLMODEL} names it",
                hint="Log the model again, or copy its folder whole.",
            )
        return path


def confined(root: Path, relative: str) -> Path:
    """`root / relative`, links resolved, if that lies inside `root`.

    Raises:
        LoadError: otherwise.
    """
    pure = PurePosixPath(relative)
    path = root.joinpath(*pure.parts).resolve()
    if pure.is_absolute() or ".." in pure.parts or not path.is_relative_to(root.resolve()):
        raise LoadError(
            f"the path {relative!r} leaves the model's folder",
            hint="A model may only name files of its own. Log it again with mlflow.<flavor>.log_model.",
        )
    return path


def read_model(root: Path) -> ModelFolder:
    """What the folder at `root` holds.

    Raises:
        LoadError: there is no readable MLmodel, or what it says contradicts itself.
    """
    document = _mlmodel(root)
    flavors = document.get("flavors")
    if not isinstance(flavors, dict) or not all(isinstance(conf, dict) for conf in flavors.values()) or not flavors:
        raise LoadError(f"{MLMODEL} names no flavor", hint="Log the model with mlflow.<flavor>.log_model.")
    signature = document.get("signature") or {}
    example, notes = _example(root, document.get("saved_input_example_info"))
    return ModelFolder(
        root=root,
        flavors=flavors,
        inputs=_specs(signature, "inputs"),
        outputs=_specs(signature, "outputs"),
        params=_specs(signature, "params"),
        example=example,
        python_version=_text(flavors.get("python_function", {}).get("python_version")),
        mlflow_version=_text(document.get("mlflow_version")),
        requirements=_requirements(root),
        from_type_hint=bool(document.get("is_signature_from_type_hint")),
        own_registry=(root / ORIGIN).is_file(),
        notes=notes,
    )


def _mlmodel(root: Path) -> dict[str, Any]:
    path = root / MLMODEL
    if not path.is_file():
        raise LoadError(
            f"there is no {MLMODEL} in {root.name!r}: this is not an MLflow model's folder",
            hint="Log the model with mlflow.<flavor>.log_model, and register that.",
        )
    if path.stat().st_size > _MLMODEL_LIMIT:
        raise LoadError(f"{MLMODEL} has {path.stat().st_size} bytes: expected at most {_MLMODEL_LIMIT}")
    try:
        document = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise LoadError(f"{MLMODEL} is not YAML: {error}", hint="Log the model again.") from error
    if not isinstance(document, dict):
        raise LoadError(f"{MLMODEL} holds {type(document).__name__}: expected a mapping", hint="Log the model again.")
    return document


def _specs(signature: dict[str, Any], part: str) -> list[dict[str, Any]] | None:
    """One part of the signature. MLflow keeps each as JSON text inside the YAML."""
    text = signature.get(part)
    if not text:
        return None
    try:
        specs = orjson.loads(text) if isinstance(text, str) else text
    except orjson.JSONDecodeError as error:
        raise LoadError(f"the signature's {part} are not JSON: {error}", hint="Log the model again.") from error
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        raise LoadError(f"the signature's {part} are {specs!r:.80}: expected a list of objects")
    return specs or None


def _requirements(root: Path) -> tuple[str, ...]:
    path = root / "requirements.txt"
    if not path.is_file():
        return ()
    lines = (line.split(" #")[0].strip() for line in path.read_text("utf-8", "replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith(("#", "-")))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _example(root: Path, info: object) -> tuple[bytes | None, tuple[str, ...]]:
    """The input example as a body for /invocations; where it cannot be one, a note that says why."""
    if not isinstance(info, dict):
        return None, ()
    serving = info.get("serving_input_path")
    if serving and (path := confined(root, str(serving))).is_file():
        return path.read_bytes(), ()
    path = confined(root, str(info.get("artifact_path", "input_example.json")))
    if not path.is_file():
        return None, (f"the input example {path.name!r} is missing",)
    try:
        body = example_body(orjson.loads(path.read_bytes()), info)
    except orjson.JSONDecodeError as error:
        return None, (f"the input example is not JSON: {error}",)
    if body is None:
        return None, (f"an input example of type {info.get('type')!r} cannot be sent over HTTP",)
    return orjson.dumps(body), ()


def example_body(content: Any, info: dict[str, Any]) -> dict[str, Any] | None:
    """The body that sends `content` of input_example.json, None where no body can (sparse matrices).

    Older MLflow writes no serving_input_example.json: its examples are turned here as newer MLflow would turn them.
    """
    params = None
    if info.get("params") and isinstance(content, dict):
        content, params = content.get("inputs"), content.get("params")
    kind = info.get("type")
    if kind == "dataframe":
        orient = info.get("pandas_orient", "split")
        split = {"data": content} if orient == "values" and isinstance(content, list) else content
        body = {"dataframe_records": content} if orient == "records" else {"dataframe_split": split}
    elif kind == "ndarray" and isinstance(content, dict) and set(content) & {"inputs", "instances"}:
        body = content
    elif kind in {"ndarray", "json_object"}:
        body = {"inputs": content}
    else:
        return None
    return body if params is None else {**body, "params": params}
