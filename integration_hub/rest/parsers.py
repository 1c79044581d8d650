"""Bodies are JSON, and strict: no NaN, no key twice, no towers of brackets; numbers keep every digit."""

import json
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DIGITS = 60


class StrictJSONParser(JSONParser):
    """Reads UTF-8 JSON; whatever is wrong with it becomes a 400 that says where."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = stream.read().decode()
            return json.loads(text, parse_float=_exact, parse_constant=_no_constant, object_pairs_hook=_once)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("This is not valid JSON: %(why)s") % {"why": error}) from None


def _exact(text: str) -> Decimal:
    """No cent is lost in a binary float, and no number is so large that looking at it takes all memory."""
    number = Decimal(text)
    if len(text) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise ValueError("a number with too many digits")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return result
