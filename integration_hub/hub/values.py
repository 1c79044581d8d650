"""Canonical values (what the engine keeps of a record) as people read them. Pure, but for the zone of instants."""

import re
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from integration_hub.contract import Field
from integration_hub.contract.shown import shown

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$")
DAY = re.compile(r"\d{4}-\d\d-\d\d$")


def of_field(value: Any, field: Field | None) -> str:
    """As its field means it: amounts with cents, choices by their labels, links by their titles. None: the field is no
    more."""
    if value is None or value in ("", []):
        return _("empty")
    return said(value) if field is None else shown(field, value, word=_, moment=_local)


def said(value: Any) -> str:
    """Without a field to tell what it is: instants in the company's zone, days, yes and no, lists with commas."""
    if value is None or value in ("", []):
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _text(value) if isinstance(value, str) else str(value)


def _local(moment: date) -> str:
    if isinstance(moment, datetime):
        return date_format(timezone.localtime(moment), "j M Y, H:i")
    return date_format(moment, "j M Y")


def _text(value: str) -> str:
    if INSTANT.match(value) and (moment := _parsed(parse_datetime, value)):
        return _local(moment)
    if DAY.match(value) and (day := _parsed(parse_date, value)):
        return _local(day)
    return value


def _parsed(parse: Any, value: str) -> Any:
    try:
        return parse(value)
    except (ValueError, TypeError, ArithmeticError):  # looks like one and is none: the 31st of February
        return None
