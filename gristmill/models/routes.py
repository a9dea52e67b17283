"""HTTP of the model registry."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.models.model import ModelVersion, RegisteredModel, RegisterRequest
from gristmill.models.service import ModelService

router = APIRouter(prefix="/api", tags=["models"], responses=PROBLEMS)

ServiceOf = Annotated[ModelService, Depends(provide(ModelService))]
Reader = Annotated[Actor, requires(Scope.READ)]


@router.get("/models", summary="List registered models")
def list_models(actor: Reader, service: ServiceOf) -> list[RegisteredModel]:
    return service.list_models(actor)


@router.get("/models/{name}", summary="One registered model with its versions")
def get_model(name: str, actor: Reader, service: ServiceOf) -> RegisteredModel:
    return service.model(actor, name)


@router.post("/models/{name}/versions", status_code=201, summary="Register a run's model")
def register_model(
    name: str, request: RegisterRequest, actor: Annotated[Actor, requires(Scope.MODELS_WRITE)], service: ServiceOf
) -> ModelVersion:
    """Asked again for the same model of the same run, the same version is answered.

    `suggestion` in the answer says what is missing of the model and how to log it better.
    """
    return service.register(actor, name, request)


@router.get("/models/{name}/versions/{version}", summary="One version, whole")
def get_model_version(name: str, version: str, actor: Reader, service: ServiceOf) -> ModelVersion:
    return service.version(actor, name, version)
