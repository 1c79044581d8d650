"""Bodies are read by serializers that know every field they take and say so when another comes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Reads and shows one object. Unknown and read-only fields in a body are errors; writing is the services' work."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


def refuse_unknown(data: Iterable[str], fields: Mapping[str, serializers.Field]) -> None:
    """ValidationError for every field that is not there or not to be written."""
    writable = [name for name, field in fields.items() if not field.read_only]
    errors: dict[str, list[str]] = {}
    for name in data:
        if not fields:
            errors[name] = [_("This field is unknown; this address takes an empty body.")]
        elif name not in fields:
            known = ", ".join(sorted(writable))
            errors[name] = [_("This field is unknown. The known ones are: %(known)s.") % {"known": known}]
        elif name not in writable:
            errors[name] = [_("This field is set by the hub; leave it out.")]
    if errors:
        raise serializers.ValidationError(errors)
