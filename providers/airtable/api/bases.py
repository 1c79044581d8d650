"""GET …/bases, GET and POST …/bases/{baseId}/tables: what there is, and one table more."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.connections import discovery
from integration_hub.connections.discovery import Known
from integration_hub.connections.models import FoundResource
from integration_hub.contract import Resource
from integration_hub.rest.fields import Moment, Text, Whole
from integration_hub.rest.paging import PagePagination
from integration_hub.rest.problems import bad_parameter
from integration_hub.rest.serializers import StrictSerializer
from providers.airtable.api import finding
from providers.airtable.api.asking import asking
from providers.airtable.api.fields import NEW_FIELD, NewFieldSerializer
from providers.airtable.api.views import BASE, AirtableView, TableSerializer, shown_table
from providers.airtable.client import AirtableClient
from providers.airtable.schema import table_resource

REFRESH = OpenApiParameter("refresh", str, enum=["0", "1"], description="1: ask Airtable now, however fresh the list.")
PAGES = [
    OpenApiParameter("page", int, description="Which page."),
    OpenApiParameter("page_size", int, description="How many a page has, at most 200."),
]
PARAMETERS = ("page", "page_size", "refresh")


class BaseSerializer(StrictSerializer):
    id = Text(read_only=True)
    name = Text(read_only=True)
    permission_level = Text(read_only=True, help_text="What the key's owner may: none, read, comment, edit, create.")


class FoundSerializer(StrictSerializer):
    """A page of what was found. It is not older than an hour, unless Airtable could not be asked: then `error` says
    why."""

    count = Whole(read_only=True)
    page = Whole(read_only=True)
    page_size = Whole(read_only=True)
    found_at = Moment(read_only=True, help_text="When Airtable told it.")
    error = Text(read_only=True, help_text="Why Airtable could not be asked since; empty when it could.")


class BasePageSerializer(FoundSerializer):
    results = BaseSerializer(many=True, read_only=True)


class TablePageSerializer(FoundSerializer):
    results = TableSerializer(many=True, read_only=True)


class NewTableSerializer(StrictSerializer):
    """A table to be made. Its first field names its rows."""

    name = Text(max_length=255)
    description = Text(required=False, allow_blank=True, max_length=20_000)
    fields = NewFieldSerializer(many=True, allow_empty=False)  # type: ignore[assignment]


class FoundView(AirtableView):
    """A list of what was found, a page at a time."""

    query_parameters: ClassVar[tuple[str, ...]] = PARAMETERS

    def page(self, request: Request, within: str = "") -> dict[str, Any]:
        """The page as found, without showing its rows."""
        known = finding.fresh(self.connection, within, refresh=wants_now(request))
        pages = PagePagination()
        rows = pages.paginate_queryset(self.rows(within), request)
        return {**pages.get_paginated_response(rows).data, **told(known)}

    def rows(self, within: str) -> QuerySet[FoundResource]:
        return FoundResource.objects.filter(connection=self.connection, within=within).order_by("position", "pk")


class BasesView(FoundView):
    """The bases the key sees."""

    @extend_schema(
        operation_id="airtable_bases_list",
        summary="List bases",
        responses=BasePageSerializer,
        parameters=[*PAGES, REFRESH],
    )
    def get(self, request: Request) -> Response:
        page = self.page(request)
        page["results"] = [shown_base(row) for row in page["results"]]
        return Response(BasePageSerializer(page).data)


class TablesView(FoundView):
    """The tables of a base with their fields. POST makes one."""

    unsafe_scope = "admin"

    @extend_schema(
        operation_id="airtable_tables_list",
        summary="List tables",
        responses=TablePageSerializer,
        parameters=[BASE, *PAGES, REFRESH],
    )
    def get(self, request: Request, baseId: str) -> Response:
        base = finding.base(self.connection, baseId)
        page = self.page(request, base.id)
        page["results"] = [shown_table(resource_of(row)) for row in page["results"]]
        return Response(TablePageSerializer(page).data)

    @extend_schema(
        operation_id="airtable_tables_create",
        summary="Create a table",
        request=NewTableSerializer,
        responses={201: TableSerializer},
        parameters=[BASE],
        examples=[
            OpenApiExample("A table", value={"name": "Comenzi", "fields": [NEW_FIELD]}, request_only=True),
        ],
    )
    def post(self, request: Request, baseId: str) -> Response:
        wanted = self.read(request, NewTableSerializer)
        base = finding.base(self.connection, baseId)
        with asking(self.connection) as client:
            made = table_resource(base.id, create(client, base, wanted))
        discovery.put(self.connection, made)
        return Response(TableSerializer(shown_table(made)).data, status=201)

    def known_parameters(self) -> list[str]:
        return [] if self.request.method == "POST" else super().known_parameters()


def create(client: AirtableClient, base: Resource, wanted: dict[str, Any]) -> dict[str, Any]:
    return client.create_table(base.id, wanted["name"], wanted["fields"], wanted.get("description", ""))


def wants_now(request: Request) -> bool:
    given = request.query_params.get("refresh", "0")
    if given not in ("0", "1"):
        raise bad_parameter("refresh", _("Give 1 to ask Airtable now, or leave it out."))
    return given == "1"


def told(known: Known) -> dict[str, Any]:
    return {"found_at": known.found_at, "error": known.error}


def shown_base(row: FoundResource) -> dict[str, Any]:
    return {"id": row.remote_id, "name": row.label, "permission_level": str(row.details.get("permission", ""))}


def resource_of(row: FoundResource) -> Resource:
    return Resource(row.kind, row.remote_id, row.label, row.within, row.details)
