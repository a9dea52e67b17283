"""What a control plane promises, it promises on both databases."""

from collections.abc import Iterator

import pytest

from tests.postgres import TEMPLATE, Postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def control_plane_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    name = postgres.create(TEMPLATE)
    yield postgres.address(name)
    postgres.drop(name)
