"""Cells as programs send them, checked against the table's fields before Airtable is asked. Pure functions.

Airtable's own refusals name one field at most, and not always the right one; here every wrong field is named.
https://airtable.com/developers/web/api/field-model
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integration_hub.contract import RemoteField
from providers.airtable.cells import LONGEST_TEXT
from providers.airtable.cells.choosing import same_choice
from providers.airtable.schema import alike

LISTED = 50  # names in a sentence


class Unfit(ValueError):
    """Why a value does not fit its field, as a sentence."""


def checked(
    fields: Sequence[RemoteField], given: Mapping[str, Any], *, typecast: bool = False
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Cells by field id, and sentences by the names that were given. `typecast`: Airtable may read texts as what the
    field needs, and make choices, so only names are checked."""
    cells: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in given.items():
        field = named(fields, name)
        try:
            cell = _cell(field, value, typecast=typecast) if field else _unknown(fields, name)
        except Unfit as unfit:
            errors[f"fields.{name}"] = [str(unfit)]
            continue
        if field and field.id in cells:
            errors[f"fields.{name}"] = [_("This field is there twice, by name and by id.")]
        elif field:
            cells[field.id] = cell
    return cells, errors


def named(fields: Sequence[RemoteField], wanted: str) -> RemoteField | None:
    """By id, by name, or by the only name that differs in accents, case or punctuation."""
    exact = [one for one in fields if one.id == wanted] or [one for one in fields if one.label == wanted]
    found = exact or [one for one in fields if alike(one.label, wanted)]
    return found[0] if len(found) == 1 else None


def known(fields: Sequence[RemoteField]) -> str:
    shown = ", ".join(field.label for field in fields[:LISTED])
    return shown + (" …" if len(fields) > LISTED else "")


def plain(value: Any) -> Any:
    """JSON as Python's encoder takes it: our parser reads numbers with a point as decimals."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def _unknown(fields: Sequence[RemoteField], name: str) -> Any:
    raise Unfit(_("The table has no field “%(name)s”. It has: %(known)s.") % {"name": name, "known": known(fields)})


def _cell(field: RemoteField, value: Any, *, typecast: bool) -> Any:
    if not field.writable:
        text = _("Airtable fills this field itself (%(type)s); leave it out.")
        raise Unfit(text % {"type": field.words or field.type})
    if value is None or typecast:
        return plain(value)
    fits, says = SHAPES[field.type]
    if not fits(value):
        raise Unfit(_(says))
    return LOOKED_UP.get(field.type, _as_it_is)(field, value)


def _as_it_is(field: RemoteField, value: Any) -> Any:
    return plain(value)


def _choice(field: RemoteField, value: Any) -> str:
    listed = field.options.get("choices")
    names = [str(one["name"]) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None
    if names is None:
        return str(value)
    found = same_choice(value, names)
    if found is None:
        text = _("“%(value)s” is not one of: %(known)s. With “typecast” set to true Airtable makes it.")
        raise Unfit(text % {"value": value[:100], "known": ", ".join(names[:LISTED])})
    return found


def _choices(field: RemoteField, value: Any) -> list[str]:
    return [_choice(field, one) for one in value]


def _rating(field: RemoteField, value: Any) -> int:
    most = field.options.get("max")
    if isinstance(most, int) and value > most:
        raise Unfit(_("A whole number from 1 to %(most)d is needed here.") % {"most": most})
    return int(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_rating(value: Any) -> bool:
    return is_number(value) and value >= 1 and value == int(value)


def is_date(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len("2026-05-01") and _parsed(parse_date, value)


def is_moment(value: Any) -> bool:
    return is_date(value) or (isinstance(value, str) and _parsed(parse_datetime, value))


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def is_links(value: Any) -> bool:
    return is_texts(value) and all(one.startswith("rec") for one in value)


def is_barcode(value: Any) -> bool:
    return isinstance(value, dict) and is_text(value.get("text")) and set(value) <= {"text", "type"}


def is_person(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and any(is_text(value.get(name)) for name in ("id", "email"))


def is_file(value: Any) -> bool:
    return isinstance(value, dict) and any(is_text(value.get(name)) for name in ("id", "url"))


def _all(one_fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(one_fits(one) for one in value)


def _parsed(parse: Callable[[str], object], text: str) -> bool:
    try:
        return parse(text) is not None
    except ValueError:
        return False


Shape = tuple[Callable[[Any], bool], str]
TEXT: Shape = (is_text, gettext_noop("A text in quotes is needed here, of at most 100,000 characters."))
NUMBER: Shape = (is_number, gettext_noop("A number is needed here, without quotes."))
SHAPES: Mapping[str, Shape] = {
    "singleLineText": TEXT,
    "multilineText": TEXT,
    "richText": TEXT,
    "email": TEXT,
    "url": TEXT,
    "phoneNumber": TEXT,
    "number": NUMBER,
    "currency": NUMBER,
    "percent": (is_number, gettext_noop("A fraction is needed here, without quotes: 0.15 is 15 %.")),
    "duration": (is_number, gettext_noop("A number of seconds is needed here, without quotes.")),
    "rating": (is_rating, gettext_noop("A whole number from 1 on is needed here; null clears it.")),
    "checkbox": (lambda value: isinstance(value, bool), gettext_noop("true or false is needed here, without quotes.")),
    "date": (is_date, gettext_noop("A day is needed here, such as 2026-05-01.")),
    "dateTime": (is_moment, gettext_noop("A time is needed here, such as 2026-05-01T18:00:00Z.")),
    "singleSelect": (lambda value: isinstance(value, str), gettext_noop("The name of a choice is needed here.")),
    "multipleSelects": (is_texts, gettext_noop("A list of names of choices is needed here.")),
    "multipleRecordLinks": (is_links, gettext_noop('A list of record ids is needed here, such as ["rec…"].')),
    "multipleAttachments": (_all(is_file), gettext_noop('A list of files is needed here, each {"url": "https://…"}.')),
    "barcode": (is_barcode, gettext_noop('A barcode is needed here: {"text": "…"}.')),
    "singleCollaborator": (is_person, gettext_noop('A person is needed here: {"email": "…"} or {"id": "usr…"}.')),
    "multipleCollaborators": (_all(is_person), gettext_noop('A list of persons is needed here: [{"email": "…"}].')),
}
LOOKED_UP: Mapping[str, Callable[[RemoteField, Any], Any]] = {
    "singleSelect": _choice,
    "multipleSelects": _choices,
    "rating": _rating,
}
