"""What an attempt used, by the names of MLflow's own system metrics: its pages show them under "System metrics".

https://mlflow.org/docs/latest/ml/tracking/system-metrics/ — MLflow's are the machine's, these are the attempt's own.
"""

from collections.abc import Sequence
from typing import Any

from gristmill.utilisation.model import UtilisationPoint

_MEGABYTE = 1e6  # as MLflow counts


def as_system_metrics(points: Sequence[UtilisationPoint], cores: float, *, now: float) -> list[dict[str, Any]]:
    """Entries for MLflow. Processor time is in percent of the profile's `cores`; `now` is when the last point ended."""
    entries = []
    for point in points:
        values = {
            "cpu_utilization_percentage": 100 * point.cpu / cores,
            "system_memory_usage_megabytes": point.memory / _MEGABYTE,
        }
        for gpu in point.gpus:
            values[f"gpu_{gpu.index}_utilization_percentage"] = 100 * gpu.busy
            values[f"gpu_{gpu.index}_memory_usage_megabytes"] = gpu.memory_peak / _MEGABYTE
        when, step = int(1000 * (now - points[-1].at + point.at)), int(point.at)
        entries += [
            {"key": f"system/{name}", "value": round(value, 2), "timestamp": when, "step": step}
            for name, value in values.items()
        ]
    return entries
