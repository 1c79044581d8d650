"""Fields only records need."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integration_hub.records import money
from integration_hub.rest.fields import Amount

_DECIMAL = r"^-?\d{1,15}(\.\d{1,6})?$"


def amount_schema(minimum: int, maximum: int | None = None) -> dict[str, Any]:
    """How an Amount is written: as a decimal string, or as a number."""
    number: dict[str, Any] = {"type": "number", "minimum": minimum}
    if maximum is not None:
        number["maximum"] = maximum
    return {"oneOf": [{"type": "string", "pattern": _DECIMAL}, number], "example": "12.50"}


@extend_schema_field(amount_schema(0))
class Money(Amount):
    """An amount in the currency of its record (or of the order its line belongs to), shown with that one's digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(digits=15, places=4, minimum="0", **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        home = instance if hasattr(instance, "currency") else instance.order
        amount: Any = super().get_attribute(instance)
        return money.text(amount, home.currency)

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field(amount_schema(0, 1))
class Fraction(Amount):
    """A share from 0 to 1: "0.15" is 15 %."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(digits=1, places=6, minimum="0", maximum="1", **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}" if value else "0"


class Totals(serializers.DictField):
    """Amounts by currency: {"EUR": "440.00"}."""

    child = serializers.CharField()
