"""Paging by "newer" and "older" that costs the same on every page: no counting, one row more than is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest

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
