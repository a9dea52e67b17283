"""Notebooks are read without trust, and a bad one is refused with a reason."""

import json
import tracemalloc
from typing import Any

import pytest

from gristmill.core.errors import InvalidInputError, TooLargeError
from gristmill.notebooks.source import MAX_BYTES, MAX_CELL_BYTES, NotebookSource, read_notebook


def notebook(*cells: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields}).encode()


def code(source: Any = "x = 1", **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def read(*cells: dict[str, Any], **fields: Any) -> NotebookSource:
    return read_notebook(notebook(*cells, **fields))


def test_a_source_may_be_one_string_or_lines() -> None:
    read_one = read(code("a = 1\nb = 2"), code(["a = 1\n", "b = 2"]))
    assert [cell.source for cell in read_one.cells] == ["a = 1\nb = 2"] * 2


@pytest.mark.parametrize("minor", range(6))
def test_every_nbformat_4_is_read(minor: int) -> None:
    assert len(read(code(), nbformat_minor=minor).cells) == 1


def test_cells_keep_their_index_among_all_cells() -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# Title"}
    assert [cell.index for cell in read(text, code(), text, code()).code_cells] == [1, 3]


def test_kernel_and_language_come_from_the_metadata() -> None:
    spec = {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}
    assert read(code(), metadata=spec).kernel == "ir"
    assert read(code(), metadata=spec).language == "R"
    assert read(code(), metadata={"language_info": {"name": "julia"}}).language == "julia"


@pytest.mark.parametrize("name", ["python", "Python", "python3", "ipython"])
def test_python_has_one_name(name: str) -> None:
    assert read(code(), metadata={"kernelspec": {"language": name}}).is_python


def test_a_notebook_without_metadata_is_python_without_a_kernel() -> None:
    bare = read_notebook(b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}]}')
    assert (bare.kernel, bare.language) == (None, "python")


def test_the_parameters_cell_is_the_tagged_one() -> None:
    found = read(code(), code("lr = 0.1", tags=["parameters", "other"])).parameters_cell
    assert found is not None
    assert found.index == 1


def test_without_a_tag_there_is_no_parameters_cell() -> None:
    assert read(code(), code(tags=["injected-parameters"])).parameters_cell is None


def test_two_parameters_cells_are_both_named() -> None:
    two = read(code("lr = 0.1", tags=["parameters"]), code(), code("n = 3", tags=["parameters"]))
    with pytest.raises(InvalidInputError, match=r"2 cells .*cell 1 \('lr = 0.1'\) and cell 3 \('n = 3'\)"):
        _ = two.parameters_cell


def test_cells_are_counted_as_a_run_counts_them() -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# Title"}
    found = read(text, code("a = 1"), code(" \n"), code("b = 2"))
    assert [found.number(cell) for cell in found.code_cells] == [1, 2, 2]


def test_a_tagged_markdown_cell_is_refused() -> None:
    text = {"cell_type": "markdown", "metadata": {"tags": ["parameters"]}, "source": "# Parameters"}
    with pytest.raises(InvalidInputError, match=r"the markdown cell \('# Parameters'\) .* expected a code cell"):
        _ = read(text).parameters_cell


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not JSON"),
        (b"x = 1", "is not JSON"),
        (b'{"nbformat": 4, "cells": [', "is not JSON"),
        (b"<<<<<<< HEAD\n{}", "is not JSON"),
        (b'\xef\xbb\xbf{"nbformat": 4}', "is not JSON"),
        (b'{"nbformat": 4, "cells": [], "x": NaN}', "is not JSON"),
        (b'{"nbformat": 4, "cells": "\xff"}', "is not UTF-8"),
        ('{"nbformat": 4}'.encode("utf-16"), "is not UTF-8"),
        (b"[" * 100_000, "got `array`"),
        (b'{"x":' * 100_000, "nested too deeply"),
        (b'{"nbformat": 4, "x": ' + b"[" * 100_000, "nested too deeply"),
        (b"[]", "expected `object`, got `array` at the top"),
        (b"3", "expected `object`, got `int` at the top"),
        (b"{}", "lacks 'nbformat'"),
        (b'{"nbformat": "4"}', "expected `int.*`, got `str` at nbformat"),
        (b'{"nbformat": 5, "cells": []}', "nbformat 5, expected 4"),
        (b'{"nbformat": 4}', "no 'cells'"),
        (b'{"nbformat": 4, "cells": []}', "no cells in it"),
        (b'{"nbformat": 4, "cells": {}}', "got `object` at cells"),
        (b'{"nbformat": 4, "cells": [3]}', r"got `int` at cells\[0\]"),
        (b'{"nbformat": 4, "cells": [{"source": ""}]}', r"`cell_type` at cells\[0\]"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', r"`source` at cells\[0\]"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', r"got `int` at cells\[0\].source"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 3]}]}', r"got `int` at cells\[0\].source"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}', "is not JSON"),
        (notebook(code(tags="parameters")), r"got `str` at cells\[0\].metadata.tags"),
        (notebook(code(), metadata={"kernelspec": "python3"}), "got `str` at metadata.kernelspec"),
    ],
)
def test_what_is_no_notebook_is_refused_with_what_was_found_and_where(data: bytes, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read_notebook(data)


def test_an_old_notebook_is_refused_with_the_command_that_converts_it() -> None:
    with pytest.raises(InvalidInputError, match="nbformat 3, expected 4") as caught:
        read_notebook(b'{"nbformat": 3, "worksheets": [{"cells": []}]}')
    assert "nbconvert --to notebook --nbformat 4" in (caught.value.hint or "")


def test_sizes_are_limited() -> None:
    with pytest.raises(TooLargeError, match=r"cells\[0\].source has \d+ bytes"):
        read(code("x" * MAX_CELL_BYTES))
    with pytest.raises(TooLargeError, match="the notebook has"):
        read_notebook(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize("bomb", [b"[],", b"{},", b'"ab",', b"0.1,"])
def test_a_file_made_to_eat_memory_costs_no_more_than_its_own_size(bomb: bytes) -> None:
    """As outputs, as metadata and as a cell's source."""
    many = bomb * (4 * 2**20 // len(bomb))
    for data in (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": [' + many + b"0]}]}",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}], "metadata": {"x": [' + many + b"0]}}",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [' + many + b'""]}]}',
    ):
        tracemalloc.start()
        try:
            read_notebook(data)
        except InvalidInputError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < len(data)
