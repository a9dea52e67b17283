"""The MLflow server as one process: `python -m gristmill.tracking.mlflow_process --folder F --socket S --lock-fd N`.

It does what `mlflow server` does, less its second process and its job runner, and answers on a Unix socket. Only this
process imports mlflow. The variables through which the command hands its options to the application are private to
MLflow: where they have changed, the command itself is run in this process's place.
"""

import argparse
import asyncio
import contextlib
import gc
import importlib.metadata
import importlib.util
import json
import os
import shlex
import socket
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from gristmill.core.sqlite_copy import copy_database

ARTIFACT_ROOT = "mlflow-artifacts:/"
KEEP_ALIVE_S = 75
# What `mlflow server` sets, by the names that mlflow/server/constants.py gives to the variables.
_CONSTANTS = {
    "BACKEND_STORE_URI_ENV_VAR",
    "REGISTRY_STORE_URI_ENV_VAR",
    "ARTIFACT_ROOT_ENV_VAR",
    "ARTIFACTS_DESTINATION_ENV_VAR",
    "SERVE_ARTIFACTS_ENV_VAR",
}


def main(argv: Sequence[str] | None = None) -> None:
    options = _options(argv)
    if options.token_fd is not None:
        os.close(options.token_fd)
    os.umask(0o077)
    os.environ["MLFLOW_ENABLE_WORKSPACES"] = str(options.workspaces).lower()
    _prepare_database(options.folder / "mlflow.db")
    constants = None if options.command else _constants()
    if constants is None:
        os.set_inheritable(options.lock_fd, True)  # through exec; MLflow hands it on to no child
        _note(options.folder, "command", workspaces=options.workspaces)
        os.execv(sys.executable, command(options.folder, options.socket))  # noqa: S606  # this process becomes it
    os.set_inheritable(options.lock_fd, False)
    os.environ.update(variables(constants, options.folder))
    asyncio.run(_serve(options.folder, options.socket, workspaces=options.workspaces))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gristmill.tracking.mlflow_process")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--lock-fd", type=int, required=True)
    parser.add_argument("--token-fd", type=int)
    parser.add_argument("--workspaces", action="store_true", help="keep projects apart")
    parser.add_argument("--command", action="store_true", help="run MLflow's own command in any case")
    return parser.parse_args(argv)


def _constants() -> ModuleType | None:
    """MLflow's module of variable names, if it has all that we set. It is read without importing mlflow.server,
    which looks at the variables while it is imported.
    """
    path = Path(str(importlib.metadata.distribution("mlflow").locate_file("mlflow/server/constants.py")))
    if not path.exists() or not path.with_name("fastapi_app.py").exists():
        return None
    spec = importlib.util.spec_from_file_location("mlflow_server_constants", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module if set(dir(module)) >= _CONSTANTS else None


def variables(constants: ModuleType, folder: Path) -> dict[str, str]:
    database = f"sqlite:///{folder / 'mlflow.db'}"
    return {
        constants.BACKEND_STORE_URI_ENV_VAR: database,
        constants.REGISTRY_STORE_URI_ENV_VAR: database,
        constants.ARTIFACT_ROOT_ENV_VAR: ARTIFACT_ROOT,
        constants.ARTIFACTS_DESTINATION_ENV_VAR: str(folder / "artifacts"),
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        # Custom scorers are code; only MLflow's job runner, which we do not have, may rebuild them.
        "_MLFLOW_IN_JOB_EXECUTOR": "false",
    }


def command(folder: Path, path: Path) -> list[str]:
    """`mlflow server` for the same store and the same socket: two processes instead of one."""
    database = f"sqlite:///{folder / 'mlflow.db'}"
    uvicorn = f"--uds {shlex.quote(str(path))} --timeout-keep-alive {KEEP_ALIVE_S} --no-access-log"
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1"),
        *("--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")),
        *("--default-artifact-root", ARTIFACT_ROOT, "--uvicorn-opts", uvicorn),
    ]


def _prepare_database(path: Path) -> None:
    # Many migrations make the first database: with a write-ahead log each of them waits for the disk once.
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")


async def _serve(folder: Path, path: Path, *, workspaces: bool) -> None:
    gc.disable()  # most of the start is imports, and they make no garbage
    import uvicorn

    _open_stores(folder)
    from mlflow.server.fastapi_app import app

    gc.freeze()
    gc.enable()
    listener = _listen(path)
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=5
    )
    _note(folder, "application", workspaces=workspaces)
    await uvicorn.Server(config).serve(sockets=[listener])


def _open_stores(folder: Path) -> None:
    """Opens both stores as the command does, which makes the schema. An older one is brought up to date before."""
    from mlflow.server.handlers import initialize_backend_stores
    from mlflow.store.db.utils import _get_latest_schema_revision, _upgrade_db, create_sqlalchemy_engine

    _wait_less()
    database = f"sqlite:///{folder / 'mlflow.db'}"
    revision = _revision(folder / "mlflow.db")
    if revision is not None and revision != _get_latest_schema_revision():
        _back_up(folder / "mlflow.db", revision)
        _upgrade_db(create_sqlalchemy_engine(database))
    initialize_backend_stores(database, database, ARTIFACT_ROOT)


def _revision(path: Path) -> str | None:
    """The schema's revision; None where there is no schema yet."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        table = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = database.execute("SELECT version_num FROM alembic_version").fetchone() if table else None
    return str(row[0]) if row else None


def _wait_less() -> None:
    import sqlalchemy as sa

    @sa.event.listens_for(sa.Engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # With a write-ahead log this is safe against a killed process; a power cut may take the last moments.
        connection.execute("PRAGMA synchronous=NORMAL")


def _back_up(path: Path, revision: str) -> None:
    """Copies the database to `mlflow-<revision>.db`; a copy that is there was made before a first try, and stays."""
    kept = path.with_name(f"mlflow-{revision}.db")
    if not kept.exists():
        copy_database(path, kept)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))  # 0600 by the umask
    listener.listen(512)
    listener.setblocking(False)
    return listener


def _note(folder: Path, way: str, *, workspaces: bool) -> None:
    version = importlib.metadata.version("mlflow")
    note = {"pid": os.getpid(), "way": way, "mlflow": version, "workspaces": workspaces}
    (folder / "process.json").write_text(json.dumps(note))


if __name__ == "__main__":
    main()
