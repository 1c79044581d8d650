"""From Airtable to us: a cell of any type, computed ones too, as a value of the kind our field has."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from integration_hub.contract import Files, MappedField, RemoteFile
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.choosing import ours_of
from providers.airtable.cells.flat import Scalar, scalars
from providers.airtable.cells.moments import zone
from providers.airtable.cells.refusing import short, unread
from providers.airtable.cells.texts import is_clean, plain, shifted

NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLOCK = re.compile(r"(-?)([0-9]{1,12}):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?")
MOST_DIGITS = 28  # of a Python decimal
YES, NO = ("yes", "true", "checked", "1"), ("no", "false", "unchecked", "0")


def back(cell: Json, mapped: MappedField) -> Value:
    """Our value; None for an empty or absent cell (False where ours is yes or no). Rejected, with a sentence, when the
    cell cannot be read as that. Links come as ids of rows, files without their addresses, times as instants in UTC."""
    if mapped.ours.kind == "files":
        return _files(cell)
    found = scalars(cell, mapped)
    if mapped.ours.kind in SEVERAL:
        return _several(found, mapped)
    if not found:
        return False if mapped.ours.kind == "boolean" else None
    reader = READERS.get(mapped.ours.kind)
    if reader is None:
        return _text(found, mapped)
    if len(found) > 1:
        raise unread(mapped, _("it holds several values"))
    return reader(found[0], mapped)


def _files(cell: Json) -> Files:
    """The files of the cell, none where there are none; their addresses stay out."""
    listed = cell if isinstance(cell, list) else []
    return Files(tuple(_file(one) for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)))


def _file(one: Mapping[str, Json]) -> RemoteFile:
    size, name = one.get("size"), str(one.get("filename") or "")
    clean = "".join(sign for sign in name if sign.isprintable() and is_clean(sign))
    return RemoteFile(str(one["id"]), clean, str(one.get("type") or ""), size if isinstance(size, int) else None)


SEVERAL = ("choices", "link", "file")


def _several(found: list[Scalar], mapped: MappedField) -> Value:
    """A link that was written as text stays its title."""
    if mapped.ours.kind == "link" and mapped.remote_type not in LISTS:
        return _text(found, mapped) if found else None
    texts = [_word(one, mapped) for one in found]
    if mapped.ours.kind == "choices":
        texts = [choice for text in texts for choice in _apart(text, mapped)]
    return tuple(texts) or None


LISTS = ("multipleSelects", "multipleRecordLinks", "multipleLookupValues", "multipleCollaborators")


def _apart(text: str, mapped: MappedField) -> list[str]:
    """The choices in a text: where it is not one itself, they stand in lines or between commas."""
    whole = mapped.remote_type in LISTS or ours_of(text.strip(), mapped.ours) is not None
    parts = [text] if whole else re.split(r"\n|, ", text)
    return [_choice(part, mapped) for part in parts if part.strip()]


def _text(found: list[Scalar], mapped: MappedField) -> str:
    between = "\n" if mapped.ours.kind == "long_text" else ", "
    return between.join(_word(one, mapped) for one in found)


def _word(scalar: Scalar, mapped: MappedField) -> str:
    if isinstance(scalar, bool):
        return _("Yes") if scalar else _("No")
    if isinstance(scalar, int | float):
        return plain(_decimal(scalar, mapped))
    if not is_clean(scalar):
        raise unread(mapped, _("it has a character that text cannot hold"))
    return scalar


def _exact(scalar: Scalar, mapped: MappedField) -> Decimal:
    """A number that our arithmetic holds to the last digit."""
    exact = _decimal(scalar, mapped)
    if not exact.is_finite():
        raise unread(mapped, _("it is not a finite number"))
    if len(exact.as_tuple().digits) > MOST_DIGITS or abs(exact.adjusted()) >= MOST_DIGITS:
        raise unread(mapped, _("it has more digits than a number here can hold"))
    return exact


def _decimal(scalar: Scalar, mapped: MappedField) -> Decimal:
    """A JSON number as it was written: 129.9 and not 129.900000000000005."""
    if isinstance(scalar, int) and not isinstance(scalar, bool):
        return Decimal(scalar)
    if isinstance(scalar, float):
        return Decimal(repr(scalar))
    if isinstance(scalar, str) and NUMBER.fullmatch(scalar.strip()):
        return Decimal(scalar.strip())
    raise unread(mapped, _("it is not a number"))


def _percent(scalar: Scalar, mapped: MappedField) -> Decimal:
    """A fraction; in text it must say %, or 12 might be 12 % or 1200 %."""
    if not isinstance(scalar, str):
        return _exact(scalar, mapped)
    if not scalar.rstrip().endswith("%"):
        raise unread(mapped, _("it is not a percentage such as “12.5 %%”") % {})
    return shifted(_exact(scalar.rstrip()[:-1], mapped), -2)


def _integer(scalar: Scalar, mapped: MappedField) -> int:
    exact = _exact(scalar, mapped)
    if exact != exact.to_integral_value():
        raise unread(mapped, _("it is not a whole number"))
    return int(exact)


def _boolean(scalar: Scalar, mapped: MappedField) -> bool:
    """A tick; the 1 or 0 of a formula; yes or no in words."""
    word = _word(scalar, mapped).strip().casefold()
    if word in (*YES, _("Yes").casefold()):
        return True
    if word in (*NO, _("No").casefold()):
        return False
    raise unread(mapped, _("it is not yes or no"))


def _choice(scalar: Scalar, mapped: MappedField) -> str:
    """Our spelling. Where our field has no list of choices, any will do."""
    wanted = _word(scalar, mapped).strip()
    if not mapped.ours.choices:
        return wanted
    found = ours_of(wanted, mapped.ours)
    if found is None:
        known = short(", ".join(mapped.ours.choices))
        raise unread(mapped, _("it is none of the choices here (%(known)s)") % {"known": known})
    return found


def _moment(scalar: Scalar, mapped: MappedField) -> date | datetime:
    """A day, or an instant in the field's zone; without a zone of its own it is meant in that one."""
    try:
        if isinstance(scalar, str):
            text = scalar.strip()
            if DAY.fullmatch(text):
                return date.fromisoformat(text)
            read = datetime.fromisoformat(text)
            return read.astimezone(zone(mapped)) if read.tzinfo else read.replace(tzinfo=zone(mapped))
    except (ValueError, OverflowError):
        pass  # said below, as for everything else that is no date
    raise unread(mapped, _("it is not a date"))


def _date(scalar: Scalar, mapped: MappedField) -> date:
    read = _moment(scalar, mapped)
    return read.date() if isinstance(read, datetime) else read


def _datetime(scalar: Scalar, mapped: MappedField) -> datetime:
    read = _moment(scalar, mapped)
    local = read if isinstance(read, datetime) else datetime.combine(read, time(0), zone(mapped))
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise unread(mapped, _("it is not a date")) from None


def _duration(scalar: Scalar, mapped: MappedField) -> timedelta:
    """Seconds, to the microsecond; in text h:mm or h:mm:ss."""
    try:
        return _clock(scalar, mapped) if isinstance(scalar, str) else _seconds(_exact(scalar, mapped))
    except OverflowError:
        raise unread(mapped, _("it is too long")) from None


def _seconds(exact: Decimal) -> timedelta:
    if abs(exact) > timedelta.max // timedelta(seconds=1):
        raise OverflowError
    return timedelta(microseconds=round(shifted(exact, 6)))


def _clock(text: str, mapped: MappedField) -> timedelta:
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise unread(mapped, _("it is not a duration such as “1:30”"))
    sign, hours, minutes, seconds, fraction = match.groups()
    micro = int((fraction or "").ljust(6, "0"))
    length = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0), microseconds=micro)
    return -length if sign else length


READERS: Mapping[str, Callable[[Scalar, MappedField], Value]] = {
    "number": _exact,
    "money": _exact,
    "percent": _percent,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
}
