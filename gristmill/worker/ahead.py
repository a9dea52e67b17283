"""Imports what every worker imports, for the process that workers are forked from. Nothing is done here."""

import encodings.idna  # noqa: F401  # imported by the first connection
import sqlite3  # noqa: F401  # by IPython, of which nbclient has a part

import httpx  # noqa: F401

import gristmill.worker.attempt
import gristmill.worker.journal
import gristmill.worker.kernel
import gristmill.worker.main
import gristmill.worker.notebook_run
import gristmill.worker.outbox
import gristmill.worker.provenance
import gristmill.worker.spool  # noqa: F401
