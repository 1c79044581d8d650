"""What the panels beside the columns offer: directions, policies, and how rows are recognised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import Direction
from integration_hub.hub.mapping import comparing, words
from integration_hub.hub.mapping.columns import ARROWS
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import Typed
from integration_hub.sync import refusals, ways
from integration_hub.sync.models.mapping import DeletePolicy


@dataclass(frozen=True)
class Offer:
    """One thing to choose. `help` says what it does."""

    value: str
    words: str
    chosen: bool = False
    help: str = ""
    arrow: str = ""


def offered(desk: Desk, typed: Typed) -> dict[str, Any]:
    """For the template, by name; the settings also in words, for those who only look: without direction and filter,
    which have places of their own."""
    return {
        "directions": _directions(desk, typed) if desk.may_read else [],
        "policies": _choices(words.winners(desk), typed.policy),
        "firsts": _choices(words.winners(desk), typed.first),
        "here_deletes": _choices([(one.value, str(one.label)) for one in DeletePolicy], typed.on_delete),
        "there_deletes": _choices(_there(desk), typed.on_remote_delete),
        "makes_here": _makes(here=True, make=typed.makes_here),
        "makes_there": _makes(here=False, make=typed.makes_there),
        "keys": _keys(desk, typed),
        "may_recognise": _may_recognise(desk),
        "facts": [one for one in comparing.settings(desk, typed)[2:] if one.matters],
    }


def _directions(desk: Desk, typed: Typed) -> list[Offer]:
    told, names = words.explained(desk), words.directions(desk)
    return [Offer(one.value, names[one], one is typed.goes, told[one], ARROWS[one]) for one in Direction]


def _choices(known: Sequence[tuple[str, str]], chosen: str) -> list[Offer]:
    return [Offer(value, said, value == chosen) for value, said in known]


def _there(desk: Desk) -> list[tuple[str, str]]:
    return [(one, words.deletes_there(one)) for one in refusals.may_happen(desk.record_type)]


def _makes(*, here: bool, make: bool) -> list[Offer]:
    return [
        Offer(value, words.makes(here=here, make=yes), yes is make) for value, yes in (("yes", True), ("no", False))
    ]


def _keys(desk: Desk, typed: Typed) -> list[Offer]:
    """Our mapped fields by which a row may be recognised."""
    mapped = [pair.ours for pair in typed.pairs]
    found = ways.keys(desk.record_type, mapped)
    return [Offer(one.name, _(one.label), one.name in typed.match_on) for one in found]


def _may_recognise(desk: Desk) -> str:
    """Our fields that would do, were they mapped."""
    if not desk.sink.readable:
        return ""
    return ", ".join(_(one.label) for one in ways.keys(desk.record_type, list(desk.ours)))
