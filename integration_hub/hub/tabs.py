"""What every tab of the hub shows above its own content: the tab bar and what needs somebody."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.hub import remedies
from integration_hub.hub.cards import Card
from integration_hub.notices.models import Problem


class Tab(NamedTuple):
    label: str
    url: str
    current: bool
    kind: str = ""  # of the state dot
    word: str = ""  # the state in a word, for those who do not see the dot


def tabs(cards: Iterable[Card], current: str = "") -> list[Tab]:
    """Overview, and one tab per declared provider; `current` is a provider's key."""
    first = Tab(_("Overview"), reverse("hub:overview"), current == "")
    rest = [
        Tab(c.provider.name, reverse("hub:provider", args=[c.provider.key]), c.provider.key == current, c.kind, c.word)
        for c in cards
    ]
    return [first, *rest]


def open_problems(company: Company, limit: int, provider: str = "") -> list[Problem]:
    """The worst first, then the oldest: it has waited longest."""
    rows = Problem.everywhere.filter(company=company, closed_at=None)
    if provider:
        rows = rows.filter(provider=provider)
    return with_remedies(list(rows.order_by("severity", "since")[:limit]))


def with_remedies(rows: Sequence[Any]) -> list[Any]:
    """Each problem with its `remedy` (what its button does here, or None) and its `lead` (the page it leads to)."""
    for row in rows:
        row.remedy, row.lead = remedies.remedy(row), remedies.lead(row)
    return list(rows)
