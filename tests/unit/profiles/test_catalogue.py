"""profiles.yaml is read with every fault told at once, each with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError
from gristmill.profiles.catalogue import load_catalogue
from gristmill.profiles.machine import Machine
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources

MACHINE = Machine(cpu=4, memory=16 * 10**9, accelerators=("A",))
Load = Callable[[str], Catalogue]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str) -> Catalogue:
        path = tmp_path / "profiles.yaml"
        path.write_text(text)
        return load_catalogue(path, machine=MACHINE)

    return load


FULL = """\
capacity:
  cpu: 16
  memory: 64 GiB
profiles:
  small:
    cpu: 500m
    memory: 2 GB
  gpu:
    description: one A100
    cpu: 4
    memory: 16GiB
    accelerators: 1
    accelerator: nvidia-a100
    image: registry.example.org/gpu:1
    rate_per_hour: 1.20
    uses: [run, endpoint]
    groups: [ml, vision]
    default: true
"""


def test_everything_that_can_be_said(load: Load, tmp_path: Path) -> None:
    catalogue = load(FULL)
    assert catalogue.profiles == (
        Profile(name="small", resources=Resources(cpu=0.5, memory=2 * 10**9)),
        Profile(
            name="gpu",
            description="one A100",
            resources=Resources(cpu=4, memory=16 * 2**30, accelerators=1),
            accelerator="nvidia-a100",
            image="registry.example.org/gpu:1",
            rate_per_hour=1.2,
            uses=frozenset({ProfileUse.RUN, ProfileUse.ENDPOINT}),
            groups=frozenset({"ml", "vision"}),
            default=True,
        ),
    )
    assert catalogue.capacity == Resources(cpu=16, memory=64 * 2**30, accelerators=1)
    assert catalogue.source == str(tmp_path / "profiles.yaml")


def test_the_first_is_the_default_where_none_is_marked(load: Load) -> None:
    catalogue = load("profiles: {a: {cpu: 1, memory: 1 GB}, b: {cpu: 1, memory: 1 GB}}")
    assert [profile.default for profile in catalogue.profiles] == [True, False]


def test_capacity_is_the_machines_where_nothing_is_said(load: Load) -> None:
    assert load("profiles: {a: {cpu: 1, memory: 1 GB}}").capacity == Resources(cpu=4, memory=16 * 10**9, accelerators=1)


def test_one_use_may_stand_alone(load: Load) -> None:
    assert load("profiles: {a: {cpu: 1, memory: 1 GB, uses: run}}").profiles[0].uses == {ProfileUse.RUN}


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("profiles:\n  a:\n    cpu: two\n    memory: 1 GB", ":3:10 profiles.a.cpu: expected a number of cores", None),
        ("profiles:\n  a:\n    cpu: 1\n    memory: 4", ":4:13 profiles.a.memory: that is 4 bytes", None),
        ("profiles:\n  a:\n    cpu: 1", ":3:5 profiles.a.memory: is missing", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, gpus: 1}}", ":1:38 profiles.a.gpus: is not known", "'accelerators'"),
        ("profiles: {a: {cpu: 1, memory: 1 GB, memmory: 1}}", "profiles.a.memmory: is not known", "'memory'"),
        ("profiles: {a: {cpu: 1, memory: 1 GB, xyz: 1}}", "profiles.a.xyz: is not known", "Known: cpu, memory"),
        ("profiles: {a: {cpu: 1, memory: 1 GB}}\ncapasity: {}", ":2:1 capasity: is not known", "'capacity'"),
        ("profiles: {a: {cpu: 1, memory: 1 GB}}\ncapacity: {cpus: 1}", "capacity.cpus: is not known", "'cpu'"),
        ("profiles: {a: {cpu: 1, memory: 1 GB}}\ncapacity: 3", "capacity: expected a mapping, got one value", None),
        ("profiles: {a: {cpu: [1], memory: 1 GB}}", "profiles.a.cpu: expected one value, got a list", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, uses: [runs]}}", "expected one of: server, kernel, run, endpoint", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, uses: [{a: 1}]}}", "expected text, got a mapping", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, groups: [1]}}", "profiles.a.groups: expected text (got '1')", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, default: 1}}", "expected true or false (got '1')", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, accelerators: -1}}", "expected a whole number from 0", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, rate_per_hour: .inf}}", "expected a number from 0 up", None),
        ("profiles: {a: {cpu: 1, memory: !x 1 GB}}", "could not determine a constructor", None),
        ("profiles: {a: {cpu: 1, memory: 1 GB, description: 2026-99-99}}", "profiles.a.description", None),
        ("profiles: {a b: {cpu: 1, memory: 1 GB}}", "profiles.a b: expected a name of letters", None),
        ("profiles: {? [a] : {cpu: 1, memory: 1 GB}}", "a key must be text", None),
        (
            "profiles:\n  a: {cpu: 1, memory: 1 GB}\n  a: {cpu: 1, memory: 1 GB}",
            ":3:3 profiles.a: is given twice",
            None,
        ),
        ("profiles: {}", "profiles: expected at least one profile", None),
        ("profiles: [a]", "profiles: expected a mapping, got a list", None),
        ("profiles: {a: 3}", "profiles.a: expected a mapping, got one value", None),
        ("profiles: {a: *b}", "is not YAML: found undefined alias 'b'", None),
        ("profiles: &a {a: *a}", "profiles.a.a: is not known", None),
        ("a: b: c", "profiles.yaml:1:5 is not YAML", None),
        ("a\tb: [", "is not YAML", None),
        ("\0", "is not YAML", None),
        ("", "holds nothing, expected a mapping", None),
        ("- a", "holds a list, expected a mapping", None),
        ("capacity: {}", "profiles: is missing", None),
        ("[" * 5000, "is not YAML", None),
    ],
)
def test_a_fault_is_told_with_its_place(load: Load, text: str, says: str, hint: str | None) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load(text)
    told = [caught.value.message, *(fault.message for fault in caught.value.faults)]
    assert any(says in one for one in told), told
    if hint:
        assert any(hint in (fault.hint or "") for fault in caught.value.faults)


def test_every_fault_is_told_at_once(load: Load) -> None:
    text = "profiles:\n  a: {cpu: 0, memory: x, default: true}\n  b: {cpu: 1, default: true}"
    with pytest.raises(InvalidInputError, match=r"^4 faults in profiles.yaml, the first: .*:2:12 ") as caught:
        load(text)
    assert [fault.where for fault in caught.value.faults] == [
        "profiles.yaml:2:12",
        "profiles.yaml:2:23",
        "profiles.yaml:3:6",
        "profiles.yaml:3:6",
    ]
    assert "'a' is already" in caught.value.faults[3].message


def test_aliases_of_aliases_cost_nothing(load: Load) -> None:
    """The "billion laughs": references are looked at once, and never written out."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(InvalidInputError, match="41 faults"):
        load("\n".join(lines))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profiles.yaml"
    path.write_bytes(b"profiles: \xff")
    with pytest.raises(InvalidInputError, match=r"not UTF-8: .* at byte 10"):
        load_catalogue(path, machine=MACHINE)
    path.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(TooLargeError):
        load_catalogue(path, machine=MACHINE)


def test_without_a_file_the_catalogue_is_the_machines(tmp_path: Path) -> None:
    for catalogue in (load_catalogue(None, machine=MACHINE), load_catalogue(tmp_path / "absent", machine=MACHINE)):
        assert catalogue.source == "this machine"
        assert [profile.name for profile in catalogue.profiles] == ["small", "medium", "large", "gpu"]


def test_a_file_that_somebody_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        load_catalogue(tmp_path / "absent", required=True, machine=MACHINE)


def test_this_machine_has_a_catalogue() -> None:
    assert load_catalogue(None).profiles


def test_a_use_has_one_default_of_its_own_among_its_uses(load: Load) -> None:
    small = "a: {cpu: 1, memory: 1 GB, default_for: [endpoint]}"
    (profile,) = load(f"profiles:\n  {small}").profiles
    assert profile.default_for == {ProfileUse.ENDPOINT}
    with pytest.raises(InvalidInputError) as caught:
        load(f"profiles:\n  {small}\n  b: {{cpu: 1, memory: 1 GB, default_for: endpoint, uses: run}}")
    assert "names 'endpoint', which is not among its uses" in str(caught.value.faults)
    assert "is marked as default for 'endpoint', and 'a' is already" in str(caught.value.faults)
