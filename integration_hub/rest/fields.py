"""Fields that take one JSON type and nothing that merely looks like it; "5" is not a number, 5 is not a text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    Messages = dict[str, _StrOrPromise]


class _OnlyText:
    """Refuses everything but a JSON string before the field looks at it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("not_text")  # type: ignore[attr-defined]
        return super().to_internal_value(data)  # type: ignore[misc]

    default_error_messages: ClassVar[Messages] = {"not_text": _("A text in quotes is needed here.")}


class Text(_OnlyText, serializers.CharField):
    """A JSON string, trimmed. Optional ones may be empty."""


class Email(_OnlyText, serializers.EmailField):
    """An e-mail address."""


class Choice(_OnlyText, serializers.ChoiceField):
    """One of a few words; the error lists them."""

    default_error_messages: ClassVar[Messages] = {"invalid_choice": _("“{input}” is not one of: {known}.")}

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        super().fail(key, known=", ".join(map(str, self.choices)), **kwargs)


class Whole(serializers.IntegerField):
    """A JSON number without a fraction."""

    default_error_messages: ClassVar[Messages] = {"invalid": _("A whole number is needed here, without quotes.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | Decimal) or data % 1:
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class Switch(serializers.BooleanField):
    """true or false."""

    default_error_messages: ClassVar[Messages] = {"invalid": _("true or false is needed here, without quotes.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field(OpenApiTypes.UUID)
class Id(serializers.UUIDField):
    """An id of ours, as a UUID in its usual writing."""

    default_error_messages: ClassVar[Messages] = {
        "invalid": _("An id in its long form (8-4-4-4-12 hex digits) is needed here.")
    }
    _shape = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or not self._shape.fullmatch(data):
            self.fail("invalid", value=data)
        return UUID(data)


class Amount(serializers.Field):
    """A decimal, answered as a string ("12.50") so that clients lose no cent; numbers are taken too.

    `digits` before the point, `places` after.
    """

    default_error_messages: ClassVar[Messages] = {
        "invalid": _('A decimal number is needed here, such as "12.50".'),
        "too_precise": _("At most {places} digits after the point."),
        "too_large": _("At most {digits} digits before the point."),
        "min_value": _("This must be at least {minimum}."),
        "max_value": _("This must be at most {maximum}."),
    }
    _shape = re.compile(r"-?(\d+)(?:\.(\d+))?", re.ASCII)

    def __init__(
        self,
        *,
        digits: int = 10,
        places: int = 2,
        minimum: str | None = None,
        maximum: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.digits, self.places = digits, places
        self.minimum = None if minimum is None else Decimal(minimum)
        self.maximum = None if maximum is None else Decimal(maximum)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, int | Decimal) and not isinstance(data, bool):
            data = f"{data:f}"
        match = self._shape.fullmatch(data) if isinstance(data, str) else None
        if match is None:
            self.fail("invalid")
        if len(match[2] or "") > self.places:
            self.fail("too_precise", places=self.places)
        if len(match[1]) > self.digits:
            self.fail("too_large", digits=self.digits)
        value = Decimal(match[0])
        if self.minimum is not None and value < self.minimum:
            self.fail("min_value", minimum=self.minimum)
        if self.maximum is not None and value > self.maximum:
            self.fail("max_value", maximum=self.maximum)
        return value

    def to_representation(self, value: Any) -> str:
        return f"{Decimal(value):f}"


class Ref(Id):
    """The id of another record of the company; the services look whether it is there."""

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, f"{self.source}_id")


class Moment(_OnlyText, serializers.DateTimeField):
    """A time with its offset (2026-05-01T18:00:00Z); answers are always UTC, ending in Z."""

    default_error_messages: ClassVar[Messages] = {
        "invalid": _("A time with its offset is needed, such as 2026-05-01T18:00:00Z.")
    }
    _shape = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE | re.ASCII)

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, str) and not self._shape.fullmatch(data):
            self.fail("invalid", format="")
        return super().to_internal_value(data).astimezone(UTC)

    def to_representation(self, value: Any) -> Any:
        return value and value.astimezone(UTC).isoformat().replace("+00:00", "Z")
