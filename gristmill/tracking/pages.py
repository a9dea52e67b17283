"""MLflow's first page, with preferences that fit: only where a person has none of their own yet."""

import json

# What MLflow's pages keep in the browser. The assistant, which is refused here, would otherwise open itself beside
# every page, and runs would hide behind the view for language models.
_PREFERENCES = {
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.settings.telemetry.enabled_v1": "false",
    "mlflow.telemetry.info.alert.dismissed_v1": "true",
}
_SCRIPT = (
    f"<script>for (const [key, value] of Object.entries({json.dumps(_PREFERENCES)}))"
    " if (localStorage.getItem(key) === null) localStorage.setItem(key, value);</script>"
)


def with_preferences(html: bytes) -> bytes:
    """The page with a script that runs before MLflow's own; a page without a head is left as it is."""
    return html.replace(b"<head>", b"<head>" + _SCRIPT.encode(), 1)
