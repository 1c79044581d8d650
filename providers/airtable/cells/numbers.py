"""Numbers: a JSON number says exactly our decimal, within the digits the field keeps."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeGuard

from django.utils.translation import gettext as _

from integration_hub.contract import MappedField
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.moments import seconds
from providers.airtable.cells.refusing import shape, unfit

MOST_PLACES = 8  # decimals a number field can keep
MOST_STARS = 10


def number(value: Value, mapped: MappedField) -> Json:
    return _json(_decimal(value, mapped), mapped)


def duration(value: Value, mapped: MappedField) -> Json:
    """Seconds; a number of ours is taken for seconds."""
    exact = seconds(value) if isinstance(value, timedelta) else _decimal(value, mapped)
    return _json(exact, mapped, MOST_PLACES)


def rating(value: Value, mapped: MappedField) -> Json:
    """Stars from 1 to the field's most; none at all clears the cell."""
    exact = _decimal(value, mapped)
    stated = mapped.options.get("max")
    most = stated if isinstance(stated, int) else MOST_STARS
    if exact == 0:
        return None
    if not 1 <= exact <= most or exact != exact.to_integral_value():
        raise unfit(mapped, _("the field takes whole numbers from 1 to %(most)d") % {"most": most})
    return int(exact)


def _json(exact: Decimal, mapped: MappedField, places: int | None = None) -> Json:
    """`places`: decimals it may have; None: as many as the field keeps."""
    if abs(exact) >= 2**53:
        raise unfit(mapped, _("it has more digits than a number there can hold"))
    if (whole := int(exact)) == exact:
        return whole
    places = _places(mapped) if places is None else places
    if exact != round(exact, places):  # below 2**53 and to 10 places, rounding stays within the 28 digits of decimals
        raise unfit(mapped, _("the field keeps only %(places)d decimals") % {"places": places})
    json = float(exact)
    if Decimal(repr(json)) != exact:
        raise unfit(mapped, _("it has more digits than a number there can hold"))
    return json


def _decimal(value: Value, mapped: MappedField) -> Decimal:
    if type(value) is Decimal and value.is_finite():
        return value
    if not _is_number(value):
        raise unfit(mapped, _("it is %(shape)s, not a number") % {"shape": shape(value)})
    exact = Decimal(value)
    if not exact.is_finite():
        raise unfit(mapped, _("it is not a finite number"))
    return exact


def _is_number(value: Value) -> TypeGuard[int | Decimal | str]:
    """A number, or text that would read the same again: 007 is a name, not a number."""
    if not isinstance(value, str):
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    try:
        return str(Decimal(value)) == value
    except InvalidOperation:
        return False


def _places(mapped: MappedField) -> int:
    """Decimals the field keeps; a percentage is written as a fraction, so two more."""
    stated = mapped.options.get("precision")
    precision = min(max(stated, 0), MOST_PLACES) if isinstance(stated, int) else MOST_PLACES
    return precision + 2 if mapped.remote_type == "percent" else precision
