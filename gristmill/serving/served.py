"""One variant, loaded and tried: its model, what its requests must be, and what it answered to its own example."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson

from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill.endpoints.model import Phase, Variant, VariantStatus
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Batch
from gristmill.serving.errors import LoadError, ModelFaultError
from gristmill.serving.flavors import load
from gristmill.serving.flavors.base import LoadContext, Predictor
from gristmill.serving.invocations import Invocations
from gristmill.serving.open_inference import OpenInference
from gristmill.serving.params import ParamSchema
from gristmill.serving.predictions import answer_body
from gristmill.serving.rowwise import answers_row_by_row
from gristmill.serving.signature import compile_signature

_WARM_UP = 3  # the first calls fill caches and start thread pools


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    variant: Variant
    predictor: Predictor
    invocations: Invocations
    open_inference: OpenInference
    joinable: bool
    status: VariantStatus


def load_variant(
    variant: Variant, folder: ModelFolder, cpu: float, *, on_phase: Callable[[Phase], None] = lambda _: None
) -> ServedModel:
    """The variant, ready to answer: loaded, and its input example predicted, if there is one; `on_phase` is told.

    Raises:
        LoadError: it cannot be loaded, or it fails on its own input example.
    """
    start = perf_counter()
    on_phase(Phase.LOADING)
    signature, params = compile_signature(folder), ParamSchema(folder.params)
    sample, notes = _sample(folder, Invocations(signature, params, unified=True))
    predictor = load(folder, LoadContext(signature=signature, sample=sample, cpu=cpu, answers=variant.answers))
    load_s = perf_counter() - start
    if sample is not None:
        on_phase(Phase.CHECKING)
    answer, answer_ms = _try(predictor, sample)
    other = _other_answer(predictor, sample)
    joinable = predictor.joinable and signature.joinable
    if joinable and sample is not None and not answers_row_by_row(predictor, sample):
        joinable = False
        notes.append("answers depend on the other rows of a call: requests are not answered together")
    return ServedModel(
        variant=variant,
        predictor=predictor,
        invocations=Invocations(signature, params, unified=predictor.unified),
        open_inference=OpenInference(
            model=variant.model,
            version=variant.version,
            platform=_platform(folder),
            signature=signature,
            params=params,
            outputs=folder.outputs if predictor.as_logged else None,
        ),
        joinable=joinable,
        status=VariantStatus(
            name=variant.name,
            model=variant.model,
            version=variant.version,
            tier=predictor.tier,
            load_s=round(load_s, 3),
            answer=answer,
            answer_ms=answer_ms,
            answers=predictor.answers,
            other_answer=other,
            notes=(*folder.notes, *predictor.notes, *notes),
        ),
    )


def _platform(folder: ModelFolder) -> str:
    flavor = next((name for name in folder.flavors if name != "python_function"), "python_function")
    return f"mlflow_{flavor}"


def _sample(folder: ModelFolder, invocations: Invocations) -> tuple[Batch | None, list[str]]:
    notes = [] if folder.inputs or folder.from_type_hint else ["no signature: requests are not checked, nor joined"]
    if folder.example is None:
        return None, [*notes, "no input example: nothing was predicted before it went live"]
    try:
        return invocations.from_json(folder.example), notes
    except InvalidInputError as error:
        return None, [*notes, f"the input example does not fit the signature: {error.message}"]


def _try(predictor: Predictor, sample: Batch | None) -> tuple[Any, float | None]:
    """The answer to the input example, as JSON, and the time of a call in milliseconds."""
    if sample is None:
        return None, None
    try:
        for _ in range(_WARM_UP):
            start = perf_counter()
            predictions = predictor.predict(sample.data(predictor.takes), sample.params)
            elapsed = perf_counter() - start
        return orjson.loads(answer_body(predictions, unwrapped=True)), round(elapsed * 1000, 3)
    except Exception as error:
        raise LoadError(
            f"the model loads, but fails on its own input example: {type(error).__name__}: {error}",
            hint="Predict the example in a notebook with mlflow.pyfunc.load_model(…).predict, and log the model again.",
        ) from error


def _other_answer(predictor: Predictor, sample: Batch | None) -> Any:
    """What it would answer to the example in its other way, which need not work."""
    if sample is None or predictor.other is None:
        return None
    try:
        return orjson.loads(answer_body(predictor.other(sample.data(predictor.takes)), unwrapped=True))
    except Exception:  # noqa: BLE001  # the model's own code; it will not be asked this way
        return None


def model_error(error: Exception) -> GristmillError:
    """What a caller is told when the model raised.

    ValueError, TypeError and LookupError on an input that fits the signature are how models refuse values (an unknown
    category, a negative age): the caller's fault, 400. Anything else is the model's: 500.
    """
    if isinstance(error, GristmillError):
        return error
    what = f"{type(error).__name__}: {error}"
    refused = isinstance(error, (ValueError, TypeError, LookupError))
    status = getattr(error, "get_http_status_code", None)  # MlflowException says so itself
    if refused or (status is not None and status() < 500):
        return InvalidInputError(f"the model refused the input: {what}")
    return ModelFaultError(f"the model failed: {what}", hint="The endpoint's log has the whole error.")
