import os
from pathlib import Path

import pytest

from gristmill.worker.device import device_facts


def test_the_machine_is_described() -> None:
    facts = device_facts()
    assert facts["cores"] >= 1
    assert facts["memory"] > 2**28
    assert facts["platform"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("echo 'NVIDIA H200, 143771, 570.1'", [{"name": "NVIDIA H200", "memory": 143771 * 2**20, "driver": "570.1"}]),
        ("echo 'No devices were found'", None),
        ("exit 9", None),
    ],
)
def test_gpus_are_those_that_nvidia_smi_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, expected: list[dict[str, object]] | None
) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{answer}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert device_facts().get("gpus") == expected
