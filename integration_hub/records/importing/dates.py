"""Dates as people and systems write them, and which of two orders a file means."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from integration_hub.records.importing.problems import Answer, Asks, Question

# Our fields that hold a time.
FIELDS = ("placed_at", "shipped_at", "starts_at", "ends_at", "event_starts_at", "checked_in_at")
ORDERS = ("dmy", "mdy")
CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
TIME = rf"(?:[T ,]+{CLOCK}(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
NUMERIC = re.compile(rf"(?P<one>\d{{1,2}})(?P<sign>[/.\-])(?P<two>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d\d){TIME}")
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[/.](?P<two>\d{{1,2}})[/.](?P<one>\d{{1,2}}){TIME}")
MONTHS = dict(jan=1, feb=2, mar=3, apr=4, may=5, jun=6, jul=7, aug=8, sep=9, oct=10, nov=11, dec=12)  # noqa: C408
NAMED = re.compile(rf"(?P<one>\d{{1,2}})[ .\-]+(?P<month>[A-Za-z]{{3,9}})[ .,\-]+(?P<year>\d{{4}}|\d\d){TIME}")
NAMED_FIRST = re.compile(rf"(?P<month>[A-Za-z]{{3,9}})[ .\-]+(?P<one>\d{{1,2}}),?[ \-]+(?P<year>\d{{4}}){TIME}")


def read(text: str, order: str) -> datetime:
    """The time a text means, without a zone unless it says one. ValueError when it means none; Asks when both orders
    are possible and none is known."""
    if match := NUMERIC.fullmatch(text):
        one, two = int(match["one"]), int(match["two"])
        if match["sign"] != "." and not order and could_be_both(one, two):
            raise Asks(question(text, [text]))
        day_first = match["sign"] == "." or (order or ("mdy" if two > 12 else "dmy")) == "dmy"
        return _made(match, *((one, two) if day_first else (two, one)))
    if match := YEAR_FIRST.fullmatch(text):
        return _made(match, int(match["one"]), int(match["two"]))
    if match := NAMED.fullmatch(text) or NAMED_FIRST.fullmatch(text):
        return _made(match, int(match["one"]), MONTHS.get(match["month"][:3].lower(), 0))
    return datetime.fromisoformat(text)


def could_be_both(one: int, two: int) -> bool:
    return one <= 12 and two <= 12 and one != two


def evidence(text: str) -> str:
    """What a cell tells of the order: "dmy", "mdy", "both" (it could be either) or nothing."""
    match = NUMERIC.match(text)
    if match is None or match["sign"] == ".":
        return ""
    one, two = int(match["one"]), int(match["two"])
    if could_be_both(one, two):
        return "both"
    return "" if one == two else "dmy" if one > 12 else "mdy"


def question(example: str, others: Iterable[str] = ()) -> Question:
    """Day first or month first, asked with a date of the file."""
    said = _("Dates are written as %(example)s. What does that mean?")
    answers = []
    for order in ORDERS:
        day = read(example.strip(), order)
        kind = _("day first") if order == "dmy" else _("month first")
        answers.append(Answer(order, f"{date_format(day, 'j F Y')} ({kind})"))
    return Question("date_order", said % {"example": example}, answers)


def _made(match: re.Match[str], day: int, month: int) -> datetime:
    year, hour = int(match["year"]), int(match["hour"] or 0)
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
