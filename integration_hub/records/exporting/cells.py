"""From a value to a cell, as CSV and as XLSX keep it. A spreadsheet must never take a text for a formula."""

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

Value = str | int | Decimal | datetime | None

RISKY = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet takes for a formula, or what looks as if we had defused it
DEFUSED = re.compile(r"'+[=+\-@\t\r]")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no way to write these
CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # begins what a spreadsheet would take for such a sign
LONGEST = 32_767  # characters Excel keeps in a cell


def defused(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would calculate it."""
    return f"'{text}" if RISKY.match(text) else text


def undefused(text: str) -> str:
    """The text that `defused` was given."""
    return text[1:] if DEFUSED.match(text) else text


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment by the company's clock, to the second."""
    return moment.astimezone(zone).replace(microsecond=0)


def as_csv(value: Value) -> str:
    """Numbers plain, times as ISO writes them with their offset, text defused."""
    match value:
        case None:
            return ""
        case str():
            return defused(value)
        case datetime():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
    return str(value)


def as_xlsx(value: Value) -> Value:
    """Numbers and times as such. An hour that the clock shows twice stays text: Excel's times have no offset."""
    match value:
        case str():
            text = value.replace("\r\n", "\n").replace("\r", "\n")
            text = f"'{text}" if DEFUSED.match(text) else text  # an import takes one away again
            return text if len(text) <= LONGEST else None
        case datetime():
            return value.isoformat() if ambiguous(value) else value.replace(tzinfo=None)
    return value


def coded(text: str) -> str:
    """The text as a workbook writes it: signs that XML cannot hold as `_x0001_`, and what looks like that as text."""
    return UNWRITABLE.sub(lambda sign: f"_x{ord(sign[0]):04X}_", CODED.sub("_x005F_", text))


def too_long(value: Value) -> bool:
    """Whether XLSX has no room for it, so that its cell stays empty."""
    return isinstance(value, str) and as_xlsx(value) is None


def ambiguous(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
