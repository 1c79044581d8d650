"""The field that is made over there for one of ours: https://airtable.com/developers/web/api/create-field

Only types that the API can create; what it cannot change afterwards (options) is chosen so that every value fits.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import Field
from providers.airtable.cells.choosing import label_of, letters

LONGEST_FIELD_NAME = 255
LINE, TEXT = {"type": "singleLineText"}, {"type": "multilineText"}
DAY = {"dateFormat": {"name": "iso"}}
INSTANT = {**DAY, "timeFormat": {"name": "24hour"}, "timeZone": "utc"}
TICK = {"icon": "check", "color": "greenBright"}

# What a state means to people, in colours; the others take turns.
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "yellowLight2": ("pending", "draft", "reserved", "scheduled", "unpaid", "medium"),
    "blueLight2": ("processing", "published", "confirmed", "hybrid"),
    "cyanLight2": ("sent", "online"),
    "greenLight2": ("delivered", "paid", "valid", "completed", "finished", "used", "checkedin", "active"),
    "redLight2": ("cancelled", "noshow", "failed", "high", "urgent"),
    "orangeLight2": ("partlyrefunded",),
    "grayLight2": ("refunded", "low", "expired", "archived"),
}
COLOURS = {meaning: colour for colour, meanings in MEANINGS.items() for meaning in meanings}
TURNS = ("tealLight2", "purpleLight2", "pinkLight2", "cyanLight2", "blueLight2", "orangeLight2", "yellowLight2")


def made_for(
    ours: Field, *, name: str = "", link_table: str = "", symbol: str = "", decimals: int = 2
) -> dict[str, Any]:
    """{"name", "type", "options"} as Airtable takes it; options only where the type has some. `name`: else our label in
    the language of whoever asks. `link_table`: the table a link leads to; without it the link is written as text.
    `symbol` and `decimals` of the money: without a symbol it is a plain number."""
    shown = (name or _(ours.label)).strip()[:LONGEST_FIELD_NAME]
    if ours.kind == "link" and link_table:
        definition = _with("multipleRecordLinks", linkedTableId=link_table)
    elif ours.kind == "money":
        definition = _money(symbol, decimals)
    elif ours.kind in ("choice", "choices"):
        definition = _select(ours)
    else:
        definition = DEFINITIONS.get(ours.kind, LINE)
    return {"name": shown, **definition}


def _with(type: str, **options: Any) -> dict[str, Any]:
    return {"type": type, "options": options}


def _money(symbol: str, decimals: int) -> dict[str, Any]:
    if symbol:
        return _with("currency", precision=decimals, symbol=symbol)
    return _with("number", precision=decimals)


def _select(ours: Field) -> dict[str, Any]:
    """Text where our field has no list: a select without choices would refuse every value."""
    if not ours.choices:
        return LINE if ours.kind == "choice" else TEXT
    names = _friendly(ours)
    choices = [{"name": name, "color": _colour(name, place)} for place, name in enumerate(names)]
    return _with("singleSelect" if ours.kind == "choice" else "multipleSelects", choices=choices)


def _friendly(ours: Field) -> list[str]:
    """What people call the choices; without that, in_person becomes "In person". Both read back as ours. Codes such as
    "ro" stay, and so do choices that could no longer be told apart."""
    alike = Counter(letters(choice) for choice in ours.choices)
    clear = {choice: alike[letters(choice)] == 1 and len(choice) > 2 for choice in ours.choices}
    labels = {choice: label_of(choice, ours) for choice in ours.choices}
    return [
        label if label != choice else _sentence(choice) if clear[choice] else choice for choice, label in labels.items()
    ]


def _sentence(choice: str) -> str:
    words = choice.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words.islower() else words or choice


def _colour(name: str, place: int) -> str:
    return COLOURS.get(letters(name), TURNS[place % len(TURNS)])


DEFINITIONS: Mapping[str, dict[str, Any]] = {
    "long_text": TEXT,
    "email": {"type": "email"},
    "phone": {"type": "phoneNumber"},
    "url": {"type": "url"},
    "number": _with("number", precision=4),
    "integer": _with("number", precision=0),
    "percent": _with("percent", precision=2),
    "date": {"type": "date", "options": DAY},
    "datetime": {"type": "dateTime", "options": INSTANT},
    "duration": _with("duration", durationFormat="h:mm"),
    "boolean": {"type": "checkbox", "options": TICK},
    "file": {"type": "multipleAttachments"},
    "files": {"type": "multipleAttachments"},
}
