"""Work rows and links as the engine reads them: plain tuples by hand-written SQL. A first sync reads each of them
once, so what a model instance costs is a good part of what a row costs.
"""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.sync import sql
from integration_hub.sync.models import WorkRow


class Work(NamedTuple):
    """A due work row as it was read; models.WorkRow says what its columns mean."""

    pk: int
    record_id: UUID
    rev: int
    prio: int
    run_id: UUID | None
    attempts: int
    failing_since: datetime | None
    tried_at: datetime | None


class Link(NamedTuple):
    """A link as it was read; models.RecordLink says what its columns mean."""

    pk: int
    remote_id: str
    base_ours: dict[str, Json]
    base_theirs: dict[str, Json]
    version: int
    deleted_at: datetime | None
    apart: bool = False


# One reach into the partial index `work_due` for each priority, so that rows which wait for their time cost nothing.
# The condition is spelt as the index spells it: with another spelling SQLite would read every row of the target.
_DUE = """
SELECT * FROM (SELECT id, record_id, rev, prio, run_id, attempts, failing_since, tried_at, run_at FROM sync_work
               WHERE target = %s AND prio = {prio} AND NOT (rev = done_rev) AND hold = '' AND run_at <= {now}
               ORDER BY run_at LIMIT %s) AS prio_{prio}"""
_PRIOS = (WorkRow.PRIO_PERSON, WorkRow.PRIO_CHANGE, WorkRow.PRIO_BACKFILL)


def due(target: UUID, most: int) -> list[Work]:
    """The next rows to deliver, people's first, then the longest waiting."""
    now, offset = clock.now_sql()
    arms = " UNION ALL ".join(_DUE.format(prio=prio, now=now) for prio in _PRIOS)
    values = [value for _prio in _PRIOS for value in (target, *offset, most)]
    found = sql.fetch(f"{arms} ORDER BY prio, run_at LIMIT %s", [*values, most])
    return [_work(row) for row in found]


_NEXT = "SELECT min(run_at) FROM sync_work WHERE target = %s AND NOT (rev = done_rev) AND hold = ''"


def next_at(target: UUID) -> datetime | None:
    """When the next of its rows is due; None when nothing is left."""
    at: datetime | None = sql.time_of(sql.fetch(_NEXT, [target])[0][0])
    return at


_HELD_UP = """
SELECT 1 FROM sync_work
WHERE target = %s AND prio IN (%s, %s) AND NOT (rev = done_rev) AND hold = '' AND run_at <= {now}
UNION ALL SELECT 1 FROM sync_work WHERE {among} AND rev = done_rev LIMIT 1
"""


def held_up(target: UUID, following: Iterable[Work]) -> bool:
    """Whether these rows of a backfill must not follow now: a change is due that goes before them, or one of them is
    not to be delivered any more, because its run was stopped."""
    now, offset = clock.now_sql()
    among = sql.among("id", sql.given(id="bigint"))
    given = sql.column(work.pk for work in following)
    values = [target, WorkRow.PRIO_PERSON, WorkRow.PRIO_CHANGE, *offset, given]
    return bool(sql.fetch(_HELD_UP.format(now=now, among=among), values))


def _work(row: tuple[Any, ...]) -> Work:
    pk, record_id, rev, prio, run_id, attempts, failing_since, tried_at, _run_at = row
    return Work(
        pk,
        sql.uuid_of(record_id),
        rev,
        prio,
        sql.uuid_of(run_id),
        attempts,
        failing_since and sql.time_of(failing_since),
        tried_at and sql.time_of(tried_at),
    )


_LINKS = """
SELECT record_id, id, remote_id, base_ours, base_theirs, version, deleted_at, apart FROM sync_links
WHERE target = %s AND record_type = %s AND {among}
"""


def links(target: UUID, record_type: str, ids: Collection[UUID]) -> dict[UUID, Link]:
    """The links of these records, ended ones too, by record."""
    if not ids:
        return {}
    text = _LINKS.format(among=sql.among("record_id", sql.given(id="uuid")))
    found = sql.fetch(text, [target, record_type, sql.column(ids)])
    return {sql.uuid_of(record): _link(row) for record, *row in found}


def _link(row: list[Any]) -> Link:
    pk, remote_id, ours, theirs, version, deleted_at, apart = row
    return Link(pk, remote_id, json.loads(ours), json.loads(theirs), version, sql.time_of(deleted_at), bool(apart))


class Pending(NamedTuple):
    """What is still to be written of a record, locked. `tried`: by our field, what calls that were never settled may
    have written: pairs of our value and the cell."""

    pk: int
    rev: int
    done_rev: int
    changed_at: datetime
    changed_by: str
    tried: dict[str, list[list[Json]]]

    @property
    def is_due(self) -> bool:
        return self.rev != self.done_rev


_PENDING = """
SELECT record_id, id, rev, done_rev, changed_at, changed_by, tried_at, tried FROM sync_work
WHERE target = %s AND record_type = %s AND {among} {lock}
"""


def pending(target: UUID, record_type: str, ids: Collection[UUID]) -> dict[UUID, Pending]:
    """The work rows of these records, by record, locked until the transaction ends."""
    if not ids:
        return {}
    lock = "" if sql.is_sqlite() else "ORDER BY record_id FOR UPDATE"
    text = _PENDING.format(among=sql.among("record_id", sql.given(id="uuid")), lock=lock)
    found = sql.fetch(text, [target, record_type, sql.column(ids)])
    return {
        sql.uuid_of(record): Pending(pk, rev, done_rev, sql.time_of(at), by or "", (tried_at and _json(tried)) or {})
        for record, pk, rev, done_rev, at, by, tried_at, tried in found
    }


_BY_REMOTE = """
SELECT remote_id, record_id, id, remote_id, base_ours, base_theirs, version, deleted_at, apart FROM sync_links
WHERE target = %s AND deleted_at IS NULL AND {among}
"""


def links_of(target: UUID, remote_ids: Collection[str]) -> dict[str, tuple[UUID, Link]]:
    """The living links of these remote rows: record and link, by remote id."""
    if not remote_ids:
        return {}
    text = _BY_REMOTE.format(among=sql.among("remote_id", sql.given(id="text")))
    found = sql.fetch(text, [target, sql.column(remote_ids)])
    return {remote: (sql.uuid_of(record), _link(row)) for remote, record, *row in found}


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
