"""Many records of one kind, each as if they were saved one after the other, in a handful of statements for all.

What one of them leaves behind the next one finds: who has which number, and who was made a customer a moment ago. Where
that cannot be known beforehand, or one of them is refused only at the end, `Alone` says that they are to be saved one
by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from django.db import models

from integration_hub.companies.models import Company
from integration_hub.records.models import Event, Order, OrderItem, Record, Ticket
from integration_hub.records.services import bulk, many, references, rivals
from integration_hub.records.services.bulk import Plan
from integration_hub.records.services.errors import Invalid
from integration_hub.records.services.noun import Noun, copied
from integration_hub.records.services.unit import Unit, work

Said: TypeAlias = "tuple[UUID | None, dict[str, Any]]"  # the record (None: a new one), and what is said of it
FOLLOWED: Mapping[type[models.Model], tuple[str, ...]] = {
    Event: ("branch",),
    Order: ("customer",),
    Ticket: ("event", "ticket_type", "order_item__order"),
}


class Alone(Exception):
    """These cannot be saved together."""


class Ways:
    """What saving many needs to know beside the noun: nothing, where records say all by themselves."""

    @classmethod
    def begun(cls, company: Company, said: Sequence[Mapping[str, Any]], there: Iterable[Any]) -> "Ways":
        """For these records of a company; `there`: those that exist already."""
        return cls()

    def prepared(self, company: Company, values: dict[str, Any], record: Any) -> dict[str, Any]:
        """What the service is to be told."""
        return values

    def mark(self) -> int:
        """How far it came, for `back`."""
        return 0

    def back(self, mark: int) -> None:
        """What was made since is not wanted: the record was refused."""

    def write(self, unit: Unit) -> None:
        """Save what was made for the records, before them."""


Begin: TypeAlias = Callable[[Company, Sequence[Mapping[str, Any]], Iterable[Any]], Ways]


def save(noun: Noun[Any], company: Company, said: Sequence[Said], begin: Begin, *, prio: int) -> "list[UUID | Invalid]":
    """The id of each record, or what is wrong with it, in order. Alone or Invalid when they must be saved one by one;
    the caller undoes the transaction then."""
    ids = [pk for pk, _values in said if pk is not None]
    if len(set(ids)) < len(ids):
        raise Alone
    results: list[UUID | Invalid] = []
    plans: list[Plan[Any]] = []
    told = [values for _pk, values in said]
    with work(company.pk, prio) as unit, rivals.known(noun.model, company, told) as others:
        there = _locked(noun, company, ids)
        ways = begin(company, told, there.values())
        named = _named(company, noun.model, told)
        for pk, values in said:
            mark = ways.mark()
            try:
                known = there.get(pk) if pk else None
                said_so = ways.prepared(company, values, known)
                plan = _plan(noun, company, known, {name: _row(named, name, one) for name, one in said_so.items()})
            except Invalid as invalid:
                ways.back(mark)
                results.append(invalid)
                continue
            others.note(plan.now)
            plans.append(plan)
            results.append(plan.now.pk)
        ways.write(unit)
        _write(unit, noun, plans)
    return results


def _locked(noun: Noun[Any], company: Company, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """These records as they are now, with what they hang on, locked."""
    if not ids:
        return {}
    rows = noun.model.everywhere.filter(company_id=company.pk, deleted_at=None, pk__in=ids).order_by("pk")
    rows = rows.select_for_update(no_key=True, of=("self",)).select_related(*FOLLOWED.get(noun.model, ()))
    found = {row.pk: row for row in rows}
    for row in found.values():
        row.company = company
    if noun.model is Order:
        _with_lines(found, company)
    return found


def _with_lines(found: Mapping[UUID, Any], company: Company) -> None:
    for order in found.values():
        order.known_lines = []
    lines = OrderItem.everywhere.filter(order__in=list(found), deleted_at=None).select_related("ticket_type")
    for item in lines.order_by("order", "position", "id"):
        item.company = company
        found[item.order_id].known_lines.append(item)


def _row(named: Mapping[str, Mapping[UUID, Any]], name: str, value: Any) -> Any:
    """The row of an id that was looked for beforehand."""
    return named[name].get(value, value) if name in named and isinstance(value, UUID) else value


def _plan(noun: Noun[Any], company: Company, known: Any, values: Mapping[str, Any]) -> Plan[Any]:
    if known is None:
        return Plan(noun.built(company, values), None)
    now = copied(known)
    return Plan(now, known, noun.changed(now, known, values))


def _write(unit: Unit, noun: Noun[Any], plans: Sequence[Plan[Any]]) -> None:
    if noun.model is Order:
        bulk.insert_orders(unit, [plan.now for plan in plans if plan.before is None])
        bulk.store_orders(unit, [plan for plan in plans if plan.before is not None and plan.changed])
    else:
        many.store(unit, noun, plans)


def _named(company: Company, model: type[Record], told: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[UUID, Any]]:
    """The rows whose ids are said for foreign keys, by field: one query for each."""
    keys = {field.name: field.related_model for field in model._meta.concrete_fields if field.is_relation}
    found: dict[str, Mapping[UUID, Any]] = {}
    for name, other in keys.items():
        ids = {values[name] for values in told if isinstance(values.get(name), UUID)}
        if ids and isinstance(other, type) and issubclass(other, Record):
            found[name] = references.rows(company, other, ids)
    return found
