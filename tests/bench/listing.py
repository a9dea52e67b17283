"""Times `GET /api/runs` of a control plane with 100,000 runs: the whole request, from one client on a kept connection.

    python tests/bench/listing.py [--runs 100000] [--requests 200] [--postgres]

The database is filled directly, each run with one attempt, two metrics and two labels; then the control plane is
started as every command starts it, with its control loop. The questions are asked in turn, so that a busy machine is as
hard on one as on the other; `cpu ms` is what the control plane's process spent on a request, whatever else ran.
"""

import argparse
import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.database import Database
from gristmill.core.events import counters
from gristmill.core.ids import new_id
from gristmill.core.settings import Settings
from gristmill.projects.store import ensure_default
from gristmill.runs import findable, store
from gristmill.server.schema import upgrade
from gristmill.snapshots.store import snapshots
from tests import postgres

QUESTIONS: dict[str, dict[str, Any]] = {
    "newest": {},
    "page 1,000": {"before": 50_000},
    "text, common": {"text": "churn"},
    "text, one in 50": {"text": "person7"},
    "text, one run": {"text": "aaa-04242"},
    "text, none": {"text": "nothing like it"},
    "label": {"label": "owner=person7"},
    "state, rare": {"state": "cancelled"},
    "metric sort": {"metric": "auc"},
    "metric sort + text": {"metric": "auc", "text": "person7"},
    "metric sort + state": {"metric": "auc", "state": "failed"},
    "sort by a metric": {"sort": "metrics.auc"},
    "sort by a parameter": {"sort": "params.depth", "ascending": "true"},
    "sort by name": {"sort": "name"},
    "sort by duration": {"sort": "duration"},
    "query, common": {"query": "metrics.auc > 0.9 and params.depth = 6"},
    "query, rare": {"query": "metrics.auc > 0.9995 and not state = failed"},
    "query, none": {"query": "params.depth = 66"},
    "query + metric sort": {"query": "params.depth in (6, 8) and labels.owner = person7", "sort": "metrics.auc"},
    "query, or": {"query": "metrics.auc > 0.9 or state = cancelled", "sort": "metrics.loss", "ascending": "true"},
}
START = datetime(2026, 1, 1, tzinfo=UTC)
PORTION = 5000


def fill(db: Database, runs: int) -> None:
    chance = random.Random(0)  # noqa: S311  # the same runs each time
    with db.write() as tx:
        ensure_default(tx, START)
        row = {"id": "snapshot_1", "project_id": "default", "digest": "sha256:" + "0" * 64, "body": {}}
        tx.execute(snapshots.insert().values(**row, created_at=START, created_by="ada"))
        tx.execute(counters.insert().values(project_id="default", name="runs", value=runs))
    for first in range(1, runs + 1, PORTION):
        rows = [made(number, chance) for number in range(first, min(first + PORTION, runs + 1))]
        with db.write() as tx:
            tx.execute(store.runs.insert(), [row[0] for row in rows])
            tx.execute(store.attempts.insert(), [row[1] for row in rows])
            tx.execute(findable.texts.insert(), [row[3] for row in rows])
            values = [findable.parameter_rows("default", row[0]["id"], row[0]["parameters"]) for row in rows]
            tx.execute(findable.parameters.insert(), [one for some in values for one in some])
            tx.execute(store.metrics.insert(), [metric for row in rows for metric in row[2]])
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")  # both do it by themselves in time


def made(
    number: int, chance: random.Random
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """The rows of a run, its attempt, its metrics and its text."""
    time_ = START + timedelta(seconds=number)
    run = new_id("run", time_)
    state = chance.choices(["succeeded", "failed", "cancelled"], [90, 9.9, 0.1])[0]
    common = {"project_id": "default", "created_at": time_, "started_at": time_, "ended_at": time_, "state": state}
    name = f"train-{chance.choice('abcdefgh') * 3}-{number:05}"
    notebook, labels = (
        f"churn/notebook-{number % 200}.ipynb",
        {"owner": f"person{number % 50}", "stage": f"s{number % 7}"},
    )
    row = {
        **common,
        "id": run,
        "number": number,
        "name": name,
        "notebook": notebook,
        "snapshot": "snapshot_1",
        "labels": labels,
        "parameters": {"depth": 2 + number % 9, "rate": chance.random(), "data": "data/customers.csv"},
        "given": ["depth"],
        "models": [],
        "profile": "small",
        "kernel": "python3",
        "priority": 0,
        "retries": 0,
        "created_by": "ada",
    }
    attempt = {**common, "id": new_id("attempt", time_), "run_id": run, "number": 1, "launches": 1, "closed_at": time_}
    attempt |= {"progress": {"cell": 12, "cells": 12}, "provenance": {"python": "3.11", "packages": {"numpy": "2.0"}}}
    metrics = [
        {"project_id": "default", "run_id": run, "name": key, "value": chance.random()} for key in ("auc", "loss")
    ]
    text = findable.text_of(name, notebook, labels)
    row |= {"text": text, "seconds": 20.0 + number % 977}
    return row, attempt, metrics, {"run_id": run, "number": number, "text": text}


@contextlib.contextmanager
def database(*, on_postgres: bool) -> Iterator[str | None]:
    """None for SQLite in the home."""
    if not on_postgres:
        yield None
        return
    found = postgres.programs()
    if found is None:
        raise SystemExit("PostgreSQL's server is not installed")
    with postgres.server(found) as server:
        yield server.address(server.create())


@dataclass
class Times:
    """Of one question: milliseconds of each request, and what the control plane's process spent on all of them."""

    wall: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def line(self, name: str) -> str:
        p95 = statistics.quantiles(self.wall, n=20)[-1]
        spent = self.cpu * 1000 / len(self.wall)
        return f"{name:22} p50 {statistics.median(self.wall):6.1f} ms   p95 {p95:6.1f} ms   cpu {spent:5.1f} ms"


def ask(url: str, token: str, server: psutil.Process, requests: int) -> dict[str, Times]:
    took = {name: Times() for name in QUESTIONS}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for turn in range(requests + 5):
            for name, question in QUESTIONS.items():
                before, began = spent(server), time.perf_counter()
                answer = client.get("/api/runs", params={"limit": 50, **question})
                passed = (time.perf_counter() - began) * 1000
                answer.raise_for_status()
                if turn >= 5:  # the first ones make the connections and the plans
                    took[name].wall.append(passed)
                    took[name].cpu += spent(server) - before
    return took


def spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with database(on_postgres=options.postgres) as url, tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database_url=url)
        db = Database(settings.database)
        upgrade(db)
        began = time.perf_counter()
        fill(db, options.runs)
        db.close()
        sys.stdout.write(f"filled with {options.runs} runs in {time.perf_counter() - began:.0f} s\n")
        with Client(settings=settings) as client:
            process = psutil.Process(client.send(api.status()).pid)
            took = ask(client.url, client.transport.credentials.token, process, options.requests)
            client.send(api.stop_server(everything=True))
        process.wait(60)
    for name, times in took.items():
        sys.stdout.write(times.line(name) + "\n")


if __name__ == "__main__":
    main()
