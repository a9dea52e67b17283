"""A real PostgreSQL server for tests: started in a temporary folder, as an unprivileged user, on loopback only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import sqlalchemy as sa

from gristmill.core.database import Database
from gristmill.server.schema import upgrade
from tests.ports import free_port
from tests.waiting import until

PASSWORD = "no-secret-of-anybody"
TEMPLATE = "gristmill_template"
# Nothing of a test's database must outlive a crash of the machine; one of the server it must.
FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=32MB")


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs: on the path, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda place: int(place.parts[-3]))
    return places[-1].parent if places else None


@dataclass
class Postgres:
    """One server. A database is made by copying the template (a quarter of a second) or emptied (a fiftieth)."""

    folder: Path
    programs: Path
    port: int
    user: dict[str, object] = field(default_factory=dict)  # as whom its programs run
    _process: "subprocess.Popen[bytes] | None" = None
    _made: int = 0

    def url(self, database: str = "postgres") -> sa.URL:
        return sa.URL.create("postgresql+psycopg", "gristmill", PASSWORD, "127.0.0.1", self.port, database)

    def address(self, database: str = "postgres") -> str:
        """As GRISTMILL_DATABASE_URL has it."""
        return self.url(database).set(drivername="postgresql").render_as_string(hide_password=False)

    def start(self) -> None:
        """Returns when it answers."""
        options = [f"-c{option}" for option in (*FAST, "max_connections=200", f"unix_socket_directories={self.folder}")]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-clisten_addresses=127.0.0.1", *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self.user,  # type: ignore[call-overload]  # user, group and extra_groups
            )
        until(self._answers, what=f"PostgreSQL answers; its log: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT closes every connection and ends in order; SIGQUIT ends as a crash does."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def make_template(self) -> None:
        """A migrated database to copy."""
        self.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        database = Database(self.url(TEMPLATE))
        upgrade(database)
        database.close()

    def create(self, template: str = "template0") -> str:
        """A new database's name."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def empty(self, name: str) -> None:
        named = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        tables = self.execute(f"{named} AND tablename <> 'alembic_version'", name)
        deletions = "; ".join(f"DELETE FROM {table}" for (table,) in tables)  # noqa: S608  # names from the catalogue
        # So no foreign key asks for an order.
        self.execute(f"SET session_replication_role = replica; {deletions}", name)

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def server(found: Path) -> Iterator[Postgres]:
    """A server with an empty cluster, gone with all its files afterwards."""
    # Not below pytest's folder, which only its owner may enter. A socket's path must be short, too.
    folder = Path(tempfile.mkdtemp(prefix="gristmill-pg-"))
    user: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        who = names.get("postgres") or names["nobody"]
        user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        os.chown(folder, who.pw_uid, who.pw_gid)
    try:
        _initialise(found, folder, user)
        postgres = Postgres(folder, found, free_port(), user)
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder)


def _initialise(found: Path, folder: Path, user: dict[str, object]) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    ran = subprocess.run(  # type: ignore[call-overload]  # user, group and extra_groups
        [
            *(found / "initdb", "-D", folder / "data", "-U", "gristmill", "-A", "scram-sha-256"),
            *("--pwfile", password, "-E", "UTF8", "--locale=C", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        **user,
    )
    assert ran.returncode == 0, ran.stderr
