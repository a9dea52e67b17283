"""Data roots as `gristmill.yaml` and the command line say them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gristmill.client.data_roots import binding, check_there, declared, given, merged, of_folders
from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.data_roots.model import DataBinding, DataRoot, DigestMethod


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def yaml(root: Path, text: str) -> tuple[DataBinding, ...]:
    (root / "gristmill.yaml").write_text(text)
    return declared(root)


def test_the_section_data_says_each_root_in_a_word_or_a_mapping(root: Path) -> None:
    found = yaml(
        root,
        "# mine\ndata:\n  raw: data/raw\n  images: s3://bucket/images\n  big:\n    source: ../shared/big.csv\n"
        "    at: data/big.csv\n    digest: stat\nother: 5\n",
    )
    assert found == (
        DataBinding(name="raw", source=str(root / "data/raw"), at="data/raw"),
        DataBinding(name="images", source="s3://bucket/images", at="data/images"),
        DataBinding(
            name="big", source=str(root.parent / "shared/big.csv"), at="data/big.csv", digest=DigestMethod.STAT
        ),
    )


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "data:\n", "other: {}\n"])
def test_without_a_section_there_is_none(root: Path, text: str) -> None:
    assert yaml(root, text) == ()


def test_a_project_without_the_file_has_none(root: Path) -> None:
    assert declared(root) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("data: 5\n", "gristmill.yaml:1:7 data: expected a mapping"),
        ("data:\n  raw: 5\n", "gristmill.yaml:2:8 data.raw: expected a path or a URL"),
        ("data:\n  raw:\n    at: x\n", "gristmill.yaml:3:5 data.raw.source: is missing"),
        ("data:\n  raw:\n    source: x\n    digest: md5\n", "gristmill.yaml:4:13 data.raw.digest: expected one of"),
        ("data:\n  a b: x\n", "gristmill.yaml:2:8 data.a b: data root 'a b' has no valid name"),
        ("data:\n  raw:\n    source: x\n    at: /y\n", "gristmill.yaml:3:5 data.raw: place '/y' is not valid"),
        ("data:\n  raw: https://ada:x@host/a\n", "holds credentials"),
        ("data:\n  raw: [x\n", "is not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(root: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        yaml(root, text)
    assert says in raised.value.message


def test_another_word_for_a_field_is_understood(root: Path) -> None:
    with pytest.raises(InvalidInputError) as raised:
        yaml(root, "data:\n  raw:\n    path: data\n")
    assert any("Did you mean 'source'?" in (fault.hint or "") for fault in raised.value.faults)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("data/raw", "data/raw"),
        ("../shared", "../shared"),
        ("s3://bucket/images/", "data/images"),
        ("https://host/a%20b.csv?version=3", "data/a b.csv"),
    ],
)
def test_a_relative_path_keeps_its_place_and_a_url_comes_to_data(root: Path, text: str, at: str) -> None:
    assert binding("x", text, root=root, base=root).at == at


def test_an_absolute_path_keeps_its_place_in_the_project_and_comes_to_data_elsewhere(root: Path) -> None:
    assert binding("x", f"{root}/in/it", root=root, base=root).at == "in/it"
    assert binding("x", "/mnt/disk/big.csv", root=root, base=root).at == "data/big.csv"
    assert binding("x", "file:///mnt/a%20b", root=root, base=root).source == "/mnt/a b"


def test_a_path_is_seen_from_where_it_was_typed(root: Path) -> None:
    (root / "nb").mkdir()
    made = binding("x", "../data", root=root, base=root / "nb")
    assert (made.source, made.at) == (str(root / "data"), "data")


def stored(name: str, folder: str, source: str = "/stored") -> DataRoot:
    return DataRoot(
        project_id="default",
        folder=folder,
        name=name,
        source=source,
        at=name,
        digest=DigestMethod.AUTO,
        created_by="ada",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_the_command_line_comes_before_the_file_and_the_file_before_what_is_stored(root: Path) -> None:
    said = (DataBinding(name="b", source="/file", at="b"), DataBinding(name="c", source="/file", at="c"))
    known = merged([stored(name, "/p") for name in "abc"], said)
    found = merged([stored(name, "/p") for name in "abc"], said, given(["c=/mine"], known, (), root=root, base=root))
    assert [(one.name, one.source) for one in found] == [("a", "/stored"), ("b", "/file"), ("c", "/mine")]
    assert found[2].at == "c", "it keeps its place"


def test_a_name_alone_may_be_another_folders_root(root: Path) -> None:
    everywhere = [stored("x", "/p"), stored("y", "/p"), stored("y", "/q", "/other")]
    assert given(["x"], (), everywhere, root=root, base=root)[0].source == "/stored"
    with pytest.raises(InvalidInputError, match="several folders'"):
        given(["y"], (), everywhere, root=root, base=root)
    with pytest.raises(NotFoundError, match="no data root 'z'"):
        given(["z"], (), everywhere, root=root, base=root)


def test_a_path_where_nothing_is_offers_what_is_near(root: Path) -> None:
    (root / "data.csv").touch()
    with pytest.raises(NotFoundError, match="is not there") as raised:
        check_there(binding("x", "date.csv", root=root, base=root))
    assert raised.value.hint == f"Did you mean {root}/data.csv?"
    check_there(binding("x", "s3://bucket/x", root=root, base=root))


def test_what_was_stored_for_a_folder_below_is_found_when_the_project_begins_above(tmp_path: Path) -> None:
    def stored(folder: Path | str, name: str, at: str) -> DataRoot:
        return DataRoot(
            project_id="default",
            folder=str(folder),
            name=name,
            source=f"/somewhere/{name}",
            at=at,
            digest=DigestMethod.AUTO,
            created_by="ada",
            created_at=datetime.now(UTC),
        )

    below = tmp_path / "a/nb"
    everywhere = [
        stored("", "shared", "data/shared"),
        stored(tmp_path, "raw", "data/raw"),
        stored(below, "big", "../../big"),
        stored(below, "raw", "../../other"),  # the name is taken
        stored(below, "same", "../../data/raw"),  # the place is
        stored(tmp_path / "a", "here", "here"),
        stored(tmp_path / "b", "strange", "x"),
        stored(tmp_path.parent, "above", "x"),
    ]
    found = {one.name: one.at for one in of_folders(everywhere, tmp_path, below)}
    assert found == {"shared": "data/shared", "raw": "data/raw", "big": "big", "here": "a/here"}
