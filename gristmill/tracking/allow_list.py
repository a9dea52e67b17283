"""Every route of MLflow, and who may use it. What is not in here does not exist for the proxy.

Refused to everybody is what executes code, reads the server's files, holds secrets, hands out addresses of storage or
calls other services. Attempts' tokens read, and write where a confinement says what of their own is written to.
"""

from dataclasses import replace

from gristmill.tracking.refused_routes import REFUSED
from gristmill.tracking.rules import Act, Confinement, Rule, read, read_file, refuse, registry, write

_RUN = ("body:run_id", "body:run_uuid")
_ARTIFACT = "mlflow-artifacts/artifacts/{artifact_path:path}"
_TRACE = "3.0/mlflow/traces/{trace_id}"

_PAGES = (
    # MLflow's pages ask for this on their own; without a gateway the answer is always the same.
    *(replace(rule, instead={"endpoints": []}) for rule in read("GET 2.0/mlflow/gateway-proxy")),
    *read(
        "GET /",
        "GET /static-files/{path:path}",
        "GET /build/{filename:path}",
        "GET /health",
        "GET /version",
        "GET 3.0/mlflow/server-info",
        "GET 3.0/mlflow/ui-telemetry",
        # The UI's own queries; MLflow's schema has no mutation that changes anything, which a test watches.
        "GET /graphql",
        "POST /graphql",
    ),
)

_EXPERIMENTS = (
    *read(
        "GET 2.0/mlflow/experiments/get",
        "GET 2.0/mlflow/experiments/search",
        "POST 2.0/mlflow/experiments/search",
        "POST 2.0/mlflow/experiments/search-datasets",
    ),
    *(
        replace(rule, confined=Confinement(names_nothing=True, act=Act.NAME_EXPERIMENT))
        for rule in read("GET 2.0/mlflow/experiments/get-by-name")
    ),
    *(
        replace(rule, locations=("body:artifact_location",))
        for rule in write(
            "POST 2.0/mlflow/experiments/create",
            own=Confinement(names_nothing=True, act=Act.CREATE_EXPERIMENT),
        )
    ),
    *write(
        "POST 2.0/mlflow/experiments/set-experiment-tag",
        own=Confinement(experiments=("body:experiment_id",), tags=("body:",), act=Act.TAG_EXPERIMENT),
    ),
    *write(
        "POST 2.0/mlflow/experiments/delete-experiment-tag",
        "POST 2.0/mlflow/experiments/update",
        "POST 2.0/mlflow/experiments/delete",
        "POST 2.0/mlflow/experiments/restore",
    ),
)

_RUNS = (
    *read(
        "GET 2.0/mlflow/runs/get",
        "POST 2.0/mlflow/runs/search",
        "GET 2.0/mlflow/metrics/get-history",
        "GET 2.0/mlflow/metrics/get-history-bulk",
        "GET 2.0/mlflow/metrics/get-history-bulk-interval",
    ),
    *write(
        "POST 2.0/mlflow/runs/create",
        own=Confinement(names_nothing=True, tags=("body:tags[]",), act=Act.CREATE_RUN),
    ),
    *write("POST 2.0/mlflow/runs/update", "POST 2.0/mlflow/runs/log-parameter", own=Confinement(runs=_RUN)),
    # Which models a run has used is said of the run: they need not be its own.
    *write("POST 2.0/mlflow/runs/log-inputs", "POST 2.0/mlflow/runs/log-model", own=Confinement(runs=_RUN)),
    *write("POST 2.0/mlflow/runs/log-metric", own=Confinement(runs=_RUN, models=("body:model_id",))),
    *write(
        "POST 2.0/mlflow/runs/log-batch",
        own=Confinement(
            runs=(*_RUN, "body:metrics[].run_id"), models=("body:metrics[].model_id",), tags=("body:tags[]",)
        ),
    ),
    *write("POST 2.0/mlflow/runs/outputs", own=Confinement(runs=_RUN, models=("body:models[].model_id",))),
    *write(
        "POST 2.0/mlflow/runs/set-tag",
        "POST 2.0/mlflow/runs/delete-tag",
        own=Confinement(runs=_RUN, tags=("body:",)),
    ),
    *write("POST 2.0/mlflow/runs/delete", "POST 2.0/mlflow/runs/restore", own=Confinement(created_runs=_RUN)),
)

_ARTIFACTS = (
    *read("GET 2.0/mlflow/artifacts/list"),
    *read_file(
        "GET /get-artifact",
        "GET /model-versions/get-artifact",
        "GET 2.0/mlflow/get-trace-artifact",
        "GET 3.0/mlflow/get-trace-artifact",
    ),
    *read_file(f"GET 2.0/{_ARTIFACT}", artifact="path:artifact_path"),
    *(replace(rule, artifact="query:path") for rule in read("GET 2.0/mlflow-artifacts/artifacts")),
    *write(f"PUT 2.0/{_ARTIFACT}", f"DELETE 2.0/{_ARTIFACT}", own=Confinement(artifact="path:artifact_path")),
    *write("POST 2.0/mlflow/upload-artifact", own=Confinement(runs=("query:run_uuid",))),
    *refuse(
        "it hands out addresses of the storage behind MLflow; artifacts go through this server",
        "POST 2.0/mlflow/artifacts/presigned-upload-url",
        "POST 2.0/mlflow/artifacts/presigned-download-url",
        "POST 2.0/mlflow-artifacts/mpu/create/{artifact_path:path}",
        "POST 2.0/mlflow-artifacts/mpu/complete/{artifact_path:path}",
        "POST 2.0/mlflow-artifacts/mpu/abort/{artifact_path:path}",
        "GET 2.0/mlflow-artifacts/presigned/{artifact_path:path}",
    ),
)

_MODEL = "2.0/mlflow/logged-models/{model_id}"
_MODEL_PLACES = ("path:model_id", "body:model_id")

_LOGGED_MODELS = (
    *read(
        f"GET {_MODEL}",
        "POST 2.0/mlflow/logged-models/search",
        f"GET {_MODEL}/artifacts/directories",
    ),
    *read_file(f"GET {_MODEL}/artifacts/files"),
    *write(
        "POST 2.0/mlflow/logged-models",
        own=Confinement(runs=("body:source_run_id",), names_nothing=True, tags=("body:tags[]",), act=Act.CREATE_MODEL),
    ),
    # MLflow finalizes the model that the body names, whatever the path says.
    *write(f"PATCH {_MODEL}", f"POST {_MODEL}/params", f"DELETE {_MODEL}", own=Confinement(models=_MODEL_PLACES)),
    *write(f"PATCH {_MODEL}/tags", own=Confinement(models=_MODEL_PLACES, tags=("body:tags[]",))),
    *write(f"DELETE {_MODEL}/tags/{{tag_key}}", own=Confinement(models=_MODEL_PLACES, tags=("path:tag_key",))),
)

_REGISTERED_MODELS = (
    *read(
        "GET 2.0/mlflow/registered-models/get",
        "GET 2.0/mlflow/registered-models/search",
        "GET 2.0/mlflow/registered-models/get-latest-versions",
        "POST 2.0/mlflow/registered-models/get-latest-versions",
        "GET 2.0/mlflow/registered-models/alias",
        "GET 2.0/mlflow/model-versions/get",
        "GET 2.0/mlflow/model-versions/search",
        "GET 2.0/mlflow/model-versions/get-download-uri",
    ),
    *registry(
        "POST 2.0/mlflow/registered-models/create",
        own=Confinement(names_nothing=True, tags=("body:tags[]",)),
    ),
    *(
        replace(rule, locations=("body:source",))
        for rule in registry(
            "POST 2.0/mlflow/model-versions/create",
            own=Confinement(
                runs=("body:run_id",), models=("body:model_id",), source="body:source", tags=("body:tags[]",)
            ),
        )
    ),
    *registry(
        "POST 2.0/mlflow/registered-models/rename",
        "PATCH 2.0/mlflow/registered-models/update",
        "DELETE 2.0/mlflow/registered-models/delete",
        "POST 2.0/mlflow/registered-models/set-tag",
        "DELETE 2.0/mlflow/registered-models/delete-tag",
        "POST 2.0/mlflow/registered-models/alias",
        "DELETE 2.0/mlflow/registered-models/alias",
        "PATCH 2.0/mlflow/model-versions/update",
        "POST 2.0/mlflow/model-versions/transition-stage",
        "DELETE 2.0/mlflow/model-versions/delete",
        "POST 2.0/mlflow/model-versions/set-tag",
        "DELETE 2.0/mlflow/model-versions/delete-tag",
    ),
)

_TRACES = (
    *read(
        f"GET {_TRACE}",
        "GET 3.0/mlflow/traces/get",
        "GET 3.0/mlflow/traces/batchGet",
        "POST 3.0/mlflow/traces/batchGetInfos",
        "POST 3.0/mlflow/traces/search",
        "POST 3.0/mlflow/traces/calculate-filter-correlation",
        "POST 3.0/mlflow/traces/metrics",
        f"GET {_TRACE}/assessments/{{assessment_id}}",
        "GET 2.0/mlflow/traces",
        "GET 2.0/mlflow/traces/{request_id}/info",
        "GET 2.0/mlflow/unified-traces",
        "GET 2.0/mlflow/get-online-trace-details",
    ),
    *write(
        "POST 3.0/mlflow/traces",
        own=Confinement(
            traces=("body:trace.trace_info.trace_id",),
            experiments=("body:trace.trace_info.trace_location.mlflow_experiment.experiment_id",),
            act=Act.START_TRACE,
        ),
    ),
    *write(
        "POST /v1/traces",
        own=Confinement(
            experiments=("header:x-mlflow-experiment-id",), runs=("header:x-mlflow-run-id",), act=Act.EXPORT_SPANS
        ),
    ),
    *write(
        f"PATCH {_TRACE}/tags",
        f"DELETE {_TRACE}/tags",
        f"POST {_TRACE}/assessments",
        f"PATCH {_TRACE}/assessments/{{assessment_id}}",
        f"DELETE {_TRACE}/assessments/{{assessment_id}}",
        own=Confinement(traces=("path:trace_id", "body:trace_id", "body:assessment.trace_id")),
    ),
    *write("POST 2.0/mlflow/traces/link-to-run", own=Confinement(traces=("body:trace_ids[]",), runs=_RUN)),
    *write("POST 2.0/mlflow/traces/link-prompts", own=Confinement(traces=("body:trace_id",))),
    *write(
        "POST 2.0/mlflow/traces",
        "PATCH 2.0/mlflow/traces/{request_id}",
        "PATCH 2.0/mlflow/traces/{request_id}/tags",
        "DELETE 2.0/mlflow/traces/{request_id}/tags",
        "POST 2.0/mlflow/traces/delete-traces",
        "POST 3.0/mlflow/traces/delete-traces",
    ),
)

_DATASET = "3.0/mlflow/datasets/{dataset_id}"

_EVALUATION = (
    *read(
        f"GET {_DATASET}",
        "GET 3.0/mlflow/datasets/search",
        "POST 3.0/mlflow/datasets/search",
        f"GET {_DATASET}/records",
        f"GET {_DATASET}/experiment-ids",
        "GET 3.0/mlflow/issues/{issue_id}",
        "POST 3.0/mlflow/issues/search",
        "GET 3.0/mlflow/label-schemas/get",
        "GET 3.0/mlflow/label-schemas/get-by-name",
        "GET 3.0/mlflow/label-schemas/list",
        "GET 3.0/mlflow/review-queues/get",
        "GET 3.0/mlflow/review-queues/get-by-name",
        "GET 3.0/mlflow/review-queues/list",
        "GET 3.0/mlflow/review-queues/items/list",
        "GET 3.0/mlflow/scorers/list",
        "GET 3.0/mlflow/scorers/versions",
        "GET 3.0/mlflow/scorers/get",
        "GET 3.0/mlflow/scorers/online-configs",
        "GET 3.0/mlflow/workspaces",
        "GET 3.0/mlflow/workspaces/{workspace_name}",
    ),
    *write(
        "POST 3.0/mlflow/datasets/create",
        f"DELETE {_DATASET}",
        f"PATCH {_DATASET}/tags",
        f"DELETE {_DATASET}/tags/{{key}}",
        f"POST {_DATASET}/records",
        f"DELETE {_DATASET}/records",
        f"POST {_DATASET}/add-experiments",
        f"POST {_DATASET}/remove-experiments",
        "POST 3.0/mlflow/issues",
        "PATCH 3.0/mlflow/issues/{issue_id}",
        "POST 3.0/mlflow/label-schemas/create",
        "PATCH 3.0/mlflow/label-schemas/update",
        "DELETE 3.0/mlflow/label-schemas/delete",
        "POST 3.0/mlflow/review-queues/create",
        "POST 3.0/mlflow/review-queues/get-or-create-user",
        "POST 3.0/mlflow/review-queues/update",
        "POST 3.0/mlflow/review-queues/delete",
        "POST 3.0/mlflow/review-queues/items/add",
        "POST 3.0/mlflow/review-queues/items/remove",
        "POST 3.0/mlflow/review-queues/items/set-status",
    ),
)

RULES: tuple[Rule, ...] = (
    *_PAGES,
    *_EXPERIMENTS,
    *_RUNS,
    *_ARTIFACTS,
    *_LOGGED_MODELS,
    *_REGISTERED_MODELS,
    *_TRACES,
    *_EVALUATION,
    *REFUSED,
)

# Routes without parameters, for both prefixes: MLflow too prefers what is fixed to what is not.
_FIXED = {(rule.method, path): rule for rule in RULES for path in rule.fixed_paths}
_OPEN = tuple(rule for rule in RULES if not rule.fixed_paths)


def find(method: str, path: str) -> tuple[Rule, dict[str, str]] | None:
    """The rule for a decoded path, with the values of its template; None where MLflow has no such route."""
    wanted = "GET" if method == "HEAD" else method
    if fixed := _FIXED.get((wanted, path)):
        return fixed, {}
    matches = ((rule, rule.pattern.fullmatch(path)) for rule in _OPEN if rule.method == wanted)
    found = [(rule, match.groupdict()) for rule, match in matches if match]
    return max(found, key=lambda one: one[0].literal, default=None)
