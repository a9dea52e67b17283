"""Who asks, and in which of the projects: by tokens of Gristmill's own, or by those of a directory of people."""

from dataclasses import dataclass, field

from gristmill.core import tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ForbiddenError
from gristmill.core.scopes import Actor
from gristmill.projects import store
from gristmill.projects.directories.base import Directory
from gristmill.projects.model import Person

HINT = "Leave GRISTMILL_PROJECT unset for the token's own."


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """Tokens of a `directory` are asked of it; without one only those count that Gristmill has issued."""

    db: Database
    clock: Clock
    directory: Directory | None = None
    _actors: dict[tuple[str, str], str] = field(default_factory=dict, init=False)  # (project, name) → id, once made

    def __call__(self, token: str, project: str | None) -> Actor:
        """The actor that this token speaks for, in the project that is named, or in its own.

        Raises:
            UnauthenticatedError: the token is not valid.
            ForbiddenError: it is for another project.
            UnavailableError: the directory cannot be asked.
        """
        if self.directory is None or tokens.is_own(token):
            with self.db.read() as tx:
                actor = tokens.authenticate(tx, token, self.clock.now())
            if project not in {None, actor.project_id}:
                raise ForbiddenError(f"this token is of project {actor.project_id!r}, got {project!r}", hint=HINT)
            return actor
        return self._of_directory(self.directory, token, project)

    def _of_directory(self, directory: Directory, token: str, project: str | None) -> Actor:
        person = directory.person(token)
        wanted = project or person.projects[0]
        if wanted not in person.projects:
            mine = ", ".join(person.projects)
            raise ForbiddenError(f"{person.name!r} is not in project {wanted!r}: is in {mine}", hint=HINT)
        actor = self._actors.get((wanted, person.name)) or self._made(wanted, person)
        return Actor(
            id=actor,
            project_id=wanted,
            kind=person.kind,
            name=person.name,
            scopes=person.scopes,
            groups=person.groups,
        )

    def _made(self, project: str, person: Person) -> str:
        now = self.clock.now()
        with self.db.write() as tx:
            store.ensure(tx, project, now)
            made = tokens.find_or_create_actor(
                tx, project_id=project, kind=person.kind, name=person.name[: tokens.LONGEST_NAME], now=now
            )
        self._actors[project, person.name] = made
        return made
