"""A file that was left out and is named becomes a data root: which one is offered."""

from pathlib import Path

import pytest

from gristmill.client.pack import pack
from gristmill.client.pack.offers import Offer, offers
from gristmill.data_roots.model import DataBinding
from tests.unit.client.pack.conftest import Write


def large(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(3 * 10**6)
    return path


def offered(notebook: Path, *data: str, taken: tuple[DataBinding, ...] = ()) -> list[Offer]:
    with pack(notebook, data=data) as packed:
        return list(offers(packed, taken))


def test_the_highest_folder_that_holds_data_only_is_offered(project: Path, write: Write) -> None:
    large(project / "data/raw/big.csv")
    large(project / "data/clean/other.csv")
    notebook = write(project / "nb/a.ipynb", "pd.read_csv('../data/raw/big.csv'); open('../data/clean/other.csv')")
    (offer,) = offered(notebook)
    assert (offer.name, offer.at, offer.folder, offer.certain) == ("data", "data", True, True)
    assert [item.path for item in offer.items] == ["data/clean/other.csv", "data/raw/big.csv"]


def test_a_folder_with_code_is_none_and_its_file_is_offered_alone(project: Path, write: Write) -> None:
    large(project / "nb/big table.csv")
    large(project / "big.bin")
    notebook = write(project / "nb/a.ipynb", "pd.read_csv('big table.csv'); name = '../big.bin'")
    assert [(one.name, one.at, one.folder, one.certain) for one in offered(notebook)] == [
        ("big", "big.bin", False, False),
        ("big-table", "nb/big table.csv", False, True),
    ]


def test_data_beside_the_project_is_offered_by_its_own_folder(project: Path, write: Write) -> None:
    large(project.parent / "shared/raw/big.csv")
    large(project.parent / "single.csv")
    notebook = write(project / "a.ipynb", "open('../shared/raw/big.csv'); open('../single.csv')")
    assert [(one.name, one.at, one.folder) for one in offered(notebook)] == [
        ("raw", "../shared/raw", True),
        ("single", "../single.csv", False),
    ]


def test_a_link_that_leaves_the_project_is_offered_at_its_own_place(project: Path, write: Write) -> None:
    (project / "data").symlink_to(large(project.parent / "disk/big.csv").parent)
    (offer,) = offered(write(project / "a.ipynb", "pd.read_csv('data/big.csv')"))
    assert (offer.at, offer.folder) == ("data", True)


def test_ignored_data_is_offered_and_credentials_are_not(project: Path, write: Write) -> None:
    write(project / ".gitignore", "data/\n")
    write(project / "data/small.csv", "x")
    write(project / ".env", "TOKEN=1")
    write(project / "private.pem", "x")
    notebook = write(project / "a.ipynb", "open('data/small.csv'); open('.env'); open('private.pem')")
    assert [one.at for one in offered(notebook)] == ["data"]


def test_what_is_a_data_root_already_is_not_offered_and_not_packed(project: Path, write: Write) -> None:
    large(project / "data/big.csv")
    write(project / "data/small.csv", "x")
    write(project / "data/loader.py", "")
    notebook = write(project / "a.ipynb", "import data.loader\nopen('data/big.csv')")
    with pack(notebook, data=["data"]) as packed:
        assert [file.path for file in packed.request.files] == ["a.ipynb", "data/loader.py", "gristmill.yaml"]
        assert packed.left_out == ()
    taken = (DataBinding(name="data", source="/x", at="data"),)
    assert offered(notebook, taken=taken) == []


def test_a_name_that_is_taken_gets_a_number(project: Path, write: Write) -> None:
    large(project / "data/big.csv")
    taken = (DataBinding(name="data", source="/x", at="elsewhere"),)
    assert offered(write(project / "a.ipynb", "open('data/big.csv')"), taken=taken)[0].name == "data-2"


@pytest.mark.parametrize("count", [6000])
def test_a_data_folder_of_many_small_files_is_no_reason_to_refuse(project: Path, write: Write, count: int) -> None:
    (project / "data").mkdir()
    for number in range(count):
        (project / "data" / f"{number}.txt").touch()
    with pack(write(project / "a.ipynb", "1"), data=["data"]) as packed:
        assert len(packed.request.files) == 2
