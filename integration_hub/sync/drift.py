"""The remote table moved: fields renamed, deleted, retyped or closed. What a mapping makes of that. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext as _

from integration_hub.contract import Direction, MappedField, RemoteField
from integration_hub.contract.records import Field

Takes = Callable[[Field, RemoteField], bool]


class Change(Enum):
    """What became of a mapped field. Only BROKEN pauses it."""

    SAME = "same"
    UPDATED = "updated"  # another name or other options: noted, nothing stops
    BROKEN = "broken"  # gone, of a type that does not take our values, or computed


@dataclass(frozen=True)
class Drift:
    """One mapped field, and the remote one as it is now (None: gone)."""

    mapped: MappedField
    change: Change
    now: RemoteField | None
    sentence: str = ""


def compare(
    mapped: Iterable[MappedField], fields: Sequence[RemoteField], takes: Takes, gives: Takes | None = None
) -> list[Drift]:
    """What became of each mapped field. `takes` says what can be written, `gives` what can be read."""
    known = {field.id: field for field in fields}
    fits = {Direction.PULL: gives or takes}
    return [_drift(one, known.get(one.remote_id), fits.get(one.direction, takes)) for one in mapped]


def offered(mapped: Iterable[MappedField], fields: Sequence[RemoteField]) -> list[RemoteField]:
    """Remote fields that could be mapped and are not."""
    taken = {one.remote_id for one in mapped}
    return [field for field in fields if field.writable and field.id not in taken]


def _drift(mapped: MappedField, now: RemoteField | None, fits: Takes) -> Drift:
    names = {"ours": _(mapped.ours.label), "theirs": now.label if now else mapped.remote_label}
    if now is None:
        said = _("The field “%(theirs)s” was deleted over there, so %(ours)s is no longer written. Choose another one.")
        return Drift(mapped, Change.BROKEN, None, said % names)
    if not now.writable and mapped.direction is not Direction.PULL:
        said = _("The field “%(theirs)s” is computed over there (%(type)s) and cannot be written. Choose another one.")
        return Drift(mapped, Change.BROKEN, now, said % {**names, "type": now.words or now.type})
    if now.type != mapped.remote_type and not fits(mapped.ours, now):
        said = _(
            "The field “%(theirs)s” is now of the type %(type)s, which does not take %(ours)s. Choose another one."
        )
        return Drift(mapped, Change.BROKEN, now, said % {**names, "type": now.words or now.type})
    return Drift(mapped, Change.SAME if _same(mapped, now) else Change.UPDATED, now)


def _same(mapped: MappedField, now: RemoteField) -> bool:
    known = (mapped.remote_label, mapped.remote_type, dict(mapped.options))
    return known == (now.label, now.type, dict(now.options))
