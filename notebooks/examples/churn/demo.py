"""From a notebook to a live endpoint, by the Python client: `make demo` runs this.

    python notebooks/examples/churn/demo.py

It ends with status 1 where something is not as it should be. It may be run again: that makes another run, the next
version of the model, and the endpoint takes it over without a pause.
"""

import json
import os
import sys
import time
from pathlib import Path

from demo_traffic import Traffic, send_one_by_one

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import GristmillError
from gristmill.core.wire import Event
from gristmill.endpoints.model import Endpoint
from gristmill.models.model import ModelVersion
from gristmill.runs.model import Metric, Run, RunState

HERE = Path(__file__).parent
NOTEBOOK = HERE / "train.ipynb"
MODEL = ENDPOINT = "churn"
TO_BEAT = 0.89  # ROC AUC
CLIENTS = 8


def main() -> None:
    began = time.monotonic()
    with Client() as client:
        step("The control plane", "one process; every command and every client finds it, or starts it")
        say(f"{client.url}, home {client.settings.home}")

        step("A run", "the notebook as it is, copied, in a process of its own")
        run = watch(client, client.run(NOTEBOOK, labels={"demo": "churn"}))
        check(run.state is RunState.SUCCEEDED, f"{run.name} {run.state}: {run.fault.message if run.fault else ''}")
        show_metrics(run)

        step("A model version", "what the run logged, registered; MLflow is the registry")
        version = client.register(MODEL, run)
        say(f"{version.name}/{version.version} from {run.name}, {', '.join(version.flavors)}")
        show_request(version)

        step("An endpoint", "loads the version, predicts its input example, then takes over")
        endpoint = client.deploy(ENDPOINT, version)
        show_endpoint(endpoint)

        step("Predictions", f"every held-out customer in a request of its own, from {CLIENTS} clients")
        customers = [json.loads(line) for line in client.send(api.get_output(run.id, "holdout.jsonl")).splitlines()]
        traffic = send_one_by_one(endpoint.url, client.key(endpoint), customers, clients=CLIENTS)
        show_traffic(traffic)

        step("Where to look", f"all this took {time.monotonic() - began:.0f} s")
        show_links(client, run, endpoint, version)


def watch(client: Client, run: Run) -> Run:
    """The run when it is over; one line tells how it goes, in place where that can be done."""
    live = sys.stdout.isatty()
    began, cell, said = time.monotonic(), "queued", ""

    def tell(event: Event) -> None:
        nonlocal cell, said
        if event.kind == "cell.started":
            cell = f"cell {event.data['number']} of {event.data['of']}"
            said = said if live else ""
        elif event.kind in {"log", "progress"}:
            said = event.data.get("tail") or event.data.get("message") or said
        if live:
            line = f"  {run.name} · {cell} · {time.monotonic() - began:.0f} s · {said}"[:100]
            print(f"\r\033[2K{line}", end="", flush=True)
        elif event.kind == "cell.finished":
            say(f"{cell} · {event.data['seconds']:.1f} s{f' · {said}' if said else ''}"[:110])

    finished = client.wait(run, tell)
    if live:
        print("\r\033[2K", end="")
    return finished


def show_metrics(run: Run) -> None:
    if run.started_at is not None and run.ended_at is not None:
        say(f"{run.name} succeeded in {(run.ended_at - run.started_at).total_seconds():.0f} s")
    for name in ("roc_auc", "pr_auc", "brier", "holdout_roc_auc", "holdout_pr_auc", "holdout_brier"):
        beaten = f", to beat: {TO_BEAT}" if name == "roc_auc" else ""
        say(f"  {name:<16} {figure(run.metrics[name])}{beaten}")
    check(run.metrics["roc_auc"].value > TO_BEAT, f"ROC AUC {run.metrics['roc_auc'].value:.4f} is not above {TO_BEAT}")


def figure(metric: Metric) -> str:
    """The mean over the folds, with their standard deviation; a single figure as it is."""
    spread = f" ± {metric.spread:.3f} (n={metric.count})" if metric.spread is not None else ""
    return f"{metric.value:.4f}{spread}"


def show_request(version: ModelVersion) -> None:
    check(version.signature is not None and version.input_example is not None, "the model lacks signature or example")
    say(f"  request  {shortened(version.input_example)}")


def show_endpoint(endpoint: Endpoint) -> None:
    """The endpoint has answered the input example before it went live: this is what it said."""
    (variant,) = endpoint.observed.variants if endpoint.observed else ()
    say(f"  answer   {shortened(variant.answer)} in {variant.answer_ms:.2g} ms")
    say(f"{endpoint.url} serves {variant.model}/{variant.version}, loaded in {variant.load_s:.1f} s, {variant.tier}")


def show_traffic(traffic: Traffic) -> None:
    check(not traffic.refused, f"{len(traffic.refused)} requests were refused, the first: {traffic.refused[:1]}")
    say(f"{traffic.count:,} answers in {traffic.seconds:.1f} s: {traffic.count / traffic.seconds:,.0f} predictions/s")
    say(f"p50 {traffic.quantile(0.5):.1f} ms, p99 {traffic.quantile(0.99):.1f} ms, as the clients see it")
    say(f"equal to the notebook's own: the largest difference is {traffic.largest_difference:g}")
    check(traffic.largest_difference == 0, "the endpoint answers otherwise than the notebook")


def show_links(client: Client, run: Run, endpoint: Endpoint, version: ModelVersion) -> None:
    gristmill = os.path.relpath(Path(sys.executable).with_name("gristmill"))
    example = version.input_example["dataframe_split"]
    body = json.dumps({"dataframe_split": {**example, "data": example["data"][:1]}})
    say(f"MLflow     {client.send(api.open_page('/mlflow/')).url}")
    say(f"           (opens once, within 60 seconds; afterwards: {gristmill} open mlflow)")
    say(f"endpoint   {endpoint.url}/health")
    say(f"the run    {gristmill} runs show {run.number}")
    say(f"the model  {gristmill} models show {version.name}/{version.version}")
    say("ask it     the same from a shell:")
    print(
        f"\ncurl -sS {endpoint.url}/invocations -H 'Content-Type: application/json' \\\n"
        f'  -H "Authorization: Bearer $({gristmill} endpoints key {endpoint.name})" \\\n'
        f"  -d '{body}'\n"
    )
    say("The endpoint stays up. End everything with: make stop")


def step(title: str, what: str) -> None:
    print(f"\n{title}: {what}", flush=True)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def shortened(value: object, limit: int = 100) -> str:
    text = json.dumps(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def check(holds: object, otherwise: str) -> None:
    if not holds:
        sys.exit(f"\nThe demo has failed: {otherwise}")


if __name__ == "__main__":
    try:
        main()
    except GristmillError as error:
        sys.exit(f"\nThe demo has failed: {error.message}\n{error.hint or ''}")
