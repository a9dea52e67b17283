"""A YAML mapping whose every fault can be pointed at: file, line, column and field."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from yaml.constructor import SafeConstructor

from gristmill.core.errors import Fault, InvalidInputError, NotFoundError, TooLargeError
from gristmill.core.nearest import nearest

MAX_BYTES = 2**20
_T = TypeVar("_T")


class Document:
    """One YAML file, and the faults found in it so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def read(self, expected: str = "") -> "Fields":
        """The mapping at the top; `expected` says which keys it is read for.

        Raises:
            NotFoundError: where there is no file.
            InvalidInputError: where it is not UTF-8, not YAML or no mapping.
        """
        try:
            node = yaml.compose(self._text(), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = self._where(mark) if mark else str(self.path)
            raise InvalidInputError(
                f"{where} is not YAML: {error.problem or error.context}",
                faults=(Fault(where=where, message=str(error)),),
            ) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise InvalidInputError(f"{self.path} is not YAML: {error}") from error
        if not isinstance(node, yaml.MappingNode):
            keys = f" with {expected}" if expected else ""
            raise InvalidInputError(f"{self.path} holds {_kind(node)}, expected a mapping{keys}")
        return Fields(self, node, "")

    def is_blank(self) -> bool:
        """Whether there is nothing in it but comments."""
        try:
            return yaml.compose(self._text(), Loader=yaml.SafeLoader) is None
        except yaml.YAMLError:
            return False

    def fault(self, node: yaml.Node, field: str, message: str, *, hint: str | None = None) -> None:
        where = self._where(node.start_mark)
        got = node.value if isinstance(node, yaml.ScalarNode) else None
        self.faults.append(Fault(where=where, message=f"{where} {field}: {message}", got=got, hint=hint))

    def check(self) -> None:
        """Raises InvalidInputError with every fault found."""
        if len(self.faults) == 1:
            raise InvalidInputError(self.faults[0].message, hint=self.faults[0].hint, faults=tuple(self.faults))
        if self.faults:
            says = f"{len(self.faults)} faults in {self.path.name}, the first: {self.faults[0].message}"
            raise InvalidInputError(says, faults=tuple(self.faults))

    def _text(self) -> str:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no file {self.path}") from error
        except OSError as error:
            raise InvalidInputError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise TooLargeError(f"{self.path} has {len(data)} bytes, at most {MAX_BYTES} are allowed")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{self.path} is not UTF-8: {error.reason} at byte {error.start}") from error

    def _where(self, mark: yaml.Mark) -> str:
        return f"{self.path.name}:{mark.line + 1}:{mark.column + 1}"


class Fields:
    """The fields of one mapping: taken one by one, each checked where it stands."""

    def __init__(self, document: Document, node: yaml.MappingNode, name: str) -> None:
        self._document = document
        self._name = name
        self.node = node
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            self._add(key, value)

    def _add(self, key: yaml.Node, value: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self._document.fault(key, self._name or "the file", "a key must be text")
        elif key.value in self._nodes:
            self._document.fault(key, self._path(key.value), "is given twice")
        else:
            self._nodes[key.value] = value

    def only(self, known: Collection[str], meant: Mapping[str, str] | None = None) -> None:
        """Faults every other key; offers the nearest known one, or the one that it is `meant` as."""
        for key, _ in self.node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in known:
                continue
            near = (meant or {}).get(key.value.lower()) or nearest(key.value, known)
            hint = f"Did you mean {near!r}?" if near else f"Known: {', '.join(known)}."
            self._document.fault(key, self._path(key.value), "is not known here", hint=hint)

    def take(self, key: str, read: Callable[[object], _T], default: _T) -> _T:
        """The value as `read` understands it; the default where it is not there, or wrong, which is a fault."""
        node = self._nodes.get(key)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self._document.fault(node, self._path(key), f"expected one value, got {_kind(node)}")
            return default
        return self._read(node, self._path(key), read, default)

    def take_list(self, key: str, read: Callable[[object], _T]) -> list[_T] | None:
        """The values of a list, or of a single one; None where it is not there."""
        node = self._nodes.get(key)
        if node is None:
            return None
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values = []
        for item in items:
            if not isinstance(item, yaml.ScalarNode):
                self._document.fault(item, self._path(key), f"expected text, got {_kind(item)}")
            elif (value := self._read(item, self._path(key), read, None)) is not None:
                values.append(value)
        return values

    def take_mapping(self, key: str, read: Callable[[object], _T]) -> dict[str, _T] | None:
        """The values below a key by their own keys; None where it is not there."""
        fields = self.mapping(key, optional=True)
        if fields is None:
            return None
        values = {}
        for name in fields._nodes:  # noqa: SLF001  # of its own kind
            if (value := fields.take(name, read, None)) is not None:
                values[name] = value
        return values

    def need(self, key: str) -> None:
        if key not in self._nodes:
            self._document.fault(self.node, self._path(key), "is missing")

    def names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def is_mapping(self, key: str) -> bool:
        return isinstance(self._nodes.get(key), yaml.MappingNode)

    def mapping(self, key: str, *, optional: bool = False) -> "Fields | None":
        """The mapping below a key; None where it is not there or none, which is a fault.

        With `optional` an empty value, as behind a bare `key:`, is none either, and no fault.
        """
        node = self._nodes.get(key)
        if node is None or (optional and isinstance(node, yaml.ScalarNode) and node.value == ""):
            return None
        if not isinstance(node, yaml.MappingNode):
            self._document.fault(node, self._path(key), f"expected a mapping, got {_kind(node)}")
            return None
        return Fields(self._document, node, self._path(key))

    def mappings(self) -> Iterator[tuple[str, "Fields"]]:
        """Every key with the mapping below it."""
        for key in self._nodes:
            if fields := self.mapping(key):
                yield key, fields

    def fault(self, key: str, message: str, *, hint: str | None = None) -> None:
        self._document.fault(self._nodes.get(key, self.node), self._path(key), message, hint=hint)

    def _read(self, node: yaml.ScalarNode, path: str, read: Callable[[object], _T], default: _T) -> _T:
        try:
            return read(SafeConstructor().construct_object(node))
        except yaml.MarkedYAMLError as error:  # a tag that is not YAML's own
            self._document.fault(node, path, f"{error.problem}")
            return default
        except ValueError as error:
            self._document.fault(node, path, f"{error} (got {node.value[:80]!r})")
            return default

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _kind(node: yaml.Node | None) -> str:
    kinds = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "one value"}
    return kinds[type(node)] if node else "nothing"
