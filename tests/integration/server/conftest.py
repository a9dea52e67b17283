"""What a control plane promises, it promises on both databases."""

import pytest

from tests.integration.conftest import run_on_both


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run_on_both(metafunc)
