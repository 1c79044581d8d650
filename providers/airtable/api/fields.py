"""POST …/tables/{tableId}/fields and PATCH …/fields/{fieldId}: one field more, and another name for one.

Both are there with the base in the address and, for tables that were listed before, without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.connections import discovery
from integration_hub.contract import Resource
from integration_hub.rest.fields import Text
from integration_hub.rest.problems import Problem
from integration_hub.rest.serializers import StrictSerializer
from providers.airtable.api import finding
from providers.airtable.api.asking import asking
from providers.airtable.api.checking import known, named
from providers.airtable.api.views import BASE, FIELD, TABLE, TABLE_ID, AirtableView, FieldSerializer, Json, shown_field
from providers.airtable.cells.kinds import COMPUTED, WRITABLE
from providers.airtable.schema import fields_of, remote_fields

NEW_FIELD = {"name": "Sumă Totală", "type": "currency", "options": {"precision": 2, "symbol": "lei"}}
LINK = "multipleRecordLinks"
Handler = TypeVar("Handler", bound=Callable[..., Response])


class NewFieldSerializer(StrictSerializer):
    """A field to be made, in Airtable's own words: https://airtable.com/developers/web/api/field-model"""

    name = Text(max_length=255)
    type = Text(max_length=50)
    description = Text(required=False, max_length=20_000)
    options = serializers.DictField(child=Json(allow_null=True), required=False)

    def validate_type(self, value: str) -> str:
        if value in WRITABLE:
            return value
        text = _("Airtable makes no fields of the type “%(type)s” for programs. It makes: %(known)s.")
        if value not in COMPUTED:
            text = _("There is no type “%(type)s”. There are: %(known)s.")
        raise serializers.ValidationError(text % {"type": value, "known": ", ".join(WRITABLE)})


class RenamedFieldSerializer(StrictSerializer):
    """Airtable changes nothing else of a field: not its type, not its options."""

    name = Text(required=False, max_length=255)
    description = Text(required=False, allow_blank=True, max_length=20_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(_("Give a name or a description."))
        return attrs


def creating(operation_id: str, *parameters: OpenApiParameter) -> Callable[[Handler], Handler]:
    """How making a field is described."""
    described: Callable[[Handler], Handler] = extend_schema(
        operation_id=operation_id,
        summary="Create a field",
        request=NewFieldSerializer,
        responses={201: FieldSerializer},
        parameters=[*parameters],
        examples=[OpenApiExample("A field", value=NEW_FIELD, request_only=True)],
    )
    return described


def renaming(operation_id: str, *parameters: OpenApiParameter) -> Callable[[Handler], Handler]:
    """How changing a field is described."""
    described: Callable[[Handler], Handler] = extend_schema(
        operation_id=operation_id,
        summary="Rename a field",
        request=RenamedFieldSerializer,
        responses=FieldSerializer,
        parameters=[*parameters],
        examples=[OpenApiExample("Another name", value={"name": "Total comandă"}, request_only=True)],
    )
    return described


class FieldBase(AirtableView):
    """What making and changing fields share, wherever the table is named."""

    unsafe_scope = "admin"

    def create(self, request: Request, base: str | None, table_name: str) -> Response:
        wanted = self.read(request, NewFieldSerializer)
        table = self.table(base, table_name)
        with asking(self.connection) as client:
            made = client.create_field(table.parent, table.id, wanted)
        discovery.put(self.connection, with_field(table, made))
        if wanted["type"] == LINK:  # its counterpart is in another table
            discovery.ask(self.connection, table.parent)
        return Response(FieldSerializer(shown_field(made)).data, status=201)

    def rename(self, request: Request, base: str | None, table_name: str, name: str) -> Response:
        wanted = self.read(request, RenamedFieldSerializer)
        table, field = self.field_of(self.table(base, table_name), name)
        words = {"name": wanted.get("name", ""), "description": wanted.get("description")}
        with asking(self.connection) as client:
            changed = client.rename_field(table.parent, table.id, field, **words)
        discovery.put(self.connection, with_field(table, changed))
        return Response(FieldSerializer(shown_field(changed)).data)

    def field_of(self, table: Resource, wanted: str) -> tuple[Resource, str]:
        """The table and the field's id; Problem 404 names the fields there are."""
        found = named(remote_fields(table), wanted)
        if found is None and (again := finding.newer(self.connection, table)):
            table = again
            found = named(remote_fields(table), wanted)
        if found is None:
            text = _("The table “%(table)s” has no field “%(wanted)s”. It has: %(known)s.")
            told = {"table": table.label, "wanted": wanted[:200], "known": known(remote_fields(table))}
            raise Problem("not-found", text % told)
        return table, found.id


class FieldsView(FieldBase):
    """Make a field."""

    @creating("airtable_fields_create", BASE, TABLE)
    def post(self, request: Request, baseId: str, tableId: str) -> Response:
        return self.create(request, baseId, tableId)


class FieldView(FieldBase):
    """Change a field's name or description. What is mapped stays mapped: it is known by its id."""

    @renaming("airtable_fields_rename", BASE, TABLE, FIELD)
    def patch(self, request: Request, baseId: str, tableId: str, fieldId: str) -> Response:
        return self.rename(request, baseId, tableId, fieldId)


class TableFieldsView(FieldBase):
    """Make a field in a table that was listed before."""

    @creating("airtable_table_fields_create", TABLE_ID)
    def post(self, request: Request, tableId: str) -> Response:
        return self.create(request, None, tableId)


class TableFieldView(FieldBase):
    """Change a field of a table that was listed before."""

    @renaming("airtable_table_fields_rename", TABLE_ID, FIELD)
    def patch(self, request: Request, tableId: str, fieldId: str) -> Response:
        return self.rename(request, None, tableId, fieldId)


def with_field(table: Resource, field: Mapping[str, Any]) -> Resource:
    """The table as we know it, with this field new or changed."""
    fields: Sequence[Mapping[str, Any]] = fields_of(table)
    if any(one["id"] == field["id"] for one in fields):
        told = [{**one, **field} if one["id"] == field["id"] else one for one in fields]
    else:
        told = [*fields, field]
    return replace(table, details={**table.details, "fields": [dict(one) for one in told]})
