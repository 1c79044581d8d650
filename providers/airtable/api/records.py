"""POST …/tables/{tableId}/records: one row, now."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.connections import discovery
from integration_hub.contract import FieldRefused, Resource
from integration_hub.rest.fields import Switch, Text
from integration_hub.rest.problems import Problem, invalid
from integration_hub.rest.serializers import StrictSerializer
from providers.airtable.api import finding
from providers.airtable.api.asking import asking
from providers.airtable.api.checking import checked
from providers.airtable.api.views import BASE, TABLE, AirtableView, Json
from providers.airtable.schema import fields_of, remote_fields

ROW = {"Număr Comandă": "ORD-2025-001", "Email Client": "client@example.com", "Sumă Totală": 150.00}


class NewRecordSerializer(StrictSerializer):
    """A row: values by the name or the id of their field, as Airtable takes them."""

    fields = serializers.DictField(  # type: ignore[assignment]
        child=Json(allow_null=True), allow_empty=False
    )
    typecast = Switch(required=False, help_text="Let Airtable read texts as numbers and days, and make choices.")


class RecordSerializer(StrictSerializer):
    """The row as Airtable answers: empty cells are left out."""

    id = Text(read_only=True)
    createdTime = Text(read_only=True)
    fields = serializers.DictField(child=Json(), read_only=True)  # type: ignore[assignment]


class RecordsView(AirtableView):
    """Make a row. It is made once, and not by a sync: the hub does not follow it. Where Airtable does not say in time
    whether it made the row, the answer is 504: look there before you repeat the request."""

    @extend_schema(
        operation_id="airtable_records_create",
        summary="Create a record",
        request=NewRecordSerializer,
        responses={201: RecordSerializer},
        parameters=[BASE, TABLE],
        examples=[
            OpenApiExample("A row", value={"fields": ROW}, request_only=True),
            OpenApiExample(
                "The row made",
                value={"id": "rec8x3kPq2LmN0aBc", "createdTime": "2026-11-20T10:00:00.000Z", "fields": ROW},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, baseId: str, tableId: str) -> Response:
        wanted = self.read(request, NewRecordSerializer)
        table, cells = self.checked(self.table(baseId, tableId), wanted)
        try:
            made = self.create(table, cells, typecast=wanted.get("typecast", False))
        except Problem as problem:
            if problem.kind.code == "not-found":
                discovery.invalidate(self.connection, table.parent)
            raise
        return Response(RecordSerializer({**made, "fields": by_name(table, made["fields"])}).data, status=201)

    def checked(self, table: Resource, wanted: dict[str, Any]) -> tuple[Resource, dict[str, Any]]:
        """Cells by field id. What does not fit the table we know may fit the table as it is now."""
        typecast = wanted.get("typecast", False)
        cells, errors = checked(remote_fields(table), wanted["fields"], typecast=typecast)
        if errors and (again := finding.newer(self.connection, table)):
            table = again
            cells, errors = checked(remote_fields(table), wanted["fields"], typecast=typecast)
        if errors:
            raise invalid(errors)
        return table, cells

    def create(self, table: Resource, cells: dict[str, Any], *, typecast: bool) -> dict[str, Any]:
        with asking(self.connection) as client:
            try:
                answer = client.create_records(table.parent, table.id, [{"fields": cells}], typecast=typecast)
            except FieldRefused as refused:
                discovery.invalidate(self.connection, table.parent)
                raise Problem("provider-refused", errors=blamed(table, refused)) from refused
        made: dict[str, Any] = answer["records"][0]
        return made


def by_name(table: Resource, cells: dict[str, Any]) -> dict[str, Any]:
    """Cells as Airtable names them for people; one of a field that came meanwhile keeps its id."""
    names = {field["id"]: field["name"] for field in fields_of(table)}
    return {names.get(one, one): cell for one, cell in cells.items()}


def blamed(table: Resource, refused: FieldRefused) -> dict[str, list[str]]:
    """The sentence under each field that Airtable named; under all of them when it named none."""
    names = {field["id"]: field["name"] for field in fields_of(table)}
    blamed = [f"fields.{names.get(one, one)}" for one in refused.fields] or ["fields"]
    return {name: [refused.sentence or _("Airtable refused this value.")] for name in blamed}
