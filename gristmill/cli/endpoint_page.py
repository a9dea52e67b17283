"""What is shown of one endpoint, and how it is called from elsewhere."""

import json
from typing import Any

from gristmill.cli.output import heading, pairs, remark, say, state, styled
from gristmill.cli.quantities import ago, duration, exact, number
from gristmill.client.snippets import curl, python
from gristmill.endpoints.model import Endpoint, Variant, VariantStatus


def print_deployed(endpoint: Endpoint, example: dict[str, Any] | None) -> None:
    """What `deploy` ends with."""
    seen = endpoint.observed
    for variant in seen.variants if seen else ():
        say(f"  {_tried(variant)}")
        for note in variant.notes:
            remark(f"{styled('!', 'yellow')} {note}")
    say()
    say(f"{styled(endpoint.name, bold=True)} serves {serves(endpoint)} at {styled(endpoint.url, bold=True)}")
    print_calls(endpoint, example)


def print_endpoint(endpoint: Endpoint, example: dict[str, Any] | None) -> None:
    """What `endpoints show` prints."""
    look = state(shown_state(endpoint))
    seen = endpoint.observed
    say(f"{styled(look.text, look.colour)}  {styled(endpoint.name, bold=True)} in target {endpoint.target}")
    pairs(
        (
            ("url", endpoint.url),
            ("gateway", endpoint.gateway or ""),
            ("serves", serves(endpoint)),
            ("profile", ", ".join(sorted({variant.profile for variant in endpoint.variants}))),
            ("access", "open: no API key is asked for" if endpoint.open else "by API key"),
            ("generation", f"{endpoint.generation}{_behind(endpoint)}"),
            ("restarts", str(seen.restarts) if seen and seen.restarts else ""),
            ("waits", endpoint.waiting or ""),
            ("deployed", f"{ago(endpoint.updated_at)} ({exact(endpoint.updated_at)}) by {endpoint.created_by}"),
        ),
        "  ",
    )
    for variant in seen.variants if seen else ():
        say(f"  {_tried(variant)}")
    if seen and seen.message:
        remark(f"{styled('!', 'yellow')} {seen.message}{f'  {seen.hint}' if seen.hint else ''}")
    print_calls(endpoint, example)


def print_calls(endpoint: Endpoint, example: dict[str, Any] | None) -> None:
    """Commands that work as they are pasted."""
    heading("Call it")
    say(f"  gristmill endpoints predict {endpoint.name}")
    say(f"  {curl(endpoint, example)}")
    heading("From Python")
    for line in python(endpoint, example).splitlines():
        say(f"  {line}".rstrip())


def serves(endpoint: Endpoint) -> str:
    return ", ".join(_variant(variant, alone=len(endpoint.variants) == 1) for variant in endpoint.variants)


def shown_state(endpoint: Endpoint) -> str:
    return "waiting" if endpoint.waiting else endpoint.state.value


def _variant(variant: Variant, *, alone: bool) -> str:
    return f"{variant.model}/{variant.version}" + ("" if alone else f" {number(variant.weight)} % {variant.role}")


def _tried(variant: VariantStatus) -> str:
    loaded = f"loaded in {duration(variant.load_s)}" if variant.load_s is not None else "loaded"
    tier = f" · {variant.tier}" if variant.tier else ""
    if variant.answer_ms is None:
        return f"{variant.model}/{variant.version} {loaded}{tier}"
    answer = json.dumps(variant.answer, ensure_ascii=False)
    shown = answer if len(answer) <= 100 else answer[:99] + "…"
    took = f"{variant.answer_ms:.3g} ms"
    return f"{variant.model}/{variant.version} {loaded}{tier} · answer to its input example {shown} in {took}"


def _behind(endpoint: Endpoint) -> str:
    seen = endpoint.observed
    if seen is None or seen.generation >= endpoint.generation:
        return ""
    failed = " could not be loaded" if (seen.failed_generation or 0) >= endpoint.generation else " is on its way"
    return f"{failed}; {seen.generation} serves"
