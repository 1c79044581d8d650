"""What was read at a provider becomes records by the same services, and under the same rules, as what people type."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from integration_hub.companies.models import Company
from integration_hub.contract.records import Entry, Files, RecordType, Unfit, Value
from integration_hub.records.models import Record
from integration_hub.records.record_types import finding
from integration_hub.records.record_types.fields import ATTACHMENTS, followed, named
from integration_hub.records.services import Invalid, attachments, together
from integration_hub.records.services.noun import Noun

PRIO = 2  # nobody waits for what is written back to where it came from
ACTOR = "sync"

Prepare = Callable[[Company, dict[str, Any], Any], dict[str, Any]]
Begin = together.Begin


def _as_it_is(company: Company, values: dict[str, Any], record: Any) -> dict[str, Any]:
    return values


@dataclass(frozen=True)
class _Ways:
    """The ways in for one kind of record, as contract.RecordType describes them."""

    noun: Noun[Any]
    prepare: Prepare
    many: Begin
    links: Sequence[str]  # the names of its link fields
    key: str

    def lock(self, company: UUID, ids: Sequence[UUID]) -> None:
        living = self.noun.model.everywhere.filter(company_id=company, deleted_at=None, pk__in=ids).order_by("pk")
        list(living.select_for_update(no_key=True).values_list("pk", flat=True))

    def save(self, company_id: UUID, entry: Entry) -> UUID:
        pk = self._save(company_id, entry)
        self._follow(company_id, pk, entry)
        return pk

    def _follow(self, company_id: UUID, pk: UUID, entry: Entry) -> None:
        """The record has the files that the entry speaks of; a new one without any has none to let go."""
        for cell in entry.values.values():
            if isinstance(cell, Files) and (entry.id is not None or cell.files):
                attachments.follow(company_id, self.key, pk, cell)

    def _save(self, company_id: UUID, entry: Entry) -> UUID:
        company = Company.objects.get(pk=company_id)
        record = _found(self.noun.model, company, entry.id)
        with _unfit(self.links):
            said = self.prepare(company, _said(entry.values), record)
            if record is None:
                made: UUID = self.noun.create(company, said, actor=ACTOR, prio=PRIO).pk
                return made
            if said:
                self.noun.update(record, said, actor=ACTOR, prio=PRIO)
        return UUID(str(record.pk))

    def save_many(self, company_id: UUID, entries: Sequence[Entry]) -> "list[UUID | Unfit]":
        """All together where that can be; else, also where one was refused too late, one by one."""
        if len(entries) > 1:
            try:
                with transaction.atomic():
                    return self._together(Company.objects.get(pk=company_id), entries)
            except (together.Alone, Invalid):
                pass
        return [self._alone(company_id, entry) for entry in entries]

    def _together(self, company: Company, entries: Sequence[Entry]) -> "list[UUID | Unfit]":
        said = [(entry.id, _said(entry.values)) for entry in entries]
        found = together.save(self.noun, company, said, self.many, prio=PRIO)
        for entry, pk in zip(entries, found, strict=True):
            if isinstance(pk, UUID):
                self._follow(company.pk, pk, entry)
        return [Unfit(named(one.errors, self.links)) if isinstance(one, Invalid) else one for one in found]

    def _alone(self, company_id: UUID, entry: Entry) -> "UUID | Unfit":
        try:
            with transaction.atomic():
                return self.save(company_id, entry)
        except Unfit as refusal:
            return refusal

    def remove(self, company_id: UUID, pk: UUID) -> None:
        record = _found(self.noun.model, Company.objects.get(pk=company_id), pk)
        if record is not None:
            with _unfit():
                self.noun.delete(record, actor=ACTOR, prio=PRIO)

    def restore(self, company_id: UUID, pk: UUID) -> None:
        with _unfit():
            self.noun.restore(Company.objects.get(pk=company_id), pk, actor=ACTOR, prio=PRIO)

    def cancel(self, company_id: UUID, pk: UUID) -> None:
        self.save(company_id, Entry(pk, {"status": finding.cancelled(self.noun.model)}))

    def find(self, company_id: UUID, name: str, values: Sequence[str]) -> dict[str, list[UUID]]:
        return finding.by_text(self.noun.model, company_id, name, values)


@contextmanager
def _unfit(links: Sequence[str] = ()) -> Iterator[None]:
    """What the services refuse, in the engine's words."""
    try:
        yield
    except Invalid as invalid:
        raise Unfit(named(invalid.errors, links)) from invalid


def taking(
    kind: RecordType, noun: Noun[Any], prepare: Prepare = _as_it_is, many: Begin = together.Ways.begun
) -> RecordType:
    """The kind with the way in. `prepare(company, values, record)` says what the service is to be told, where links are
    the ids of their foreign keys by then; the record is None for a new one. What the service does not know is refused
    by it. `many(company, said, records)` does the same for many at once."""
    links = [field.name for field in kind.fields if field.kind == "link"]
    ways = _Ways(noun, prepare, many, links, kind.key)
    return replace(
        kind,
        lock=ways.lock,
        save=ways.save,
        save_many=ways.save_many,
        remove=ways.remove,
        restore=ways.restore,
        cancel=ways.cancel if finding.cancelled(noun.model) else None,
        find=ways.find,
    )


def _found(model: type[Record], company: Company, pk: UUID | None) -> Any:
    """The living record, None for a new one; Unfit when it was deleted meanwhile."""
    if pk is None:
        return None
    record = model.everywhere.filter(company_id=company.pk, deleted_at=None, pk=pk).first()
    if record is not None:
        record.company = company
    return record


def _said(values: Mapping[str, Value]) -> dict[str, Any]:
    """An empty cell empties the field; several words stay several; a link is the id of what it leads to; files are
    kept beside the record."""
    said = {name: value for name, value in values.items() if name != ATTACHMENTS.name}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in followed(said).items()}
