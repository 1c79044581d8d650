"""The ids that many orders name, turned into rows: a query for each kind, however many orders there are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer, Record, TicketType

Told = Mapping[str, Any]


class Absent:
    """Somebody looked for this id, and the company has no such row."""


ABSENT = Absent()


def found(company: Company, told: Sequence[Told]) -> list[Told]:
    """What was said of orders, with customers and ticket types in the place of their ids."""
    lines = [line for data in told for line in _lines(data)]
    customers = rows(company, Customer, (data.get("customer") for data in told))
    kinds = rows(company, TicketType, (line.get("ticket_type") for line in lines))
    return [_with(data, customers, kinds) for data in told] if customers or kinds else list(told)


def _lines(data: Told) -> list[Told]:
    lines = data.get("items")
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def rows(company: Company, model: type[Record], named: Iterable[Any]) -> dict[UUID, Record | Absent]:
    """The living rows of these ids in one query; ABSENT for those the company has not."""
    ids = {value for value in named if isinstance(value, UUID)}
    found: dict[UUID, Record | Absent] = dict.fromkeys(ids, ABSENT)
    if ids:
        living = model.everywhere.filter(company_id=company.pk, deleted_at=None, pk__in=ids)
        for row in living.select_related("event") if model is TicketType else living:
            row.company = company
            found[row.pk] = row
    return found


def _with(data: Told, customers: Mapping[UUID, Any], kinds: Mapping[UUID, Any]) -> Told:
    said = dict(data)
    if isinstance(data.get("customer"), UUID):
        said["customer"] = customers[data["customer"]]
    if isinstance(data.get("items"), list):
        said["items"] = [_line(line, kinds) for line in data["items"]]
    return said


def _line(line: Any, kinds: Mapping[UUID, Any]) -> Any:
    if not isinstance(line, Mapping) or not isinstance(line.get("ticket_type"), UUID):
        return line
    return {**line, "ticket_type": kinds[line["ticket_type"]]}
