"""The row of figures on the Overview: the last 24 hours in numbers, each with its unit or whole."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Avg, Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.models import Company
from integration_hub.http.models import IntegrationMetric
from integration_hub.hub.cards import Card

RUNS = "sync"  # the metric of a whole run; its calls have metrics of their own


class Figure(NamedTuple):
    value: str
    label: str


def figures(company: Company, cards: Sequence[Card]) -> list[Figure]:
    """Four figures from one query and the cards at hand."""
    day = IntegrationMetric.everywhere.filter(company=company, at__gte=timezone.now() - timedelta(hours=24))
    told = day.exclude(action=RUNS).aggregate(
        calls=Count("pk"),
        good=Count("pk", filter=Q(success=True)),
        moved=Sum("records_synced"),
        took=Avg("duration_ms"),
    )
    connected = sum(card.is_connected for card in cards)
    waiting, dead = sum(card.waiting for card in cards), sum(card.dead for card in cards)
    return [
        Figure(
            _("%(part)d of %(whole)d") % {"part": connected, "whole": len(cards)},
            ngettext("provider connected", "providers connected", len(cards)),
        ),
        Figure(intcomma(told["moved"] or 0), _("records moved, 24 h")),
        Figure(share(told["good"], told["calls"]), _("of calls succeeded, 24 h")),
        Figure(_("%(ms)d ms") % {"ms": told["took"]} if told["calls"] else "–", _("a call, on average")),
        Figure(intcomma(waiting), _("waiting, %(dead)s given up") % {"dead": intcomma(dead)}),
    ]


def share(part: int, whole: int) -> str:
    """A percentage that says 100 only when it is: 99.97 %."""
    if not whole:
        return "–"
    if part == whole:
        return "100 %"
    return f"{int(part / whole * 10_000) / 100:.2f}".rstrip("0").rstrip(".") + " %"
