"""Who else has a number that only one may have: asked record by record, or known beforehand for many at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from integration_hub.companies.models import Company
from integration_hub.records.models import Record

UNIQUE = ("order_number", "reference")


class Rivals:
    """The living records of one kind that have these values, and what is planned for some of them meanwhile."""

    def __init__(self, model: type[Record], company: Company) -> None:
        self.model, self.company = model, company
        self.asked: dict[str, set[str]] = defaultdict(set)
        self.holders: dict[tuple[str, str], set[UUID]] = defaultdict(set)
        self.planned: dict[str, dict[UUID, str]] = defaultdict(dict)

    def ask(self, field: str, values: set[str]) -> None:
        """Look for all who have one of these."""
        for value, pk in _living(self.model, self.company.pk, field, values).values_list(field, "pk"):
            self.holders[field, value].add(pk)
        self.asked[field] |= values

    def note(self, record: Record) -> None:
        """This one will have these values."""
        for field in self.asked:
            self.planned[field][record.pk] = getattr(record, field)

    def has(self, record: Record, field: str, value: str) -> bool:
        """Whether another one has this value, or will."""
        if value not in self.asked[field]:
            self.ask(field, {value})
        planned = self.planned[field]
        others = self.holders[field, value] - planned.keys()
        others |= {pk for pk, theirs in planned.items() if theirs == value}
        return bool(others - {record.pk})


_open: ContextVar[Rivals | None] = ContextVar("rivals", default=None)


@contextmanager
def known(model: type[Record], company: Company, said: Sequence[Mapping[str, Any]]) -> Iterator[Rivals]:
    """Inside, those who have the same numbers as are said of these records are known without further questions."""
    found = Rivals(model, company)
    names = {field.name for field in model._meta.concrete_fields}
    for field in UNIQUE:
        if field in names:
            found.ask(field, _texts(values.get(field) for values in said))
    token = _open.set(found)
    try:
        yield found
    finally:
        _open.reset(token)


def others(record: Record, field: str) -> bool:
    """Whether another living record of the company has the same value in this field; an empty one is nobody's."""
    value = getattr(record, field)
    if not value:
        return False
    found = _open.get()
    if found is not None and found.model is type(record) and found.company.pk == record.company_id and field in UNIQUE:
        return found.has(record, field, value)
    return bool(_living(type(record), record.company_id, field, {value}).exclude(pk=record.pk).exists())


def _texts(values: Iterable[Any]) -> set[str]:
    texts = {value.strip() for value in values if isinstance(value, str)}
    return {text for text in texts if text and "\x00" not in text}


def _living(model: type[Record], company: UUID, field: str, values: set[str]) -> Any:
    return model.everywhere.filter(company_id=company, deleted_at=None, **{f"{field}__in": values})
