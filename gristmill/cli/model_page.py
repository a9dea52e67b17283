"""What is shown of one model version."""

import json
from typing import Any

from gristmill.cli.output import heading, pairs, remark, say, styled, table
from gristmill.cli.quantities import ago, exact, number
from gristmill.cli.tables import Cell, Column
from gristmill.models.model import ModelVersion, RegisteredModel

_EXAMPLE_LIMIT = 2000


def print_version(version: ModelVersion, model: RegisteredModel) -> None:
    title = styled(f"{version.name}/{version.version}", bold=True)
    say(f"{title}  {version.description or model.description or ''}".rstrip())
    pairs(
        (
            ("made by", f"run {version.run_id}" if version.run_id else "no run of this control plane"),
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
        columns = (Column(), Column(right=True))
        table(columns, [(Cell(name, "bright_black"), number(value)) for name, value in version.metrics.items()], "  ")
    _signature(version.signature)
    _example(version.input_example)
    if version.suggestion:
        say()
        remark(f"{styled('!', 'yellow')} {version.suggestion}")


def _signature(signature: dict[str, Any] | None) -> None:
    for side in ("inputs", "params", "outputs"):
        rows = (signature or {}).get(side) or []
        if rows:
            heading({"inputs": "Takes", "params": "Parameters", "outputs": "Answers"}[side])
            table((Column(), Column(), Column(shrinks=True)), [_column(row) for row in rows], "  ")


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
