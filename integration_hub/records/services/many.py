"""Several records of one kind in one transaction and a handful of statements: events, tickets, branches, staff,
appointments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer
from integration_hub.records.services import statements
from integration_hub.records.services.bulk import PRIO_BACKFILL, Outcome, Plan, insert_customers
from integration_hub.records.services.errors import GENERAL, Invalid
from integration_hub.records.services.noun import Noun, copied
from integration_hub.records.services.unit import Unit, work

Entry = tuple[Mapping[str, Any], Any]  # what is said, and the record that is there (None: a new one)


def plan(noun: Noun[Any], company: Company, entry: Entry) -> Plan[Any]:
    """What saving the entry would do; Invalid when it cannot be."""
    data, known = entry
    if known is None:
        return Plan(noun.built(company, data), None)
    now = copied(known)
    return Plan(now, known, noun.changed(now, known, data))


def save(noun: Noun[Any], company: Company, entries: Sequence[Entry], new: Sequence[Customer] = ()) -> Outcome:
    """Create or update these, after the customers that were made for them. Invalid undoes all of them."""
    outcome = Outcome()
    with work(company.pk, PRIO_BACKFILL) as unit:
        insert_customers(unit, new, outcome)
        known = _locked(noun, company, [record for _data, record in entries if record is not None])
        for data, record in entries:
            done = plan(noun, company, (data, None if record is None else _still(known, record)))
            outcome.count(done)
            if done.changed:
                known[done.now.pk] = done.now  # another row may be about the same record
        store(unit, noun, outcome.plans)
    return outcome


def _locked(noun: Noun[Any], company: Company, records: Iterable[Any]) -> dict[UUID, Any]:
    """These records as they are now, in one query. What they hang on is known already, where it is the same."""
    before = {record.pk: record for record in records}
    rows = noun.model.everywhere.filter(company_id=company.pk, deleted_at=None, pk__in=before).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True)}
    for row in found.values():
        hanging = before[row.pk]._state.fields_cache
        for name, other in hanging.items():
            if other is not None and getattr(row, f"{name}_id") == other.pk:
                setattr(row, name, other)
        row.company = company
    return found


def _still(known: Mapping[UUID, Any], record: Any) -> Any:
    if record.pk not in known:
        raise Invalid({GENERAL: [_("It was deleted in the meantime.")]})
    return known[record.pk]


def store(unit: Unit, noun: Noun[Any], plans: Sequence[Plan[Any]]) -> None:
    """Write what is new and what changed, each record once, and tell who hangs on it."""
    moment = timezone.now()
    changed = {}
    for one in plans:
        if one.before is not None and one.changed:
            one.now.updated_at = moment
            changed[one.now.pk] = one.now
    new = [one.now for one in plans if one.before is None]
    statements.insert(new)
    statements.update([*changed.values()], (*noun.fields, "updated_at"))
    unit.made(noun.key, *(record.pk for record in new))
    unit.touch(noun.key, *changed)
    for one in plans:
        if one.before is None or one.changed:
            noun.ripples(unit, one.now, one.before, one.changed or frozenset(noun.fields))
