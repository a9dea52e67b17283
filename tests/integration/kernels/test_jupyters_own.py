"""jupyter_kernel_test, against kernels forked from a zygote."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import jupyter_kernel_test
import pytest

from tests.integration.kernels.conftest import plain_environ, ready


@pytest.fixture(scope="module", autouse=True)
def warm(shared_home: Path) -> Iterator[None]:
    ready(shared_home)
    environ = {**plain_environ(), "GRISTMILL_HOME": str(shared_home), "GRISTMILL_WARM_KERNELS": "1"}
    # The suite starts its kernels in this process's own environment.
    with patch.dict(os.environ, environ, clear=True):
        yield


class TestGristmillPython(jupyter_kernel_test.KernelTests):  # type: ignore[misc]  # has no types
    kernel_name = "gristmill-python"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    complete_code_samples = ("1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n")
    incomplete_code_samples = ("print('''hello", "def f(x):\n  x*2")
    invalid_code_samples = ("import = 7q",)
    completion_samples = ({"text": "zi", "matches": {"zip"}},)
    code_execute_result = ({"code": "6*7", "result": "42"},)
    code_display_data = (
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
    )
    # Its history is written a moment after a cell, which the suite does not wait for with an ordinary ipykernel either.
    supported_history_operations = ()

    def test_it_is_a_forked_one(self) -> None:
        provisioner = type(self).km.provisioner
        assert type(provisioner.process).__name__ == "Forked", provisioner.cold_because
