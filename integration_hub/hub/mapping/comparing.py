"""Two people changed one mapping: what was saved meanwhile beside what this one typed. Pure."""

from collections.abc import Mapping as Map
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integration_hub.contract import Direction
from integration_hub.hub.mapping import conditions
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import NEVER, OTHER, Typed, minutes
from integration_hub.hub.mapping.words import deletes_here, deletes_there, directions, keys, makes, way, wins
from integration_hub.sync.drafts import Pair
from integration_hub.sync.models.mapping import Write


@dataclass(frozen=True)
class Difference:
    what: str
    theirs: str
    yours: str


def differences(desk: Desk, saved: Typed, typed: Typed, labels: Map[str, str]) -> list[Difference]:
    """`labels`: names of remote fields by id, for those that are gone too."""
    told = [
        Difference(_(ours.label), _fields(desk, ours.name, saved, labels), _fields(desk, ours.name, typed, labels))
        for ours in desk.record_type.fields
    ]
    both = zip(settings(desk, saved), settings(desk, typed), strict=True)
    told += [Difference(one.what, one.said, other.said) for one, other in both]
    return [one for one in told if one.theirs != one.yours]


def _fields(desk: Desk, ours: str, typed: Typed, labels: Map[str, str]) -> str:
    said = (_pair(desk, pair, typed, labels) for pair in typed.pairs if pair.ours == ours)
    return ", ".join(said) or _("not mapped")


def _pair(desk: Desk, pair: Pair, typed: Typed, labels: Map[str, str]) -> str:
    mode = str(Write(pair.write_mode).label) if pair.write_mode in Write else pair.write_mode
    said = [labels.get(pair.remote_id, pair.remote_id), mode]
    return " · ".join([*said, way(desk, pair.direction)] if typed.goes is Direction.BOTH else said)


@dataclass(frozen=True)
class Setting:
    """One setting in words. `matters`: it has something to say in this direction."""

    what: str
    said: str
    matters: bool = True


def settings(desk: Desk, typed: Typed) -> list[Setting]:
    """Every other setting, in the same order."""
    shown = [line for line in typed.conditions if line["field"]]
    yes_no = {True: _("yes"), False: _("no")}
    reads, writes = typed.goes is not Direction.PUSH, typed.goes is not Direction.PULL
    return [
        Setting(_("Direction"), directions(desk)[typed.goes]),
        Setting(_("Only records where"), "; ".join(conditions.sentences(desk.record_type, shown)) or _("all records")),
        Setting(_("On every change"), yes_no[typed.is_live]),
        Setting(_("Full check"), how_often(typed)),
        Setting(_("Create missing choices"), yes_no[typed.create_choices], writes),
        Setting(_("When a record is deleted here"), deletes_here(typed.on_delete), writes),
        Setting(_("When a row is deleted there"), deletes_there(typed.on_remote_delete), reads),
        Setting(_("When both sides changed a field"), wins(desk, typed.policy), reads and writes),
        Setting(_("The same where"), keys(desk, typed.match_on) or _("only by the hub's own id"), reads),
        Setting(_("Where both have a value at first"), wins(desk, typed.first), reads and writes),
        Setting(_("Rows that have no record"), makes(here=True, make=typed.makes_here), reads),
        Setting(_("Records that have no row"), makes(here=False, make=typed.makes_there), writes),
    ]


def how_often(typed: Typed) -> str:
    """In words, as it was typed."""
    if typed.every == NEVER:
        return _("only when somebody starts it")
    number = minutes(typed)
    if not number:
        return typed.minutes if typed.every == OTHER else typed.every
    return EVERY[number]() if number in EVERY else _("every %(n)d minutes") % {"n": number}


EVERY = {
    1: lambda: _("every minute"),
    60: lambda: _("every hour"),
    1440: lambda: _("every day"),
}
