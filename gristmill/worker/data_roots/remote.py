"""Data at a URL: what files there are, and their bytes. Credentials come from the environment and go nowhere else."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gristmill.data_roots.model import without_credentials
from gristmill.worker.data_roots.errors import DataRootError

_CHUNK = 2**20
# What fsspec needs beside itself, where its own error names the package otherwise or not at all.
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
}


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """`key` is what `read` takes. `mark` changes with the content: an etag, a checksum, a time; None: nobody knows."""

    key: str
    size: int | None
    mark: str | None


class Remote(ABC):
    @abstractmethod
    def files(self) -> Mapping[str, RemoteFile]:
        """The files by their place in the root, "" for one that is a single file.

        Raises:
            DataRootError: nothing is there, or the other side refuses or does not answer.
        """

    @abstractmethod
    def read(self, file: RemoteFile) -> Iterator[bytes]:
        """Its bytes, piece by piece; raises as `files`."""


def open_remote(url: str) -> Remote:
    """Raises DataRootError where a package is lacking; says which."""
    return HttpRemote(url) if urlsplit(url).scheme.lower() in {"http", "https"} else FsspecRemote(url)


class HttpRemote(Remote):
    """One file on a web server. `httpx` is in every environment; fsspec's own way would need another package."""

    def __init__(self, url: str) -> None:
        self._url = url

    def files(self) -> Mapping[str, RemoteFile]:
        with self._answer("HEAD") as head:
            if head.status_code not in {405, 501}:
                return {"": self._file(head)}
        with self._answer("GET") as answer:
            return {"": self._file(answer)}

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        with self._answer("GET") as answer:
            mark = self._file(answer).mark
            if mark != file.mark:
                raise DataRootError(f"{without_credentials(self._url)} was changed while it was fetched")
            yield from answer.iter_raw(_CHUNK)

    def _file(self, answer: Any) -> RemoteFile:
        name = without_credentials(self._url)
        if answer.is_error:
            raise DataRootError(f"{name} answered {answer.status_code} {answer.reason_phrase}")
        length = answer.headers.get("Content-Length")
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        return RemoteFile(key=self._url, size=int(length) if length else None, mark=mark)

    @contextmanager
    def _answer(self, method: str) -> Iterator[Any]:
        import httpx

        # Not compressed on its way: length and bytes are then those of the file.
        headers = {"Accept-Encoding": "identity"}
        try:
            with httpx.stream(method, self._url, headers=headers, follow_redirects=True, timeout=60.0) as answer:
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            name = without_credentials(self._url)
            raise DataRootError(f"{name} does not answer: {type(error).__name__}: {error}") from error


class FsspecRemote(Remote):
    """A file or folder on anything that fsspec knows (https://filesystem-spec.readthedocs.io)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._name = without_credentials(url)
        scheme = urlsplit(url).scheme
        try:
            import fsspec
        except ImportError as error:
            raise self._lacks("fsspec") from error
        try:
            self._files, self._path = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise self._lacks(_PACKAGES.get(scheme, str(error))) from error
        except ValueError as error:
            raise DataRootError(f"{self._name} cannot be read: {error}") from error

    def files(self) -> Mapping[str, RemoteFile]:
        with self._told():
            info = self._files.info(self._path)
            if info["type"] != "directory":
                return {"": self._file(info)}
            found = self._files.find(self._path, detail=True)
            base = PurePosixPath(self._files._strip_protocol(self._path))  # noqa: SLF001  # fsspec's way to normal form
            return {
                PurePosixPath(path).relative_to(base).as_posix(): self._file(one)
                for path, one in found.items()
                if one["type"] == "file"
            }

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        with self._told(), self._files.open(file.key, "rb") as content:
            while piece := content.read(_CHUNK):
                yield piece

    def _file(self, info: Mapping[str, Any]) -> RemoteFile:
        names = (
            "ETag",
            "etag",
            "md5Hash",
            "content_md5",
            "checksum",
            "LastModified",
            "last_modified",
            "mtime",
            "created",
        )
        mark = next((str(info[name]) for name in names if info.get(name)), None)
        return RemoteFile(key=str(info["name"]), size=info.get("size"), mark=mark)

    def _lacks(self, package: str) -> DataRootError:
        return DataRootError(
            f"{self._name} cannot be read: the package {package} is not installed beside the worker",
            hint=f"pip install {package}  (into the environment of Gristmill itself: {sys.prefix})",
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Every storage library has errors of its own kind."""
        try:
            yield
        except DataRootError:
            raise
        except FileNotFoundError as error:
            raise DataRootError(f"{self._name} is not there") from error
        except Exception as error:
            raise DataRootError(f"{self._name} cannot be read: {type(error).__name__}: {error}") from error
