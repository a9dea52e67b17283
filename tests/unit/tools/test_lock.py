from pathlib import Path

from tools.lock import faults

ROOT = Path(__file__).parents[3]
GOOD = "httpx==0.28.1 \\\n    --hash=sha256:abc\n    # via gristmill (pyproject.toml)\n"


def test_a_lock_of_exact_versions_with_hashes_has_no_fault() -> None:
    assert faults(GOOD) == []


def test_a_lock_that_names_an_address_is_refused() -> None:
    assert faults(GOOD + "    # from https://mirror.example/simple\n")[0].startswith("line 4 names an address")
    assert faults("--index-url https://mirror.example/simple\n" + GOOD)


def test_a_version_that_floats_or_has_no_hash_is_refused() -> None:
    assert faults("httpx>=0.28 \\\n    --hash=sha256:abc\n") == ["line 1 is no exact version: httpx>=0.28 \\"]
    assert faults("httpx==0.28.1\n") == ["line 1 has no hash: httpx==0.28.1"]


def test_the_committed_lock_has_no_fault() -> None:
    assert faults((ROOT / "requirements.lock").read_text()) == []
