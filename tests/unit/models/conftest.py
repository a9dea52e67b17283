"""Runs whose models are registered: made as those of the runs' own tests."""

from tests.unit.runs.conftest import begin, catalogue, create, snapshot

__all__ = ["begin", "catalogue", "create", "snapshot"]
