"""Rows that were read, brought into our records: a few of them in one transaction, under the lane's fence.

What to do is decided inside the transaction, with the records locked and read anew: an edit that came while the row was
being read is seen. Field by field it is `sync.merge` that decides; our own services write, and their rules hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from integration_hub.contract import Entry, ProviderError, RemoteRow, Unfit
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value, Values
from integration_hub.sync import lanes, linking, noting, rows
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.links import Awaited, Debt
from integration_hub.sync.merge import Merge, Moments, Rule, Sides, cell, merge
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.pacing import paced
from integration_hub.sync.plan import unsigned
from integration_hub.sync.rows import Link, Pending
from integration_hub.sync.rules import Rules
from integration_hub.sync.targets import Job
from integration_hub.sync.turn import Slice

AT_ONCE, AT_ONCE_POLITE = 100, 20  # rows a transaction takes; SQLite's lock is held for about 20 ms


@dataclass
class Brought:
    """What became of one row. `link`: as it is to be kept now; `troubles`: sentences by our field name ("" the whole);
    `changes`: our values before and after, for the run; `image`: what taking that back needs (models.SyncWrite)."""

    row: RemoteRow
    record_id: UUID
    link: Link
    merge: Merge
    outcome: str = ""
    title: str = ""
    troubles: dict[str, str] = field(default_factory=dict)
    owed: dict[str, Debt] = field(default_factory=dict)
    changes: list[dict[str, Json]] = field(default_factory=list)
    image: dict[str, Json] = field(default_factory=dict)

    @property
    def settled(self) -> list[Rule]:
        """The rules on which both sides agree now."""
        both = (*self.merge.pull, *self.merge.agree)
        return [rule for rule in both if rule.ours not in self.troubles and rule.ours not in self.owed]


def at_once() -> int:
    return AT_ONCE_POLITE if connection.vendor == "sqlite" else AT_ONCE


def take_linked(turn: Slice, found: Sequence[tuple[RemoteRow, UUID]]) -> None:
    """Merge these rows into the records they are linked to."""
    for start in range(0, len(found), at_once()):
        part = {record: row for row, record in found[start : start + at_once()]}
        turn.attend()
        with paced():
            now = lanes.fence(turn.held)
            desk = Desk(turn.job, now, list(part), part.values())
            noting.settle(turn, desk.merged(part), desk)


class Desk:
    """Some records of one mapping, locked, with their links and work, as they are inside this transaction. `met`: the
    rows that are to be taken in."""

    def __init__(self, job: Job, now: datetime, ids: Sequence[UUID], met: Iterable[RemoteRow] = ()) -> None:
        self.job, self.now = job, now
        self.company = job.mapping.company_id
        self.rules: Rules = job.rules.knowing(linking.meant(job.parents, job.whole.fields, job.sink, met))
        assert job.record_type.lock is not None
        job.record_type.lock(self.company, ids)
        self.values = job.record_type.load(self.company, ids)
        self.links = rows.links(job.mapping.pk, job.mapping.record_type, ids)
        self.work = rows.pending(job.mapping.pk, job.mapping.record_type, ids)

    def merged(self, part: Mapping[UUID, RemoteRow]) -> list[Brought]:
        """One result for each row whose link and record are still there."""
        brought = [
            self.decided(row, record, self.links[record], self.values[record])
            for record, row in part.items()
            if self._still(record, row)
        ]
        return self.closed(self.pulled(brought))

    def _still(self, record: UUID, row: RemoteRow) -> bool:
        link = self.links.get(record)
        return bool(link and link.deleted_at is None and link.remote_id == row.remote_id and record in self.values)

    def decided(self, row: RemoteRow, record: UUID, link: Link, mine: Values) -> Brought:
        """What is to be done; nothing is saved yet."""
        sides = self.sides(row, link, mine, self.work.get(record))
        found = merge(self.rules.all, sides, lambda rule, _ours, _theirs: self.rules.alike(rule, mine, row))
        return Brought(row, record, link, found, title=self.job.record_type.title(mine))

    def sides(self, row: RemoteRow, link: Link, mine: Values, work: Pending | None) -> Sides:
        """Both sides and their bases. Cells that a call of ours may have written since are no edit of theirs: they
        count as agreed."""
        rules = self.rules
        ours = canonical_fields(mine, rules.names)
        theirs = rules.cells({**dict.fromkeys(one.remote_id for one in rules.fields), **row.cells})
        base_ours, base_theirs = dict(link.base_ours), rules.cells(link.base_theirs)
        for name, tried in (work.tried if work else {}).items():
            mapped = rules.names.get(name)
            found = theirs.get(mapped.remote_id) if mapped else None
            for value, written in tried:
                if mapped and found != base_theirs.get(mapped.remote_id) and cell(written) == found:
                    base_ours[name], base_theirs[mapped.remote_id] = value, found
        moments = Moments(work.changed_at if work and work.is_due else None, row.changed_at)
        return Sides(rules.by_id(ours), theirs, rules.by_id(base_ours), base_theirs, moments)

    def pulled(self, brought: list[Brought]) -> list[Brought]:
        """Save their values, all rows together; once more without the fields that our rules refuse."""
        wanted = [(done, values) for done in brought if done.merge.pull and (values := self.readable(done))]
        while wanted:
            saved = self.save_many([Entry(done.record_id, values) for done, values in wanted])
            left = []
            for (done, values), result in zip(wanted, saved, strict=True):
                if not isinstance(result, Unfit):
                    done.outcome = Outcome.UPDATED
                elif remaining := _without_refused(done, values, result):
                    left.append((done, remaining))
            wanted = left
        return brought

    def readable(self, done: Brought) -> dict[str, Value]:
        """Their values in our words; what cannot be read is noted as trouble, what is not known yet as owed."""
        values: dict[str, Value] = {}
        for rule in done.merge.pull:
            try:
                values[rule.ours] = self.rules.value(rule, done.row)
            except Awaited as awaited:
                done.owed[rule.ours] = awaited.debt
            except ProviderError as refusal:
                done.troubles[rule.ours] = refusal.sentence
        return values

    def save_many(self, entries: Sequence[Entry]) -> "Sequence[UUID | Unfit]":
        """Save these by our own rules: each one's id, or what they refuse."""
        if self.job.record_type.save_many is not None:
            return self.job.record_type.save_many(self.company, entries)
        return [self.tried(entry) for entry in entries]

    def tried(self, entry: Entry) -> "UUID | Unfit":
        """Save this one: its id, or what our rules refuse."""
        try:
            return self.save(entry)
        except Unfit as refusal:
            return refusal

    def save(self, entry: Entry) -> UUID:
        """Save by our own rules, in a savepoint; Unfit when they refuse."""
        assert self.job.record_type.save is not None
        with transaction.atomic():
            return self.job.record_type.save(self.company, entry)

    def closed(self, brought: list[Brought]) -> list[Brought]:
        """The links as they are to be kept: the values as our own rules left them, the cells as they were read."""
        before_saving = self.values
        self.refresh([done.record_id for done in brought if done.outcome])
        for done in brought:
            mine = self.values[done.record_id]
            before = canonical_fields(before_saving[done.record_id], self.rules.names)
            now = canonical_fields(mine, self.rules.names)
            names = [rule.ours for rule in done.settled]
            base_ours = {**done.link.base_ours, **{name: now[name] for name in names}}
            cells = {rule.remote_id: done.row.cells.get(rule.remote_id) for rule in done.settled}
            done.image = {
                rule.ours: [before[rule.ours], now[rule.ours], rule.remote_id, theirs, cells[rule.remote_id]]
                for rule in done.settled
                for theirs in [done.link.base_theirs.get(rule.remote_id)]
                if done.outcome and before[rule.ours] != now[rule.ours]
            }
            done.link = done.link._replace(base_ours=base_ours, base_theirs={**done.link.base_theirs, **cells})
            done.changes = [
                {"field": self.job.label(name), "before": before.get(name), "after": now[name]}
                for name in now
                if done.outcome and before.get(name) != now[name]
            ]
        return brought

    def title(self, record: UUID) -> str:
        return self.job.record_type.title(self.values[record])

    def refresh(self, ids: Sequence[UUID]) -> None:
        """Read these records anew: they were made or changed just now."""
        self.values = {**self.values, **(self.job.record_type.load(self.company, ids) if ids else {})}

    def ours(self, record: UUID, name: str) -> Json:
        """Our canonical value of this field now."""
        return canonical_fields(self.values[record], [name])[name]

    def owes_a_push(self, done: Brought) -> bool:
        """Whether something of ours is still to be written over there, our id for one."""
        if self.job.writes and unsigned(done.link.base_theirs, self.job.target.merge_on, done.record_id):
            return True
        mine = self.values[done.record_id]
        left = merge(self.rules.all, self.sides(done.row, done.link, mine, None), lambda *_: False)
        return bool(left.push)


def _without_refused(done: Brought, values: Mapping[str, Value], refusal: Unfit) -> dict[str, Value]:
    """What is left to be saved without the fields that were refused, which are noted; nothing where it is no field."""
    named = refusal.errors.keys() & values.keys()
    for name, sentences in refusal.errors.items():
        done.troubles[name if name in values else ""] = " ".join(sentences)
    if not named:
        done.troubles |= {rule.ours: done.troubles[""] for rule in done.merge.pull}
        return {}
    return {name: value for name, value in values.items() if name not in named}
