"""Finding runs among many, in any order, a page at a time.

Rare things are looked up and then sorted; for what is common the runs are walked in the order that is asked for, by the
index that has it, until a page is full. Which of the two is told by counting a little.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx
from gristmill.runs import conditions, store
from gristmill.runs.findable import parameters, texts
from gristmill.runs.model import Run, RunColumns, RunCounts, RunGroup, RunState
from gristmill.runs.query import And, Comparison, Field, Query, Text

RARE = 1_000  # runs that are looked up and sorted
MOST_GROUPS = 1_000
MOST_COLUMNS = 1_000
LABELLED = 2_000  # newest runs whose labels are columns

Selected = sa.Select[Any]


@dataclass(frozen=True, kw_only=True)
class Sort:
    """Runs that lack the field come last, newest first."""

    by: Field
    descending: bool = True


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """What `find` looks for; everything left out matches."""

    state: RunState | None = None
    notebook: str | None = None
    text: str | None = None  # in name, notebook or labels
    label: str | None = None  # name=value
    query: Query | None = None
    metric: str | None = None  # only runs that have it, best first
    ascending: bool = False  # the lowest value of the metric is the best
    sort: Sort | None = None
    before: int | None = None  # run number
    offset: int = 0
    limit: int = 50

    @property
    def asked(self) -> Query | None:
        """The query, the text and the label, which all must hold."""
        found = list(conditions.parts(self.query))
        if self.text:
            found.append(Text(self.text))
        if self.label:
            name, _, value = self.label.partition("=")
            found.append(Comparison(Field("labels", name), "=", (value,)))
        return And(tuple(found)) if len(found) > 1 else found[0] if found else None


@dataclass(frozen=True)
class _Plan:
    """What must hold of `runs`: for few, whose ids are known, or with a text that many have."""

    project_id: str
    where: list[sa.ColumnElement[bool]]
    ids: list[str] | None = None
    text: str | None = None

    def walking(self, query: Selected) -> Selected:
        return query.where(store.runs.c.project_id == self.project_id, *self.where)

    def looking_up(self, query: Selected, ids: Any) -> Selected:
        """No index but that of the ids is to be taken: a database that has no statistics likes another one better."""
        table = store.runs.c
        return query.where(table.id.in_(ids), table.project_id.concat("") == self.project_id, *self.where)

    def counting(self, query: Selected) -> Selected:
        return self.walking(query) if self.ids is None else self.looking_up(query, self.ids)


def find(tx: Tx, project_id: str, wanted: RunFilter) -> list[Run]:
    """Newest first, or in the order that is asked for."""
    plan = _plan(tx, project_id, wanted)
    page = _walked(tx, wanted, plan) if plan.ids is None else _sorted(tx, project_id, wanted, plan)
    found = {run.id: run for run in store.load_runs(tx, sa.select(store.runs).where(store.runs.c.id.in_(page)))}
    return [found[run] for run in page]


def count(tx: Tx, project_id: str, wanted: RunFilter, by: str | None = None) -> RunCounts:
    """How many there are, and `by` notebook or commit how many of each, that with the newest run first."""
    table = store.runs.c
    newest = tx.scalar(sa.select(sa.func.max(table.number)).where(table.project_id == project_id)) or 0
    if by is not None:
        plan = _plan(tx, project_id, wanted)
        key = {"notebook": table.notebook, "commit": table.commit}[by]
        last = sa.func.max(table.number)
        query = sa.select(key, sa.func.count(), last).group_by(key).order_by(last.desc()).limit(MOST_GROUPS)
        exact = _exactly(tx, project_id, wanted)
        if exact is not None and plan.ids is None:
            query = _Plan(project_id, []).looking_up(query, exact)
        else:
            query = plan.counting(query)
        rows = tx.execute(query).all()
        groups = tuple(RunGroup(key=row[0], count=row[1], newest=row[2]) for row in rows)
        return RunCounts(total=sum(group.count for group in groups), newest=newest, groups=groups)
    exact = _exactly(tx, project_id, wanted)
    if exact is not None:
        return RunCounts(total=_count(tx, exact), newest=newest)
    plan = _plan(tx, project_id, wanted)
    return RunCounts(total=_count(tx, plan.counting(sa.select(table.id))), newest=newest)


def _exactly(tx: Tx, project_id: str, wanted: RunFilter) -> Any:
    """Ids of what is asked for, from indexes alone; None where these do not say it all."""
    asked = conditions.parts(wanted.asked)
    if wanted.state or wanted.notebook or wanted.before or not asked or not all(map(conditions.is_exact, asked)):
        return None
    found = [ids for part in asked if (ids := conditions.ids(tx, project_id, part)) is not None]
    return found[0] if len(found) == 1 else sa.intersect(*found)


def columns(tx: Tx, project_id: str) -> RunColumns:
    """What runs of this project have, by name; labels of the newest ones."""
    table = store.runs.c
    newest = sa.select(table.labels).where(table.project_id == project_id).order_by(table.number.desc())
    labels = {name for labels in tx.scalars(newest.limit(LABELLED)) for name in labels or ()}
    return RunColumns(
        metrics=_names(tx, store.metrics, project_id),
        parameters=_names(tx, parameters, project_id),
        labels=tuple(sorted(labels)),
    )


def _plan(tx: Tx, project_id: str, wanted: RunFilter) -> _Plan:
    table = store.runs.c
    asked = wanted.asked
    where: list[sa.ColumnElement[bool]] = []
    if wanted.state is not None:
        where.append(table.state == wanted.state.value)
    if wanted.notebook is not None:
        where.append(table.notebook == wanted.notebook)
    if wanted.before is not None:
        where.append(table.number < wanted.before)
    if asked is not None:
        where.append(conditions.condition(asked))
    indexed = [
        (part, ids) for part in conditions.parts(asked) if (ids := conditions.ids(tx, project_id, part)) is not None
    ]
    few, rarest = min(
        ((_up_to(tx, ids, RARE + 1), ids) for _, ids in indexed), key=lambda one: one[0], default=(RARE + 1, None)
    )
    if rarest is not None and few <= RARE:
        return _Plan(project_id, where, ids=list(tx.scalars(rarest)))
    return _Plan(project_id, where, text=next((part.text for part, _ in indexed if isinstance(part, Text)), None))


def _sorted(tx: Tx, project_id: str, wanted: RunFilter, plan: _Plan) -> list[str]:
    """Of the few that it may be: looked up, then sorted here. A database may walk all runs in their order instead."""
    if not plan.ids:
        return []
    runs, sort = store.runs, wanted.sort
    query = sa.select(runs.c.id, runs.c.number)
    if wanted.metric is not None:
        sort = Sort(by=Field("metrics", wanted.metric), descending=not wanted.ascending)
    if sort is None:
        query = query.add_columns(runs.c.number.label("first"), sa.null().label("second"))
        sort = Sort(by=Field("number"))
    elif sort.by.name in {"metrics", "params"}:
        table, first, second = _MEASURED[sort.by.name]
        own = sa.and_(table.c.run_id == runs.c.id, table.c.name == sort.by.key, table.c.project_id == project_id)
        query = query.outerjoin(table, own).add_columns(table.c[first].label("first"), second.label("second"))
    else:
        query = query.add_columns(conditions.column(sort.by).label("first"), sa.null().label("second"))
    rows = list(tx.execute(plan.looking_up(query, plan.ids)))
    rows.sort(key=lambda row: row.number, reverse=sort.descending)
    numbers = sorted((r for r in rows if r.first is not None), key=lambda r: r.first, reverse=sort.descending)
    texts_ = [r for r in rows if r.first is None and r.second is not None]
    texts_.sort(key=lambda row: row.second, reverse=sort.descending)
    lacking = sorted((r for r in rows if r.first is None and r.second is None), key=lambda r: -r.number)
    found = [*numbers, *texts_, *(() if wanted.metric is not None else lacking)]
    return [row.id for row in found[wanted.offset : wanted.offset + wanted.limit]]


def _walked(tx: Tx, wanted: RunFilter, plan: _Plan) -> list[str]:
    found: list[str] = []
    skip = wanted.offset
    for query in _orders(tx, wanted, plan):
        page = list(tx.scalars(query.offset(skip or None).limit(wanted.limit - len(found))))
        found += page
        if len(found) >= wanted.limit:
            break
        # A page that begins behind the runs of one order begins that much further on in the next.
        skip = 0 if page or not skip else skip - _count(tx, query)
    return found


def _orders(tx: Tx, wanted: RunFilter, plan: _Plan) -> list[Selected]:
    """Runs in the order that is asked for, then those that it says nothing of: each by the index that has it."""
    runs = store.runs
    every = plan.walking(sa.select(runs.c.id))
    newest = every.order_by(runs.c.number.desc())
    sort = wanted.sort
    if wanted.metric is not None:
        return [_by_rows(plan, store.metrics, "value", wanted.metric, descending=not wanted.ascending)]
    if sort is None or sort.by.name in {"number", "created"}:
        ascending = sort is not None and not sort.descending
        if plan.text is not None and not ascending:
            return [_newest_with(tx, plan, plan.text)]
        return [every.order_by(runs.c.number) if ascending else newest]
    key, descending = sort.by.key or "", sort.descending
    if sort.by.name == "metrics":
        lacking = newest.where(_lacks(store.metrics, key))
        return [_by_rows(plan, store.metrics, "value", key, descending=descending), lacking]
    if sort.by.name == "params":
        numbers = _by_rows(plan, parameters, "number", key, descending=descending)
        others = _by_rows(plan, parameters, "text", key, descending=descending)
        others = others.where(parameters.c.number.is_(None))
        return [numbers.where(parameters.c.number.is_not(None)), others, newest.where(_lacks(parameters, key))]
    column = conditions.column(sort.by)
    order = (column, runs.c.number)
    known = every.order_by(*(one.desc() if descending else one for one in order)).where(column.is_not(None))
    return [known, newest.where(column.is_(None))]


# A field's table, what it is sorted by, and what by that lacks it.
_MEASURED: dict[str, tuple[sa.Table, str, sa.ColumnElement[Any]]] = {
    "metrics": (store.metrics, "value", sa.null()),
    "params": (parameters, "number", parameters.c.text),
}


def _by_rows(plan: _Plan, table: sa.Table, value: str, name: str, *, descending: bool) -> Selected:
    """The runs that have a row of this name, in the order of its value."""
    if plan.where:
        query = plan.walking(sa.select(store.runs.c.id).join(table, table.c.run_id == store.runs.c.id))
    else:
        query = sa.select(table.c.run_id)  # nothing is asked of the runs themselves
    query = query.where(table.c.project_id == plan.project_id, table.c.name == name)
    order = (table.c[value], table.c.run_id)
    return query.order_by(*(one.desc() if descending else one for one in order))


def _lacks(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    rows = sa.select(sa.literal(1)).where(table.c.run_id == store.runs.c.id, table.c.name == name)
    return ~rows.correlate(store.runs).exists()


def _newest_with(tx: Tx, plan: _Plan, text: str) -> Selected:
    query = plan.walking(sa.select(store.runs.c.id).join(texts, texts.c.run_id == store.runs.c.id))
    # The order in which SQLite keeps the texts is that of the runs; of a column of theirs it has no index.
    newest = sa.literal_column("run_texts.rowid") if tx.dialect.name == "sqlite" else texts.c.number
    return query.where(conditions.matches(tx, text)).order_by(newest.desc())


def _count(tx: Tx, query: Any) -> int:
    return tx.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0


def _up_to(tx: Tx, ids: Selected, most: int) -> int:
    """As many as there are, or `most`: none of them is read."""
    return _count(tx, ids.with_only_columns(sa.literal(1).label("one")).limit(most))


def _names(tx: Tx, table: sa.Table, project_id: str) -> tuple[str, ...]:
    """Each name once, by jumping from one to the next in the index that has them in order."""
    first = sa.select(sa.func.min(table.c.name).label("name")).where(table.c.project_id == project_id)
    walk = first.cte("names", recursive=True)
    following = sa.select(sa.func.min(table.c.name)).where(table.c.project_id == project_id, table.c.name > walk.c.name)
    walk = walk.union_all(sa.select(following.scalar_subquery()).where(walk.c.name.is_not(None)))
    found = sa.select(walk.c.name).where(walk.c.name.is_not(None)).limit(MOST_COLUMNS)
    return tuple(tx.scalars(found))
