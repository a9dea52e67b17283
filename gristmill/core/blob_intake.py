"""Taking blobs in: their bytes are put in place between two transactions, of which the first says that they come."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gristmill.core import blobs
from gristmill.core.blobs import BlobLeavingError, BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import GristmillError, InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor
from gristmill.core.small_blobs import MOST_BLOBS, SMALL_BLOB, SMALL_BLOBS, SmallBlob, travel_together

_PAUSES = (0.02, 0.1, 0.5, 2.0)  # seconds


@dataclass(frozen=True)
class BlobIntake:
    db: Database
    store: BlobStore
    clock: Clock

    def expect(self, actor: Actor, digests: Iterable[str]) -> None:
        """Where the same bytes are just being removed, that is waited for: it is a matter of milliseconds."""
        wanted = sorted(set(digests))
        for pause in _PAUSES:
            try:
                return self._expect(actor, wanted)
            except BlobLeavingError:
                time.sleep(pause)
        return self._expect(actor, wanted)

    def _expect(self, actor: Actor, digests: Sequence[str]) -> None:
        with self.db.write(wake=False) as tx:
            for digest in digests:
                blobs.expect(tx, project_id=actor.project_id, digest=digest, now=self.clock.now())

    def place(self, actor: Actor, sent: Sequence[SmallBlob]) -> dict[str, int]:
        """Puts the bytes in place; digest and size of each, for `remember`.

        Raises:
            InvalidInputError: too much, no base64, or bytes that are not those of the digest. Nothing is held then.
        """
        contents = {blobs.check_digest(one.digest): one.content for one in sent}
        _check_size({digest: len(content) for digest, content in contents.items()})
        if contents:
            self.expect(actor, contents)
        return {digest: self.store.put(digest, [content]) for digest, content in contents.items()}

    def remember(self, tx: Tx, actor: Actor, sizes: Mapping[str, int]) -> None:
        """From now on the project holds what is in place, and who is bound to one attempt may name it."""
        for digest in sorted(sizes):
            blobs.remember(tx, project_id=actor.project_id, digest=digest, size=sizes[digest], now=self.clock.now())
        if actor.subject is not None:
            blobs.grant(tx, project_id=actor.project_id, subject=actor.subject, digests=sizes)

    def take(self, actor: Actor, sent: Sequence[SmallBlob]) -> None:
        """Both, for blobs that nothing refers to yet; raises as `place` does."""
        sizes = self.place(actor, sent)
        with self.db.write() as tx:
            self.remember(tx, actor, sizes)

    def along(self, actor: Actor, sizes: Iterable[tuple[str, int]]) -> tuple[SmallBlob, ...]:
        """Of these blobs the small ones that travel with an answer. Whoever lacks one asks for it, and is told why."""
        groups = travel_together(sizes)
        try:
            return self.read(actor, groups[0]) if groups else ()
        except GristmillError:
            return ()

    def read(self, actor: Actor, digests: Sequence[str]) -> tuple[SmallBlob, ...]:
        """The small blobs of these digests, as far as this actor may read them.

        Raises:
            NotFoundError: one is not there, or not this actor's.
            InvalidInputError: together, or one of them, too large.
        """
        wanted = [blobs.check_digest(digest) for digest in dict.fromkeys(digests)]
        with self.db.read() as tx:
            held = blobs.held(tx, actor.project_id, wanted, subject=actor.subject)
        if lacking := [digest for digest in wanted if digest not in held]:
            raise NotFoundError(f"no blob {lacking[0]}")
        _check_size(held)
        return tuple(SmallBlob.of(digest, self.store.read_bytes(digest, SMALL_BLOB)) for digest in wanted)


def _check_size(sizes: Mapping[str, int]) -> None:
    if len(sizes) > MOST_BLOBS:
        raise InvalidInputError(f"{len(sizes)} blobs in one request: expected at most {MOST_BLOBS}")
    large = next((digest for digest, size in sizes.items() if size > SMALL_BLOB), None)
    if large is not None:
        raise InvalidInputError(
            f"blob {large} has {sizes[large]} bytes: expected at most {SMALL_BLOB} of one that travels with others",
            hint="PUT or GET it alone at /api/blobs/{digest}.",
        )
    if (total := sum(sizes.values())) > SMALL_BLOBS:
        raise InvalidInputError(f"{total} bytes of blobs in one request: expected at most {SMALL_BLOBS}")
