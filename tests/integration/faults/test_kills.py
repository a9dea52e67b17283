"""kill -9 wherever a run can be: nothing is lost, nothing happens twice, nothing is left.

A few seeds; `python -m tests.integration.faults.kills --seeds 1-300` plays as many as there is time for.
"""

import functools
import importlib
from collections.abc import Iterator

import pytest

from tests.integration.faults.harness import play
from tests.integration.faults.kill_points import INSIDE, Inside, draw
from tests.integration.faults.scene import Scene, surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, control_plane_database: str | None) -> Iterator[Scene]:
    scene = Scene(tmp_path_factory.mktemp("kills"), database=control_plane_database)
    with surroundings(scene):
        scene.prepare()
        yield scene
        scene.stop()


def test_a_seed_draws_the_same_plan_again() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


@pytest.mark.parametrize("point", INSIDE, ids=lambda point: point.name)
def test_a_point_inside_is_something_that_is_called(point: Inside) -> None:
    assert callable(functools.reduce(getattr, point.call.split("."), importlib.import_module(point.module)))


@pytest.mark.parametrize("seed", [202, 208])
def test_no_kill_loses_a_run_executes_it_twice_or_leaves_anything(scene: Scene, seed: int) -> None:
    verdict = play(scene, seed)
    print(verdict)  # noqa: T201  # which seed it was, and what it struck
    assert verdict.good, str(verdict)
