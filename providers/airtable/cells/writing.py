"""From us to Airtable: which converter writes which type of field."""

from collections.abc import Callable, Mapping

from integration_hub.contract import MappedField
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.choosing import MAKERS, choice, choices
from providers.airtable.cells.moments import day, instant
from providers.airtable.cells.numbers import duration, number, rating
from providers.airtable.cells.pointing import attachments, checkbox, link, people, person
from providers.airtable.cells.refusing import unwritable
from providers.airtable.cells.texts import LONGEST_TEXT, barcode, line, long_text

__all__ = ["CONVERTERS", "LONGEST_TEXT", "convert"]

CONVERTERS: Mapping[str, Callable[[Value, MappedField], Json]] = {
    "singleLineText": line,
    "multilineText": long_text,
    "richText": long_text,
    "email": line,
    "url": line,
    "phoneNumber": line,
    "number": number,
    "currency": number,
    "percent": number,
    "duration": duration,
    "rating": rating,
    "checkbox": checkbox,
    "date": day,
    "dateTime": instant,
    "singleSelect": choice,
    "multipleSelects": choices,
    "multipleRecordLinks": link,
    "multipleAttachments": attachments,
    "barcode": barcode,
    "singleCollaborator": person,
    "multipleCollaborators": people,
}


EMPTY: tuple[Json, ...] = ("", [], {"text": ""})


def convert(value: Value, mapped: MappedField, *, create_choices: bool = False) -> Json:
    """The cell; null, which clears it, for an empty value. `create_choices`: a choice the field lacks may be made.

    Rejected when this value does not fit; FieldRefused when nothing can be written there: the field is computed, or of
    a type nobody knows, or lacks a choice (code missing_choice) that may not be made.
    """
    converter = CONVERTERS.get(mapped.remote_type)
    if converter is None:
        raise unwritable(mapped)
    if value is None or (isinstance(value, (str, tuple)) and not value):
        return None
    if create_choices:
        converter = MAKERS.get(mapped.remote_type, converter)
    cell = converter(value, mapped)
    return None if cell in EMPTY else cell
