"""Canonical values (what the engine keeps of a record) as people read them. Pure, but for the zone of instants."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$")
DAY = re.compile(r"\d{4}-\d\d-\d\d$")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def said(value: Any, kind: str = "") -> str:
    """Instants in the company's zone, days, yes and no, a link as the other record's title, lists with commas; what
    only the `kind` of its field can tell: amounts with cents, shares as percent, durations, files."""
    if value is None or value in ("", []):
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if kind in SAID and (told := _parsed(SAID[kind], value)):
        return str(told)
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and UUID.match(value[0]):
            return str(value[1])
        return ", ".join(map(str, value))
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    if INSTANT.match(value) and (moment := _parsed(parse_datetime, value)):
        return date_format(timezone.localtime(moment), "j M Y, H:i")
    if DAY.match(value) and (day := _parsed(parse_date, value)):
        return date_format(day, "j M Y")
    return value


def _money(value: Any) -> str:
    amount = Decimal(value)
    return intcomma(amount.quantize(Decimal("0.01")) if amount.as_tuple().exponent >= -2 else amount)  # type: ignore[operator]


def _percent(value: Any) -> str:
    return f"{(Decimal(value) * 100).normalize():f} %"


def _duration(value: Any) -> str:
    seconds = int(Decimal(value))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    told = (_("%(n)d h") % {"n": hours} if hours else "", _("%(n)d min") % {"n": minutes} if minutes else "")
    return " ".join(filter(None, told)) or _("%(n)d s") % {"n": seconds}


SAID: dict[str, Callable[[Any], str]] = {
    "money": _money,
    "number": lambda value: intcomma(Decimal(value)),
    "integer": lambda value: intcomma(int(value)),
    "percent": _percent,
    "duration": _duration,
    "file": lambda value: _("a file"),
}


def _parsed(parse: Any, value: str) -> Any:
    try:
        return parse(value)
    except (ValueError, TypeError, ArithmeticError):  # looks like one and is none: the 31st of February
        return None
