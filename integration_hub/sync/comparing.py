"""Rows of a remote table beside our records: which pairs are equal, and how the others differ. Reads our database,
writes nothing, calls nobody.

Conversions lose precision, so a field counts as equal when ours written there, or theirs read here, is the other. Where
rows are read as well, it also does while both sides are what they were when they last agreed: a number our own rules
spelled anew, for one. A mapping that is only written knows no such agreement: what its last answer showed may hold
somebody's edit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from integration_hub.contract import Direction, FileRef, MappedField, Ref, RemoteRow, WriteMode
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value, Values
from integration_hub.sync import conflicts, linking, rows
from integration_hub.sync.canonical import canonical
from integration_hub.sync.filters import passes
from integration_hub.sync.links import Links
from integration_hub.sync.merge import Rule, cell
from integration_hub.sync.models import RecordLink
from integration_hub.sync.models.mapping import DeletePolicy
from integration_hub.sync.models.proof import Kind
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.rows import Link
from integration_hub.sync.targets import Job

log = structlog.get_logger(__name__)

LONGEST = 500  # characters of a value that are kept to be shown


class Verdict(NamedTuple):
    """What came of one record, one row, or a pair. `kind`: of the difference, or one of the words below."""

    kind: str
    record_id: UUID | None = None
    remote_id: str = ""
    title: str = ""
    fields: tuple[dict[str, Json], ...] = ()
    sentence: str = ""


EQUAL, ALONE, LEFT_OUT = "equal", "alone", "left out"  # a pair; to have no partner; not looked after


@dataclass
class Table:
    """Some rows of the remote table, with everything of ours that is needed to judge them: as many queries for a
    hundred rows as for one."""

    job: Job
    found: Sequence[RemoteRow]
    broken: set[UUID] = field(default_factory=set)

    @cached_property
    def known(self) -> dict[str, tuple[UUID, Link]]:
        """Record and link of the rows that have one."""
        return rows.links_of(self.job.mapping.pk, [row.remote_id for row in self.found])

    @cached_property
    def carried(self) -> dict[str, UUID]:
        """The ids of records that the other rows carry."""
        key = self.job.target.merge_on
        strangers = [row for row in self.found if row.remote_id not in self.known]
        named = {row.remote_id: uuid_of(row.cells.get(key)) for row in strangers if key}
        return {remote_id: pk for remote_id, pk in named.items() if pk is not None}

    @cached_property
    def values(self) -> Mapping[UUID, Values]:
        return self.load({record for record, _link in self.known.values()} | set(self.carried.values()))

    def load(self, ids: set[UUID]) -> Mapping[UUID, Values]:
        """The living records of these ids. One that cannot be read is set aside, the others come."""
        company = self.job.mapping.company_id
        try:
            return self.job.record_type.load(company, list(ids)) if ids else {}
        except DatabaseError:
            raise
        except Exception:  # our bug, in one of them
            log.exception("a record could not be read to be compared", mapping=str(self.job.mapping.pk))
            if len(ids) == 1:
                self.broken |= ids
                return {}
        halves = sorted(ids)[: len(ids) // 2], sorted(ids)[len(ids) // 2 :]
        return {pk: mine for half in halves for pk, mine in self.load(set(half)).items()}

    @cached_property
    def links(self) -> Links:
        return linking.look_up(self.job.parents, self.job.whole.fields, self.values.values())

    @cached_property
    def linked_elsewhere(self) -> set[UUID]:
        """Of the carried ids those whose record is linked to another row."""
        ids = list(self.carried.values())
        found = rows.links(self.job.mapping.pk, self.job.mapping.record_type, ids) if ids else {}
        return {record for record, link in found.items() if link.deleted_at is None}

    @cached_property
    def put_apart(self) -> set[str]:
        """Rows of which a person undid what had joined them with a record."""
        ids = [row.remote_id for row in self.found if row.remote_id not in self.known]
        apart = RecordLink.everywhere.filter(target=self.job.mapping.pk, remote_id__in=ids, apart=True)
        return set(apart.values_list("remote_id", flat=True)) if ids else set()

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why rows could not be taken in, where that is known."""
        if not self.job.reads:
            return {}
        ids = [row.remote_id for row in self.found]
        known = Stray.everywhere.filter(target=self.job.mapping.pk, remote_id__in=ids)
        return dict(known.values_list("remote_id", "sentence"))

    @cached_property
    def contested(self) -> Mapping[UUID, set[str]]:
        ids = [record for record, _link in self.known.values()]
        return conflicts.contested(self.job.mapping.pk, ids) if self.job.reads and ids else {}

    @cached_property
    def rules(self) -> dict[str, Rule]:
        return {rule.ours: rule for rule in self.job.rules.all}

    # --- judging ------------------------------------------------------------------------------------------------------

    def verdicts(self) -> list[Verdict]:
        """One for each row."""
        return [self.of_pair(row) if row.remote_id in self.known else self.of_stranger(row) for row in self.found]

    def of_pair(self, row: RemoteRow) -> Verdict:
        record, link = self.known[row.remote_id]
        mine = self.values.get(record)
        if record in self.broken:
            said = _("This record could not be read because of a fault in the hub.")
            return Verdict(Kind.DIFFERS, record, row.remote_id, sentence=said)
        if mine is None:
            return self.of_orphan(record, row)
        if not wanted(self.job, mine):
            return Verdict(LEFT_OUT, record, row.remote_id)
        title = self.job.record_type.title(mine)
        try:
            fields = self.unlike(mine, row, link)
        except Exception:  # our bug, in this pair
            log.exception("a pair could not be compared", mapping=str(self.job.mapping.pk), record=str(record))
            said = _("This pair could not be compared because of a fault in the hub.")
            return Verdict(Kind.DIFFERS, record, row.remote_id, title, sentence=said)
        if not fields:
            return Verdict(EQUAL, record, row.remote_id)
        return Verdict(Kind.DIFFERS, record, row.remote_id, title, tuple(fields), self.why(record, row, fields))

    def why(self, record: UUID, row: RemoteRow, fields: Sequence[dict[str, Json]]) -> str:
        if self.contested.get(record, set()) & {one["field"] for one in fields}:
            return _("Both sides changed it to different values; it waits for a choice among the conflicts.")
        return self.reasons.get(row.remote_id, "")

    def of_orphan(self, record: UUID, row: RemoteRow) -> Verdict:
        """The record is not here any more. Where deleted records keep their rows, that is as it should be."""
        if self.job.writes and self.job.mapping.on_delete == DeletePolicy.KEEP:
            return Verdict(LEFT_OUT, record, row.remote_id)
        return Verdict(Kind.ONLY_THERE, record, row.remote_id, sentence=_("Its record was deleted here."))

    def of_stranger(self, row: RemoteRow) -> Verdict:
        """A row that no record of ours is linked to."""
        carried = self.carried.get(row.remote_id)
        mine = self.values.get(carried) if carried else None
        title = self.job.record_type.title(mine) if mine else ""
        if row.remote_id in self.put_apart:
            return Verdict(ALONE, remote_id=row.remote_id)
        if carried in self.linked_elsewhere:
            said = _("This row is a copy: the record it names is kept in step with another row.")
            return Verdict(Kind.COPY, carried, row.remote_id, title, sentence=said)
        if mine is not None and self.job.writes:
            return Verdict(LEFT_OUT, carried, row.remote_id)  # its record is found to have no link, once and not twice
        if self.job.reads and self.job.mapping.makes_here:
            return Verdict(Kind.ONLY_THERE, carried, row.remote_id, title, sentence=self.reasons.get(row.remote_id, ""))
        if carried is None:
            return Verdict(ALONE, remote_id=row.remote_id)
        said = _("This row carries the id of a record that is not here. Delete the row, or clear its Hub ID.")
        return Verdict(Kind.ONLY_THERE, carried, row.remote_id, title, sentence=said)

    def unlike(self, mine: Values, row: RemoteRow, link: Link) -> list[dict[str, Json]]:
        """The fields that are not equal."""
        return [
            {
                "field": one.ours.name,
                "ours": short(canonical(mine.get(one.ours.name))),
                "theirs": short(row.cells.get(one.remote_id)),
            }
            for one in self.job.whole.fields
            if not self.left_alone(one, row) and not self.alike(one, mine, row, link)
        ]

    def left_alone(self, one: MappedField, row: RemoteRow) -> bool:
        """Whether this field may differ: it is written only into new rows, or only where theirs is empty."""
        if one.direction is Direction.PULL:
            return False
        if one.write_mode is WriteMode.IF_NEW:
            return True
        return one.write_mode is WriteMode.IF_EMPTY and cell(row.cells.get(one.remote_id)) is not None

    def alike(self, one: MappedField, mine: Values, row: RemoteRow, link: Link) -> bool:
        value, theirs = mine.get(one.ours.name), cell(row.cells.get(one.remote_id))
        if one.ours.kind == "files":  # copied from there, and never sent
            return True
        if one.ours.kind == "file":
            return self.is_there(one, value, theirs, link)
        if one.remote_id in self.job.parents:
            return self.points_alike(one, value, theirs)
        return self.agreed(one, value, theirs, link) or self.job.rules.alike(self.rules[one.ours.name], mine, row)

    def agreed(self, one: MappedField, value: Value, theirs: Json, link: Link) -> bool:
        """Both are what they were at the last agreement."""
        ours, base = link.base_ours, link.base_theirs
        if not self.job.reads or one.ours.name not in ours or one.remote_id not in base:
            return False
        return canonical(value) == ours[one.ours.name] and theirs == cell(base[one.remote_id])

    def is_there(self, one: MappedField, value: Value, theirs: Json, link: Link) -> bool:
        """A file is not fetched to be compared: the one that was written is still in its cell, or is not."""
        written = isinstance(value, FileRef) and link.base_ours.get(one.ours.name) == canonical(value)
        return theirs is not None or not written

    def points_alike(self, one: MappedField, value: Value, theirs: Json) -> bool:
        """A link whose row is not known over there yet is owed; that row is a difference of its own table."""
        if not isinstance(value, Ref):
            return theirs is None
        remote_id = self.links.remote_id(one, value)
        return remote_id is None or theirs == [remote_id]


def wanted(job: Job, mine: Values) -> bool:
    return not job.mapping.filter or passes(mine, job.mapping.filter)


def uuid_of(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def short(value: Json) -> Json:
    """A value as it is kept to be shown."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, list | dict) and len(text := json.dumps(value, ensure_ascii=False)) > LONGEST:
        return text[:LONGEST] + "…"
    return value
