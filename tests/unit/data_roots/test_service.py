"""What may happen to data roots, and which ones a run gets."""

from typing import Any

import pytest

from gristmill.core import audit
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor
from gristmill.data_roots import service
from gristmill.data_roots.model import DataBinding, DataRoot, DataRootRequest, DigestMethod
from tests.unit.conftest import TestClock

HERE = "/projects/churn"


@pytest.fixture
def make(db: Database, person: Actor, clock: TestClock) -> Any:
    def make(name: str, at: str | None = None, **fields: Any) -> DataRoot:
        request = DataRootRequest(**{"name": name, "source": "/data", "at": at or name, "folder": HERE, **fields})
        with db.write() as tx:
            return service.create(tx, person, request, clock)

    return make


def test_a_root_made_again_is_the_same_one(make: Any, db: Database, person: Actor) -> None:
    assert make("data") == make("data")
    with db.read() as tx:
        assert [one.action for one in audit.entries(tx, project_id=person.project_id)].count("data.create") == 1


def test_another_one_of_that_name_is_refused_unless_it_is_to_be_replaced(make: Any) -> None:
    make("data")
    with pytest.raises(ConflictError, match="is /data at data already"):
        make("data", "elsewhere")
    assert make("data", "elsewhere", replace=True).at == "elsewhere"


def test_places_of_one_folder_do_not_overlap(make: Any) -> None:
    make("data")
    with pytest.raises(InvalidInputError, match="lies in"):
        make("raw", "data/raw")
    make("raw", "data/raw", folder="/projects/other")


def test_a_run_gets_the_roots_of_its_folder_and_those_of_every_folder(make: Any, db: Database, person: Actor) -> None:
    make("data")
    make("shared", folder="", source="s3://bucket/shared")
    make("other", folder="/projects/other")
    make("shared", "mine", digest=DigestMethod.STAT)
    with db.read() as tx:
        found = service.of_run(tx, person, None, source=f"{HERE}/nb/a.ipynb", notebook="nb/a.ipynb")
        assert [(one.name, one.at) for one in found] == [("data", "data"), ("shared", "mine")]
        elsewhere = service.of_run(tx, person, None, source="/x/a.ipynb", notebook="a.ipynb")
        assert [one.source for one in elsewhere] == ["s3://bucket/shared"]
        given = (DataBinding(name="x", source="/y", at="./z/"),)
        assert service.of_run(tx, person, given, source=None, notebook="a.ipynb")[0].at == "z"


def test_a_root_is_found_by_its_folder_and_forgotten(make: Any, db: Database, person: Actor, clock: TestClock) -> None:
    make("data")
    with db.write() as tx:
        assert service.find(tx, person, "data", HERE).source == "/data"
        with pytest.raises(NotFoundError, match="no data root"):
            service.find(tx, person, "data", "/elsewhere")
        service.delete(tx, person, "data", HERE, clock)
        assert service.list_roots(tx, person, None) == []


def test_a_root_of_every_folder_is_forgotten_as_such_only(
    make: Any, db: Database, person: Actor, clock: TestClock
) -> None:
    make("raw", folder="")
    with db.write() as tx, pytest.raises(NotFoundError, match="one of every folder") as caught:
        service.delete(tx, person, "raw", HERE, clock)
    assert "--everywhere" in str(caught.value.hint)
    make("raw", "mine")
    with db.write() as tx:
        assert service.delete(tx, person, "raw", HERE, clock).folder == HERE
        assert service.delete(tx, person, "raw", "", clock).folder == ""
        with pytest.raises(NotFoundError, match="no data root"):
            service.delete(tx, person, "raw", "", clock)


def test_who_may_not_make_runs_makes_no_roots(db: Database, clock: TestClock, person: Actor) -> None:
    reader = Actor(id="r", project_id=person.project_id, kind=person.kind, name="reader")
    with db.write() as tx, pytest.raises(ForbiddenError):
        service.create(tx, reader, DataRootRequest(name="d", source="/d", at="d"), clock)
