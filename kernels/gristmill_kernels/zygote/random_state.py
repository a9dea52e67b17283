"""What two forks must not have in common.

`random` and OpenSSL are made fresh at a fork by Python and OpenSSL themselves; doing it again costs nothing. The hash
seed of `str` cannot be: it is drawn once per interpreter, so kernels of one zygote order sets of strings alike.
`PYTHONHASHSEED` is part of what a zygote is chosen by.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def renew() -> None:
    modules: Any = sys.modules
    if "random" in modules:
        modules["random"].seed()
    if "numpy.random" in modules:
        modules["numpy.random"].seed()  # the legacy generator that np.random.rand uses
    if "torch" in modules:
        modules["torch"].seed()
    if "tempfile" in modules:
        modules["tempfile"].tempdir = None  # TMPDIR may be another
        modules["tempfile"]._name_sequence = None  # noqa: SLF001  # made again when asked
    if "multiprocessing.process" in modules:
        current = modules["multiprocessing.process"].current_process()
        current.authkey = os.urandom(32)
    if "uuid" in modules:
        modules["uuid"]._last_timestamp = None  # noqa: SLF001  # of uuid1
