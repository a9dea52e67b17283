from typing import Any

import msgspec
import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, json_column, metadata, project_column, time_column
from gristmill.endpoints.model import Endpoint, EndpointState, KeyEntry, Observed, Variant, key_id, loopback_url

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("target", sa.String(63), nullable=False),
    sa.Column("port", sa.Integer, nullable=False, unique=True),
    sa.Column("url", sa.String(300)),  # none: on loopback, at the port
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("deleting", sa.Boolean, nullable=False, default=False),
    sa.Column("waiting", sa.Text),
    json_column("observed"),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    time_column("expires_at"),
    sa.UniqueConstraint("project_id", "name"),
)

variants = sa.Table(
    "variants",
    metadata,
    project_column(),
    sa.Column("endpoint_id", sa.String(40), sa.ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("model", sa.String(250), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("artifact_path", sa.String(1000), nullable=False),
    sa.Column("profile", sa.String(80), nullable=False),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("answers", sa.String(20)),
    sa.PrimaryKeyConstraint("endpoint_id", "name"),
)

endpoint_keys = sa.Table(
    "endpoint_keys",
    metadata,
    project_column(),
    sa.Column("endpoint_id", sa.String(40), sa.ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(80)),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
)

_VARIANT_FIELDS = ("name", "model", "version", "artifact_path", "profile", "weight", "role", "answers")


def insert(tx: Tx, endpoint: Endpoint) -> None:
    columns = ("id", "project_id", "name", "target", "port", "generation", "open", "created_by")
    insert_row(
        tx,
        endpoints,
        **{name: getattr(endpoint, name) for name in columns},
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
        expires_at=endpoint.expires_at,
        url=None if endpoint.url == loopback_url(endpoint.port) else endpoint.url,
    )
    replace_variants(tx, endpoint)


def replace_variants(tx: Tx, endpoint: Endpoint) -> None:
    tx.execute(sa.delete(variants).where(variants.c.endpoint_id == endpoint.id))
    for variant in endpoint.variants:
        row = msgspec.to_builtins(variant)
        insert_row(tx, variants, project_id=endpoint.project_id, endpoint_id=endpoint.id, **row)


def update(tx: Tx, endpoint_id: str, **values: Any) -> None:
    tx.execute(sa.update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))


def advance(tx: Tx, endpoint_id: str, generation: int) -> None:
    """To the generation after this one, if nobody has done so since it was seen."""
    seen = sa.and_(endpoints.c.id == endpoint_id, endpoints.c.generation == generation)
    tx.execute(sa.update(endpoints).where(seen).values(generation=generation + 1))


def put_observed(tx: Tx, endpoint_id: str, observed: Observed) -> None:
    update(tx, endpoint_id, observed=msgspec.to_builtins(observed))


def find(tx: Tx, project_id: str, name: str, *, lock: bool = False) -> Endpoint | None:
    """Locked, it, its variants and its keys are nobody else's to change before `tx` ends."""
    if lock:
        tx.execute(
            sa.select(endpoints.c.id)
            .where(endpoints.c.project_id == project_id, endpoints.c.name == name)
            .with_for_update()
        )
    found = load(tx, endpoints.c.project_id == project_id, endpoints.c.name == name, endpoints.c.deleting.is_(False))
    return found[0] if found else None


def load(tx: Tx, *where: sa.ColumnElement[bool]) -> list[Endpoint]:
    rows = tx.execute(sa.select(endpoints).where(*where).order_by(endpoints.c.name)).mappings().all()
    return [_endpoint(tx, row) for row in rows]


def key_hashes(tx: Tx, endpoint_id: str) -> tuple[str, ...]:
    query = sa.select(endpoint_keys.c.hash).where(endpoint_keys.c.endpoint_id == endpoint_id)
    return tuple(tx.scalars(query.order_by(endpoint_keys.c.hash)))


def of_key(tx: Tx, hashed: str) -> Endpoint | None:
    """The endpoint that has this API key."""
    of = sa.select(endpoint_keys.c.endpoint_id).where(endpoint_keys.c.hash == hashed)
    found = load(tx, endpoints.c.id.in_(of), endpoints.c.deleting.is_(False), endpoints.c.expires_at.is_(None))
    return found[0] if found else None


def insert_key(tx: Tx, endpoint: Endpoint, hashed: str, entry: KeyEntry) -> None:
    row = {"name": entry.name, "created_by": entry.created_by, "created_at": entry.created_at}
    insert_row(tx, endpoint_keys, project_id=endpoint.project_id, endpoint_id=endpoint.id, hash=hashed, **row)


def ports(tx: Tx) -> frozenset[int]:
    """Those of all endpoints, each of them another."""
    return frozenset(tx.scalars(sa.select(endpoints.c.port)))


def load_keys(tx: Tx, endpoint: Endpoint) -> list[tuple[str, KeyEntry]]:
    """Each key's hash and what may be shown of it, oldest first."""
    query = sa.select(endpoint_keys).where(endpoint_keys.c.endpoint_id == endpoint.id)
    rows = tx.execute(query.order_by(endpoint_keys.c.created_at, endpoint_keys.c.hash)).mappings()
    columns = ("name", "created_by", "created_at")
    return [
        (row["hash"], KeyEntry(id=key_id(row["hash"]), endpoint=endpoint.name, **{one: row[one] for one in columns}))
        for row in rows
    ]


def delete_key(tx: Tx, endpoint_id: str, hashed: str) -> None:
    tx.execute(
        sa.delete(endpoint_keys).where(endpoint_keys.c.endpoint_id == endpoint_id, endpoint_keys.c.hash == hashed)
    )


def delete(tx: Tx, endpoint_id: str) -> None:
    for table in (endpoint_keys, variants):
        tx.execute(sa.delete(table).where(table.c.endpoint_id == endpoint_id))
    tx.execute(sa.delete(endpoints).where(endpoints.c.id == endpoint_id))


def _endpoint(tx: Tx, row: sa.RowMapping) -> Endpoint:
    found = tx.execute(sa.select(variants).where(variants.c.endpoint_id == row["id"]).order_by(variants.c.name))
    parts = [msgspec.convert({n: part[n] for n in _VARIANT_FIELDS}, Variant) for part in found.mappings()]
    observed = msgspec.convert(row["observed"], Observed | None)
    columns = ("id", "project_id", "name", "target", "port", "generation", "open", "created_by", "created_at")
    return Endpoint(
        **{name: row[name] for name in columns},
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        waiting=row["waiting"],
        url=loopback_url(row["port"]) if row["url"] is None else row["url"],
        state=observed.state if observed else EndpointState.STARTING,
        variants=tuple(parts),
        observed=observed,
    )
