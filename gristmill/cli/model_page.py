"""What is shown of one model version."""

import json
from typing import Any

from gristmill.cli.output import heading, pairs, remark, say, styled, table
from gristmill.cli.quantities import ago, exact, metric
from gristmill.cli.tables import Cell, Column
from gristmill.models.model import ModelVersion, RegisteredModel
from gristmill.runs.model import Metric

_EXAMPLE_LIMIT = 2000


def print_version(version: ModelVersion, model: RegisteredModel, maker: str) -> None:
    title = styled(f"{version.name}/{version.version}", bold=True)
    say(f"{title}  {version.description or model.description or ''}".rstrip())
    pairs(
        (
            ("made by", maker),
            ("made", f"{ago(version.created_at)} ({exact(version.created_at)})"),
            ("flavors", ", ".join(version.flavors)),
            ("aliases", ", ".join(version.aliases)),
            ("source", version.source),
            ("versions", ", ".join(sorted((one.version for one in model.versions), key=int))),
        ),
        "  ",
    )
    if version.metrics:
        heading("Metrics")
        pairs([(name, metric(one)) for name, one in measured(version.metrics).items()], "  ")
    _signature(version.signature)
    _example(version.input_example)
    if version.suggestion:
        say()
        remark(f"{styled('!', 'yellow')} {version.suggestion}")


def measured(metrics: dict[str, float]) -> dict[str, Metric]:
    """MLflow keeps a metric of repeats as three: `auc`, `auc_std`, `auc_count`. Here they are one again."""
    found = {}
    for name, value in metrics.items():
        base, _, part = name.rpartition("_")
        if part in {"std", "count"} and f"{base}_std" in metrics and f"{base}_count" in metrics and base in metrics:
            continue
        count = metrics.get(f"{name}_count")
        spread = metrics.get(f"{name}_std") if count is not None else None
        found[name] = Metric(value=value, spread=spread, count=int(count) if spread is not None and count else None)
    return found


def _signature(signature: dict[str, Any] | None) -> None:
    for side in ("inputs", "params", "outputs"):
        rows = (signature or {}).get(side) or []
        if rows:
            heading({"inputs": "Takes", "params": "Parameters", "outputs": "Answers"}[side])
            columns = [_column(row) for row in rows]
            unnamed = not any(name.text for name, _, _ in columns)
            shown = [column[1:] if unnamed else column for column in columns]
            table([Column() for _ in shown[0]], shown, "  ")


def _column(row: dict[str, Any]) -> tuple[Cell, str, str]:
    """One column of a schema as MLflow writes it: `{name, type, required}`, or `{type: tensor, tensor-spec: …}`."""
    spec = row.get("tensor-spec")
    kind = f"{spec.get('dtype')} {spec.get('shape')}" if isinstance(spec, dict) else _type(row.get("type"))
    notes = ["optional"] if row.get("required") is False else []
    if row.get("default") is not None:
        notes.append(f"default {row['default']}")
    return Cell(str(row.get("name", "")), bold=True), kind, ", ".join(notes)


def _type(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _example(example: dict[str, Any] | None) -> None:
    if example is not None:
        heading("Input example")
        text = json.dumps(example, ensure_ascii=False)
        say(f"  {text[:_EXAMPLE_LIMIT]}{'…' if len(text) > _EXAMPLE_LIMIT else ''}")
