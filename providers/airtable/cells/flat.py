"""Airtable's cells in the forms they have: what people would read in them, as plain scalars."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from django.utils.translation import gettext as _

from integration_hub.contract import MappedField
from integration_hub.contract.api import Json
from providers.airtable.cells.kinds import COMPUTED
from providers.airtable.cells.refusing import unread

Scalar: TypeAlias = "bool | int | float | str"
Object: TypeAlias = Mapping[str, Json]


def scalars(cell: Json, mapped: MappedField) -> list[Scalar]:
    """One for a plain cell, as many as there are in a list (also in a lookup's lists of lists), none when empty."""
    if cell is None or cell == "":
        return []
    if isinstance(cell, list):
        return [scalar for one in cell for scalar in scalars(one, mapped)]
    return scalars(_said(cell, mapped), mapped) if isinstance(cell, dict) else [cell]


def _said(cell: Object, mapped: MappedField) -> Json:
    """What an object says: a person's address, a file's name, the text of bars, a button's label."""
    if "error" in cell or "specialValue" in cell:
        raise unread(mapped, _("Airtable could not calculate it"))
    if "state" in cell:
        return _generated(cell, mapped)
    for looks_like, keys in FORMS:
        if looks_like(cell):
            return next((cell[key] for key in keys(mapped) if isinstance(cell.get(key), str) and cell[key]), None)
    raise unread(mapped, _("it is of a form the hub does not know"))


def _generated(cell: Object, mapped: MappedField) -> Json:
    """Text that an AI writes. While it writes there is nothing to read, which is not the same as empty."""
    value = cell.get("value")
    if cell["state"] == "error":
        raise unread(mapped, _("Airtable could not generate it"))
    if cell["state"] == "loading" and not value:
        raise unread(mapped, _("Airtable is still generating it"))
    return value if isinstance(value, str) else None


def _of_person(mapped: MappedField) -> Sequence[str]:
    """We write people by e-mail address, so it is what we read again; whoever made a row is told by name."""
    by_name = mapped.remote_type in COMPUTED and mapped.ours.kind != "email"
    return ("name", "email", "id") if by_name else ("email", "name", "id")


def _of_button(mapped: MappedField) -> Sequence[str]:
    return ("url",) if mapped.ours.kind == "url" else ("label", "url")


def _is_button(cell: Object) -> bool:
    return "label" in cell


# First match counts: a file has a name and an id as a person has.
FORMS: tuple[tuple[Callable[[Object], bool], Callable[[MappedField], Sequence[str]]], ...] = (
    (lambda cell: "filename" in cell, lambda mapped: ("filename",)),
    (lambda cell: "text" in cell, lambda mapped: ("text",)),
    (_is_button, _of_button),
    (lambda cell: bool({"email", "name", "id"} & set(cell)), _of_person),
)
