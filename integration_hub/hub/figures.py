"""The row of figures on the Overview: the last 24 hours in numbers, each with its unit or whole."""

from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.hub.cards import Card
from integration_hub.hub.day import Day


class Figure(NamedTuple):
    value: str
    label: str


def figures(day: Day, cards: Sequence[Card]) -> list[Figure]:
    """Five figures from what the cards have read already."""
    told = day.whole
    connected = sum(card.is_connected for card in cards)
    waiting, dead = sum(card.waiting for card in cards), sum(card.dead for card in cards)
    return [
        Figure(
            _("%(part)d of %(whole)d") % {"part": connected, "whole": len(cards)},
            ngettext("provider connected", "providers connected", len(cards)),
        ),
        Figure(intcomma(told.moved), _("records moved, 24 h")),
        Figure(share(told.good, told.calls), _("of calls succeeded, 24 h")),
        Figure(_("%(ms)d ms") % {"ms": told.took / told.calls} if told.calls else "–", _("a call, on average")),
        Figure(intcomma(waiting), _("waiting, %(dead)s given up") % {"dead": intcomma(dead)}),
    ]


def share(part: int, whole: int) -> str:
    """A percentage that says 100 only when it is: 99.97 %."""
    if not whole:
        return "–"
    if part == whole:
        return "100 %"
    return f"{int(part / whole * 10_000) / 100:.2f}".rstrip("0").rstrip(".") + " %"
