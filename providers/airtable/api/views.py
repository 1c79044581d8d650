"""What Airtable's views share: the connection, bodies, and tables as they are answered."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from integration_hub.connections.models import Connection
from integration_hub.contract import Resource, registry
from integration_hub.rest.fields import Text
from integration_hub.rest.problems import Problem
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView
from integration_hub.sync import answers
from providers.airtable.api import finding
from providers.airtable.api.checking import plain
from providers.airtable.cells.texts import is_clean
from providers.airtable.schema import fields_of

BASE = OpenApiParameter("baseId", str, OpenApiParameter.PATH, description="The base's id (app…) or name.")
TABLE = OpenApiParameter("tableId", str, OpenApiParameter.PATH, description="The table's id (tbl…) or name.")
TABLE_ID = OpenApiParameter("tableId", str, OpenApiParameter.PATH, description="The table's id (tbl…).")
FIELD = OpenApiParameter("fieldId", str, OpenApiParameter.PATH, description="The field's id (fld…) or name.")


class Json(serializers.JSONField):
    """Any JSON. Our parser reads numbers with a point as decimals, which Python's encoder does not take."""

    def to_internal_value(self, data: Any) -> Any:
        return plain(data)


class FieldSerializer(StrictSerializer):
    """A field as Airtable tells it."""

    id = Text(read_only=True)
    name = Text(read_only=True)
    type = Text(read_only=True)
    options = Json(read_only=True, allow_null=True, help_text="Airtable's own, where the type has any.")


class TableSerializer(StrictSerializer):
    id = Text(read_only=True)
    name = Text(read_only=True)
    fields = FieldSerializer(many=True, read_only=True)  # type: ignore[assignment]


class AirtableView(HubView):
    """Speaks to Airtable for the company's connection."""

    calls_out = True

    @cached_property
    def connection(self) -> Connection:
        return answers.working(registry.provider("airtable"))

    def table(self, base: str | None, table: str) -> Resource:
        """The table with its fields, by the names in the address; a base need not be named."""
        if base is None:
            return finding.table_anywhere(self.connection, table)
        return finding.table(self.connection, finding.base(self.connection, base), table)

    def read(self, request: Request, shape: type[StrictSerializer]) -> dict[str, Any]:
        """The body, checked; Problem 400 by field."""
        if not _storable(request.data):
            raise Problem("malformed", _("A text of the body has a character that no text can hold."))
        body = shape(data=request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


def _storable(value: Any) -> bool:
    """No NUL and no half of a surrogate pair, however deep."""
    if isinstance(value, str):
        return is_clean(value)
    if isinstance(value, Mapping):
        return all(_storable(name) and _storable(one) for name, one in value.items())
    return all(map(_storable, value)) if isinstance(value, list) else True


def shown_field(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": body["id"], "name": body["name"], "type": body["type"], "options": plain(body.get("options"))}


def shown_table(resource: Resource) -> dict[str, Any]:
    return {"id": resource.id, "name": resource.label, "fields": [shown_field(one) for one in fields_of(resource)]}
