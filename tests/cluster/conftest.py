"""One platform for all tests: its images are built before (`python -m tools.images`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import browser
from tests.cluster.platform import Platform, installed, names_resolve
from tests.integration.conftest import notebook

__all__ = ["browser", "notebook"]  # fixtures


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    with installed() as found, names_resolve(found):
        yield found
