"""Our values as people read them, from their canonical spelling (bases and the changes of runs keep that one).

Labels are plain English marked for translation: the caller gives `word`, which translates one, and `moment`, which
writes an instant in its reader's zone and language.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from integration_hub.contract.api import Json
from integration_hub.contract.records import Field

Word: TypeAlias = Callable[[str], str]
Moment: TypeAlias = Callable[[date], str]  # a datetime is a date as well
PRINT = 6  # signs of a fingerprint that tell two files apart


def plain_moment(moment: date) -> str:
    """ "15 Jul 2025, 17:00" in UTC, or "15 Jul 2025" """
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
        return f"{moment.day} {moment:%b %Y, %H:%M}"
    return f"{moment.day} {moment:%b %Y}"


def shown(field: Field, value: Json, *, word: Word = str, moment: Moment = plain_moment, digits: int = 2) -> str:
    """The value as people read it; "" for none. `digits`: of the smallest coin, where the field is money. A value that
    does not suit its field, since the field was another once, is shown as it is."""
    if value is None or value in ("", []):
        return ""
    if field.kind in ("choice", "choices"):
        return ", ".join(word(field.label_of(str(one))) for one in _several(value))
    if field.kind in _SPELLED:
        try:
            return _SPELLED[field.kind](value, word, moment, digits)
        except (ValueError, TypeError, InvalidOperation):
            return _plain(value, word)
    return _plain(value, word)


def _several(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _plain(value: Json, word: Word) -> str:
    if isinstance(value, bool):
        return word("yes") if value else word("no")
    return ", ".join(map(str, _several(value)))


def _money(value: Json, digits: int) -> str:
    """With the digits of its smallest coin, or more where it has more."""
    amount = Decimal(str(value))
    return str(amount) if -int(amount.as_tuple().exponent) > digits else f"{amount:.{digits}f}"


def _percent(value: Json) -> str:
    return f"{(Decimal(str(value)) * 100).normalize():f} %"


def _instant(value: Json, moment: Moment) -> str:
    return moment(datetime.fromisoformat(str(value)))


def _day(value: Json, moment: Moment) -> str:
    return moment(date.fromisoformat(str(value)))


def _duration(value: Json) -> str:
    """Seconds as "1:30", hours and minutes, with seconds where there are any: "1:30:05"."""
    seconds = Decimal(str(value))
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    minutes, rest = divmod(whole, 60)
    told = f"{sign}{minutes // 60}:{minutes % 60:02d}"
    return f"{told}:{rest:02d}" if rest else told


def _link(value: Json) -> str:
    """The title of [id, title]."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(value)
    return str(value[1] or value[0])


def _file(value: Json, word: Word) -> str:
    return f"{word('version')} {str(value)[:PRINT]}"


_SPELLED: dict[str, Callable[[Json, Word, Moment, int], str]] = {
    "money": lambda value, word, moment, digits: _money(value, digits),
    "percent": lambda value, word, moment, digits: _percent(value),
    "datetime": lambda value, word, moment, digits: _instant(value, moment),
    "date": lambda value, word, moment, digits: _day(value, moment),
    "duration": lambda value, word, moment, digits: _duration(value),
    "link": lambda value, word, moment, digits: _link(value),
    "file": lambda value, word, moment, digits: _file(value, word),
}
