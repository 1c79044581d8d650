"""What was read at a provider becomes records by the same services, and under the same rules, as what people type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from integration_hub.companies.models import Company
from integration_hub.contract.records import Entry, RecordType, Unfit, Value
from integration_hub.records.models import Record
from integration_hub.records.services import Invalid
from integration_hub.records.services.noun import Noun

PRIO = 2  # nobody waits for what is written back to where it came from
ACTOR = "sync"

Prepare = Callable[[Company, dict[str, Any], Any], dict[str, Any]]


def _as_it_is(company: Company, values: dict[str, Any], record: Any) -> dict[str, Any]:
    return values


def taking(kind: RecordType, noun: Noun[Any], prepare: Prepare = _as_it_is) -> RecordType:
    """The kind with the way in. `prepare(company, values, record)` says what the service is to be told; the record is
    None for a new one. What the service does not know is refused by it."""

    def lock(company: UUID, ids: Sequence[UUID]) -> None:
        living = noun.model.everywhere.filter(company_id=company, deleted_at=None, pk__in=ids).order_by("pk")
        list(living.select_for_update(no_key=True).values_list("pk", flat=True))

    def save(company_id: UUID, entry: Entry) -> UUID:
        company = Company.objects.get(pk=company_id)
        record = _found(noun.model, company, entry.id)
        try:
            said = prepare(company, _said(entry.values), record)
            if record is None:
                made: UUID = noun.create(company, said, actor=ACTOR, prio=PRIO).pk
                return made
            noun.update(record, said, actor=ACTOR, prio=PRIO)
        except Invalid as invalid:
            raise Unfit(invalid.errors) from invalid
        return record.pk

    def remove(company_id: UUID, pk: UUID) -> None:
        record = _found(noun.model, Company.objects.get(pk=company_id), pk)
        if record is None:
            return
        try:
            noun.delete(record, actor=ACTOR, prio=PRIO)
        except Invalid as invalid:
            raise Unfit(invalid.errors) from invalid

    return replace(kind, lock=lock, save=save, remove=remove)


def _found(model: type[Record], company: Company, pk: UUID | None) -> Any:
    """The living record, None for a new one; Unfit when it was deleted meanwhile."""
    if pk is None:
        return None
    record = model.everywhere.filter(company_id=company.pk, deleted_at=None, pk=pk).first()
    if record is not None:
        record.company = company
    return record


def _said(values: Mapping[str, Value]) -> dict[str, Any]:
    """An empty cell empties the field; several words stay several."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
