from pathlib import Path

import pytest

from gristmill.worker.kernel import KernelStartError, find_kernelspec


@pytest.mark.parametrize("text", ["not JSON", "{}", '{"argv": 5, "display_name": "x", "language": "y"}', "[]"])
def test_a_broken_kernelspec_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder = tmp_path / "kernels" / "odd"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(text)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with pytest.raises(KernelStartError, match="kernelspec 'odd' cannot be read"):
        find_kernelspec("odd")


@pytest.mark.parametrize("name", ["pyton3", "../odd", "", "x" * 300])
def test_an_unknown_kernel_is_said_with_those_that_there_are(name: str) -> None:
    with pytest.raises(KernelStartError, match="no kernel") as raised:
        find_kernelspec(name)
    assert "python3" in raised.value.message
