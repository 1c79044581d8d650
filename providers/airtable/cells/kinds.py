"""The types of field there are: their names for people, whether they can be written, which kind of ours they take."""

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from integration_hub.contract import Field

WRITABLE: Mapping[str, str] = {
    "singleLineText": _("Single line text"),
    "multilineText": _("Long text"),
    "richText": _("Long text with formatting"),
    "email": _("Email"),
    "url": _("URL"),
    "phoneNumber": _("Phone number"),
    "number": _("Number"),
    "currency": _("Currency"),
    "percent": _("Percent"),
    "duration": _("Duration"),
    "rating": _("Rating"),
    "checkbox": _("Checkbox"),
    "date": _("Date"),
    "dateTime": _("Date and time"),
    "singleSelect": _("Single select"),
    "multipleSelects": _("Multiple select"),
    "multipleRecordLinks": _("Link to another record"),
    "multipleAttachments": _("Attachment"),
    "barcode": _("Barcode"),
    "singleCollaborator": _("User"),
    "multipleCollaborators": _("Several users"),
}
COMPUTED: Mapping[str, str] = {
    "formula": _("Formula"),
    "rollup": _("Rollup"),
    "multipleLookupValues": _("Lookup"),
    "count": _("Count"),
    "autoNumber": _("Autonumber"),
    "createdTime": _("Created time"),
    "lastModifiedTime": _("Last modified time"),
    "createdBy": _("Created by"),
    "lastModifiedBy": _("Last modified by"),
    "button": _("Button"),
    "aiText": _("AI text"),
    "externalSyncSource": _("Sync source"),
    "manualSort": _("Manual order"),
}

TEXT_TYPES = ("singleLineText", "multilineText")
_ANY_TEXT = (*TEXT_TYPES, "richText")
_EMAILS = ("email", "singleCollaborator", "multipleCollaborators")

# The types that suit a kind of ours so well that a mapping may suggest them.
NATURAL: Mapping[str, frozenset[str]] = {
    "text": frozenset({*_ANY_TEXT, "singleSelect"}),
    "long_text": frozenset(_ANY_TEXT),
    "choice": frozenset({*_ANY_TEXT, "singleSelect"}),
    "choices": frozenset({*_ANY_TEXT, "multipleSelects"}),
    "email": frozenset({*_ANY_TEXT, "email"}),
    "phone": frozenset({*_ANY_TEXT, "phoneNumber"}),
    "url": frozenset({*_ANY_TEXT, "url"}),
    "number": frozenset({*_ANY_TEXT, "number", "currency", "percent"}),
    "integer": frozenset({*_ANY_TEXT, "number", "rating"}),
    "money": frozenset({*_ANY_TEXT, "number", "currency"}),
    "percent": frozenset({*_ANY_TEXT, "percent"}),
    "date": frozenset({*_ANY_TEXT, "date", "dateTime"}),
    "datetime": frozenset({*_ANY_TEXT, "date", "dateTime"}),
    "duration": frozenset({*_ANY_TEXT, "duration"}),
    "boolean": frozenset({*_ANY_TEXT, "checkbox"}),
    "link": frozenset({*_ANY_TEXT, "multipleRecordLinks"}),
    "file": frozenset({"multipleAttachments"}),
    "id": frozenset(_ANY_TEXT),
}
# The types that work too, when a person chooses them: a unit or a meaning is theirs to know.
ON_REQUEST: Mapping[str, frozenset[str]] = {
    "text": frozenset({"multipleSelects", "url", "phoneNumber", "barcode", *_EMAILS}),
    "choice": frozenset({"multipleSelects"}),
    "email": frozenset({"singleCollaborator", "multipleCollaborators"}),
    "number": frozenset({"duration"}),  # seconds
    "integer": frozenset({"currency", "duration"}),
    "percent": frozenset({"number"}),  # the fraction
    "link": frozenset({"email", "phoneNumber", "barcode", "singleSelect"}),  # its title
    "id": frozenset({"barcode"}),
}


HOLDS = {"link": "multipleRecordLinks", "files": "multipleAttachments"}  # read from nothing else


def takes(ours: Field, type: str) -> bool:
    """Whether values of our field can be written to a field of this type, as far as kinds tell."""
    nothing: frozenset[str] = frozenset()
    return type in NATURAL.get(ours.kind, nothing) | ON_REQUEST.get(ours.kind, nothing)


# What Airtable fills itself reads like a field that people fill; what it computes like its result.
LIKE: Mapping[str, str] = {
    "count": "number",
    "autoNumber": "number",
    "createdTime": "dateTime",
    "lastModifiedTime": "dateTime",
    "createdBy": "singleCollaborator",
    "lastModifiedBy": "singleCollaborator",
    "button": "url",
    "aiText": "multilineText",
    "externalSyncSource": "singleSelect",
}


def gives(ours: Field, type: str, result: str = "") -> bool:
    """Whether cells of a field of this type can be read as ours. `result`: the type of what a computed one results in.
    Everything but files can be read as text; a link is read only where the cell holds rows."""
    if ours.kind in HOLDS:
        return type == HOLDS[ours.kind]
    if type in WRITABLE:
        return takes(ours, type)
    if ours.kind in ("text", "long_text") and result != "multipleAttachments":
        return type in COMPUTED
    return ours.kind != "file" and takes(ours, LIKE.get(type) or LIKE.get(result, result))


def writable(type: str) -> bool:
    """Whether it holds what people write; Airtable fills the others, and types nobody knows are left alone."""
    return type in WRITABLE


def words(type: str) -> str:
    """What people call the type, in their language; a type of tomorrow by Airtable's own word."""
    known = WRITABLE.get(type) or COMPUTED.get(type)
    return gettext(known) if known else type
