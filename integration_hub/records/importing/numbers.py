"""Numbers as people and systems write them, and whether a file has commas or points before its decimals."""

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from integration_hub.records.importing.problems import Answer, Asks, Question

FIELDS = ("total", "unit_price", "quantity", "discount", "capacity", "duration")
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
WITH_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)")
THOUSANDS = {
    False: re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
    True: re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
}
BOTH = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # one thousand and something, or one and something


def read(text: str, *, decimal_comma: bool | None) -> Decimal | None:
    """The number a text means; None when it means none. Asks when it could be two and the file does not tell."""
    if BOTH.fullmatch(text):
        if decimal_comma is None:
            raise Asks(question(text))
        return _read_as(text, comma=decimal_comma)
    for comma in (False, True):
        if (WITH_COMMA if comma else PLAIN).fullmatch(text) or THOUSANDS[comma].fullmatch(text):
            return _read_as(text, comma=comma)
    return None


def _read_as(text: str, *, comma: bool) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", ".") if comma else text.replace(",", ""))


def evidence(text: str) -> str:
    """What a cell tells: "comma", "point", "both" (it could be either) or nothing."""
    plain = text.rstrip("% ")
    if "," not in plain and "." not in plain:
        return ""
    if BOTH.fullmatch(plain):
        return "both"
    if PLAIN.fullmatch(plain) or THOUSANDS[False].fullmatch(plain):
        return "point"
    return "comma" if WITH_COMMA.fullmatch(plain) or THOUSANDS[True].fullmatch(plain) else ""


def question(example: str) -> Question:
    said = _("Amounts are written as %(example)s. What does that mean?")
    answers = [Answer(comma, f"{_read_as(example.rstrip('% '), comma=comma):f}") for comma in (False, True)]
    return Question("decimal_comma", said % {"example": example}, answers)
