"""Data at URLs: fetched once, kept while it is the same, bounded, with no credentials in what is said."""

import http.server
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec
import pytest

from gristmill.data_roots.model import DataBinding
from gristmill.worker.data_roots.errors import DataRootError
from gristmill.worker.data_roots.file_cache import FileCache
from gristmill.worker.data_roots.listing import Listing
from gristmill.worker.data_roots.remote import FsspecRemote, Remote, RemoteFile, open_remote
from gristmill.worker.data_roots.sources import list_source

MB = 10**6


class Site:
    """A web server with files, etags, and a list of what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags = True
        self.head = True
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                site.asked.append(f"HEAD {self.path}")
                if site.head:
                    self.answer(body=False)
                else:
                    self.send_error(405)

            def do_GET(self) -> None:
                site.asked.append(f"GET {self.path}")
                self.answer(body=True)

            def answer(self, *, body: bool) -> None:
                content = site.files.get(self.path.partition("?")[0])
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                if site.etags:
                    self.send_header("ETag", f'"{hash(content)}"')
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Quietly."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def fetched(self) -> int:
        return sum(one.startswith("GET") for one in self.asked)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FileCache]:
    made = FileCache(tmp_path / "files", 10 * MB)
    yield made
    made.close()


def listed(source: str, cache: FileCache, said: list[str] | None = None) -> Listing:
    say = said.append if said is not None else lambda _: None
    return list_source(DataBinding(name="data", source=source, at="data"), cache, say)


def test_a_file_on_a_web_server_is_fetched_once_while_its_etag_stays(site: Site, cache: FileCache) -> None:
    site.files["/big.csv"] = b"a,b\n" * MB
    said: list[str] = []
    first = listed(f"{site.url}/big.csv", cache, said)
    assert first.files[""].path.read_bytes() == site.files["/big.csv"]
    assert said[0].startswith("fetching data data: ")
    assert said[0].endswith(" of 4 MB")
    again = listed(f"{site.url}/big.csv", cache)
    assert again == first
    assert site.fetched == 1
    site.files["/big.csv"] = b"new"
    assert listed(f"{site.url}/big.csv", cache).files[""].path.read_bytes() == b"new"
    assert site.fetched == 2


def test_what_was_fetched_is_read_only(site: Site, cache: FileCache) -> None:
    site.files["/a"] = b"x"
    assert listed(f"{site.url}/a", cache).files[""].path.stat().st_mode & 0o222 == 0


def test_without_an_etag_or_a_date_it_is_fetched_each_time(site: Site, cache: FileCache) -> None:
    site.files["/a"], site.etags = b"x", False
    listed(f"{site.url}/a", cache)
    listed(f"{site.url}/a", cache)
    assert site.fetched == 2


def test_a_server_that_knows_no_head_is_asked_otherwise(site: Site, cache: FileCache) -> None:
    site.files["/a"], site.head = b"x", False
    assert listed(f"{site.url}/a", cache).files[""].path.read_bytes() == b"x"


def test_what_is_not_there_and_who_does_not_answer_are_said_without_credentials(site: Site, cache: FileCache) -> None:
    with pytest.raises(DataRootError, match=r"data root 'data': http://127.0.0.1:\d+/none answered 404"):
        listed(f"{site.url}/none?secret=5", cache)
    with pytest.raises(DataRootError) as raised:
        listed("http://ada:geheim@127.0.0.1:9/a?token=geheim", cache)
    assert "geheim" not in raised.value.message


def test_more_than_the_cache_may_hold_is_refused_before_it_is_fetched(site: Site, tmp_path: Path) -> None:
    site.files["/a"] = b"x" * 100
    cache = FileCache(tmp_path / "files", 99)
    with pytest.raises(DataRootError, match="has 100 bytes, the cache of fetched data holds 99"):
        listed(f"{site.url}/a", cache)
    assert site.fetched == 0
    cache.close()


def test_the_longest_unused_makes_room_and_what_a_living_run_uses_stays(site: Site, tmp_path: Path) -> None:
    runs = [FileCache(tmp_path / "files", 250) for _ in range(4)]
    site.files.update({f"/{name}": name.encode() * 100 for name in "abcd"})
    used = listed(f"{site.url}/a", runs[0]).files[""].path
    gone = listed(f"{site.url}/b", runs[1]).files[""].path
    runs[1].close()
    listed(f"{site.url}/c", runs[2])
    assert used.exists()
    assert not gone.exists()
    with pytest.raises(DataRootError, match="beside 200 that other runs use"):
        listed(f"{site.url}/d", runs[3])
    runs[0].close()
    listed(f"{site.url}/d", runs[3])
    assert not used.exists()
    for run in runs:
        run.close()


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(Remote):
        def files(self) -> Mapping[str, RemoteFile]:
            return {"": RemoteFile(key="a", size=10, mark="1")}

        def read(self, file: RemoteFile) -> Iterator[bytes]:
            yield b"12345"

    cache = FileCache(tmp_path / "files", MB)
    with pytest.raises(DataRootError, match="5 bytes came of 10"):
        list_source(DataBinding(name="d", source="s3://b/a", at="a"), cache, lambda _: None, lambda _: Broken())
    assert [
        path for path in (tmp_path / "files").rglob("*") if path.is_file() and path.parent.name not in {"uses", "files"}
    ] == []
    cache.close()


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.pipe({"/bucket/images/1.png": b"one", "/bucket/images/deep/2.png": b"two"})
    yield files
    files.rm("/bucket", recursive=True)


def test_a_folder_of_any_storage_that_fsspec_knows_is_gathered(memory: Any, cache: FileCache) -> None:
    found = listed("memory://bucket/images", cache)
    assert {place: file.path.read_bytes() for place, file in found.files.items()} == {
        "1.png": b"one",
        "deep/2.png": b"two",
    }
    assert listed("memory://bucket/images/1.png", cache).files[""].path.read_bytes() == b"one"
    with pytest.raises(DataRootError, match="is not there"):
        listed("memory://bucket/nothing", cache)


def test_a_local_file_may_be_named_as_a_url(tmp_path: Path, cache: FileCache) -> None:
    (tmp_path / "a b.csv").write_text("x")
    found = listed(f"file://{tmp_path}/a%20b.csv", cache)
    assert found.files[""].path == tmp_path / "a b.csv"


@pytest.mark.parametrize(("url", "package"), [("s3://bucket/key", "s3fs"), ("gs://bucket/key", "gcsfs")])
def test_a_storage_whose_package_is_lacking_says_which_to_install(url: str, package: str) -> None:
    with pytest.raises(DataRootError) as raised:
        open_remote(url)
    assert f"the package {package} is not installed" in raised.value.message
    assert raised.value.hint is not None
    assert raised.value.hint.startswith(f"pip install {package}")


def test_a_protocol_that_nobody_knows_is_said() -> None:
    with pytest.raises(DataRootError, match="cannot be read"):
        FsspecRemote("nonsense://x/y")
