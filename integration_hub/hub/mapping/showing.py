"""One record as it would be written, in words; how many records pass; and finding another record to look at."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from integration_hub.companies.requests import HubRequest
from integration_hub.contract import RecordType
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.hub.cards import counted
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.turning import draft
from integration_hub.hub.mapping.typed import Typed
from integration_hub.hub.values import said
from integration_hub.sync import examples as one_record
from integration_hub.sync import filters
from integration_hub.sync.drafts import InvalidMapping
from integration_hub.sync.examples import Cell

LOOKED_AT = 500  # records a count or a search without an index looks at
FOUND = 8  # records a search offers
LONGEST = 300  # characters of a cell that are shown


@dataclass(frozen=True)
class Example:
    """A cell in words; `sentence` says why it cannot be written."""

    text: str = ""
    sentence: str = ""
    is_empty: bool = False


@dataclass(frozen=True)
class Found:
    """A record that was found; `id` and what people call it."""

    id: UUID
    title: str


def record(desk: Desk, typed: Typed) -> one_record.Example | None:
    """The record as this form would write it; None without records, or before the table is known."""
    if desk.resource is None:
        return None
    wanted = draft(typed, desk)
    company = desk.connection.company_id
    try:
        return one_record.example(desk.connection, wanted, typed.record) or _first(desk, typed, company)
    except (filters.InvalidFilter, InvalidMapping):  # said beside the filter; the cells can be shown all the same
        return one_record.example(desk.connection, draft(_unfiltered(typed), desk), typed.record)


def _first(desk: Desk, typed: Typed, company: UUID) -> one_record.Example | None:
    """The chosen record is gone: the first one instead."""
    return one_record.example(desk.connection, draft(typed, desk)) if typed.record else None


def _unfiltered(typed: Typed) -> Typed:
    return replace(typed, conditions=())


def examples(shown: one_record.Example | None) -> Map[tuple[str, str], Example]:
    """By our field and the remote one."""
    cells = shown.cells if shown else ()
    return {(cell.mapped.ours.name, cell.mapped.remote_id): example(cell) for cell in cells}


def example(cell: Cell) -> Example:
    if cell.sentence:
        return Example(sentence=cell.sentence)
    text = cell.note or words(cell.cell)
    return Example(text[:LONGEST] + "…" * (len(text) > LONGEST), is_empty=not text)


def words(cell: Json) -> str:
    """A cell as people read it; empty stays empty."""
    if cell is None or cell in ("", []):
        return ""
    if isinstance(cell, dict):
        return ", ".join(words(part) for part in cell.values())
    if isinstance(cell, list):
        return ", ".join(words(part) for part in cell)
    return said(cell)


def how_many(record_type: RecordType, company: UUID, conditions: list[dict[str, Any]]) -> str:
    """How many records pass, as far as it is cheap to know; empty where the filter cannot be understood."""
    whole = counted(company, record_type.key)
    name = {"plural": _(record_type.plural), "whole": intcomma(whole)}
    if not conditions:
        return _("%(plural)s: all %(whole)s.") % name
    try:
        checked = filters.checked(record_type, conditions)
    except filters.InvalidFilter:
        return ""
    values = record_type.load(company, list(record_type.scan(company, None, LOOKED_AT)))
    passing = sum(filters.passes(mine, checked) for mine in values.values())
    name |= {"n": intcomma(passing), "looked": intcomma(len(values))}
    if whole <= len(values):
        return _("%(plural)s: %(n)s of %(whole)s.") % name
    return _("%(plural)s: %(n)s of the first %(looked)s; there are %(whole)s.") % name


def find(request: HubRequest, record_type: RecordType, company: UUID, q: str) -> list[Found]:
    """Records that fit the words, found as their own list finds them, else by title among the first few hundred."""
    first = record_type.scan(company, None, 1)
    values = record_type.load(company, _searched(request, record_type, first[0], q)) if first else {}
    found = _titled(record_type, values)
    if found or not first:
        return found
    values = record_type.load(company, list(record_type.scan(company, None, LOOKED_AT)))
    return [one for one in _titled(record_type, values) if q.casefold() in one.title.casefold()][:FOUND]


def _titled(record_type: RecordType, values: Map[UUID, Values]) -> list[Found]:
    return [Found(pk, record_type.title(mine)) for pk, mine in values.items()]


def _searched(request: HubRequest, record_type: RecordType, example: UUID, q: str) -> list[UUID]:
    """Ask the list on which people see these records, known by the page of one of them."""
    try:
        page: Any = getattr(resolve(record_type.address(example)).func, "model_admin", None)
    except Resolver404:
        return []
    if page is None or not page.get_search_fields(request):
        return []
    rows, _twice = page.get_search_results(request, page.get_queryset(request), q)
    return list(rows.order_by("-pk").values_list("pk", flat=True).distinct()[:FOUND])
