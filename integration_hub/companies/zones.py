"""Time zones by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def validate_zone(name: str) -> None:
    """ValidationError unless `name` is an IANA zone such as Europe/Bucharest."""
    if name not in zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; write one such as Europe/Bucharest."), params={"name": name}
        )
