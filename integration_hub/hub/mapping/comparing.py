"""Two people changed one mapping: what was saved meanwhile beside what this one typed. Pure."""

from collections.abc import Mapping as Map
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integration_hub.contract import RecordType
from integration_hub.hub.mapping import conditions
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import NEVER, OTHER, Typed, minutes
from integration_hub.sync.mappings import Pair
from integration_hub.sync.models.mapping import DeletePolicy, Write


@dataclass(frozen=True)
class Difference:
    what: str
    theirs: str
    yours: str


def differences(desk: Desk, saved: Typed, typed: Typed, labels: Map[str, str]) -> list[Difference]:
    """`labels`: names of remote fields by id, for those that are gone too."""
    told = [
        Difference(_(ours.label), _fields(ours.name, saved, labels), _fields(ours.name, typed, labels))
        for ours in desk.record_type.fields
    ]
    told += [
        Difference(what, one, other)
        for (what, one), (_what, other) in zip(
            _settings(desk.record_type, saved), _settings(desk.record_type, typed), strict=True
        )
    ]
    return [one for one in told if one.theirs != one.yours]


def _fields(ours: str, typed: Typed, labels: Map[str, str]) -> str:
    return ", ".join(_pair(pair, labels) for pair in typed.pairs if pair.ours == ours) or _("not mapped")


def _pair(pair: Pair, labels: Map[str, str]) -> str:
    mode = str(Write(pair.write_mode).label) if pair.write_mode in Write else pair.write_mode
    return f"{labels.get(pair.remote_id, pair.remote_id)} · {mode}"


def _settings(record_type: RecordType, typed: Typed) -> list[tuple[str, str]]:
    """Every other setting in words, in the same order."""
    shown = [line for line in typed.conditions if line["field"]]
    yes_no = {True: _("yes"), False: _("no")}
    return [
        (_("Only records where"), "; ".join(conditions.sentences(record_type, shown)) or _("all records")),
        (_("On every change"), yes_no[typed.is_live]),
        (_("Full check"), how_often(typed)),
        (_("Create missing choices"), yes_no[typed.create_choices]),
        (_("When a record is deleted here"), str(DeletePolicy(typed.on_delete).label)),
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
