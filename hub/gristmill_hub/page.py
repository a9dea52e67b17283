"""Where a person chooses what a server runs on: a card for each profile."""

from pathlib import Path


def form() -> str:
    """A template for KubeSpawner, which fills it with the person's profiles."""
    return (Path(__file__).parent / "spawn.html").read_text()
