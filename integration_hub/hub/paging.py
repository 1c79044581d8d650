"""Paging by "newer" and "older" that costs the same on every page: no counting, one row more than is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from integration_hub.rest.paging import following

SIZE = 50
DEEPEST = 200  # pages; further back is found by filtering


@dataclass(frozen=True)
class Page:
    rows: Sequence[Any]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def is_only(self) -> bool:
        return not self.has_next and not self.has_previous


def paged(request: HttpRequest, rows: "QuerySet[Any]", size: int = SIZE) -> Page:
    """The page that `?page=` names; nonsense is the first one."""
    asked = request.GET.get("page", "1")
    number = min(max(int(asked), 1), DEEPEST) if asked.isascii() and asked.isdigit() else 1
    start = (number - 1) * size
    found: list[Model] = list(rows[start : start + size + 1])
    return Page(found[:size], number, len(found) > size and number < DEEPEST)


@dataclass(frozen=True)
class Stretch:
    """Some rows of a long list, wherever in it. `after` names the last one, from which older ones are read on."""

    rows: Sequence[Any]
    is_first: bool
    after: str

    @property
    def is_only(self) -> bool:
        return self.is_first and not self.after


def stretch(request: HttpRequest, rows: "QuerySet[Any]", size: int = SIZE) -> Stretch:
    """The rows after the one that `?after=` names, in their own order of plain columns ending in the key: as quick at
    the end of the list as at its beginning. Nonsense, and a row that is no more, is the beginning."""
    last = _named(request, rows.model, request.GET.get("after", ""))
    if last is not None:
        rows = rows.filter(following(last, [str(name) for name in rows.query.order_by]))
    found: list[Model] = list(rows[: size + 1])
    after = str(found[size - 1].pk) if len(found) > size else ""
    return Stretch(found[:size], last is None, after)


def _named(request: HttpRequest, model: Any, pk: str) -> Model | None:
    """One of the company's rows; it need not fit the filters any more."""
    try:
        found: Model | None = model.everywhere.filter(company=getattr(request, "company", None), pk=pk).first()
    except (ValidationError, ValueError):
        return None
    return found
