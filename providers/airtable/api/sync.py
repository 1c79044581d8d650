"""POST …/sync: with a body, one kind of record into one table; without one, everything that is set up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.connections import discovery, found
from integration_hub.connections.models import Connection
from integration_hub.contract import Resource, WriteMode
from integration_hub.notices import problems
from integration_hub.rest.fields import Choice, Switch, Text, Whole
from integration_hub.rest.problems import Problem, invalid, missing_scope
from integration_hub.rest.requests import actor_of, token_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.sync import answers, lanes, mappings, runs
from integration_hub.sync.mappings import InvalidMapping
from integration_hub.sync.models import Mapping, SyncRun
from providers.airtable.api import finding, wishes
from providers.airtable.api.asking import asking
from providers.airtable.api.views import AirtableView, Json
from providers.airtable.api.wishes import SINK, Wish

PUSH = "push"
MODES = (PUSH, "pull", "bidirectional")
EXAMPLE = {
    "base_id": "appOrdersBase0001",
    "table_id": "tblOrders00000001",
    "mode": PUSH,
    "data_type": "orders",
    "field_mapping": {"order_number": "Număr Comandă", "customer_email": "Email Client", "total": "Sumă Totală"},
}
NEEDED = ("base_id", "table_id", "data_type")
LONGEST_WAIT = 527_040  # minutes in a year


class SyncSerializer(StrictSerializer):
    """Which records go where: base_id, table_id and data_type are needed, unless the body is empty. What else is left
    out stays as it is set up, or as the connection's settings say."""

    base_id = Text(required=False, max_length=200, help_text="The base's id (app…) or name.")
    table_id = Text(required=False, max_length=255, help_text="The table's id (tbl…) or name.")
    mode = Choice(MODES, required=False, help_text="push: the hub's records are written to Airtable.")
    data_type = Text(required=False, max_length=100, help_text="orders, order_items, tickets, customers, events …")
    field_mapping = serializers.DictField(
        child=Text(max_length=255),
        required=False,
        allow_empty=False,
        help_text="The hub's field (name or label) → the Airtable field (name or id). Left out: matched by name.",
    )
    write_modes = serializers.DictField(
        child=Choice(tuple(WriteMode)),
        required=False,
        help_text="When a field is written: always, if_empty over there, if_new.",
    )
    filter = serializers.ListField(child=Json(), required=False, help_text='All must hold: {"field", "op", "value"}.')
    create_choices = Switch(required=False, help_text="Make choices that a select field lacks.")
    live = Switch(required=False, help_text="Bring every change over at once.")
    minutes = Whole(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_WAIT,
        help_text="Look through everything that often; null: only when it is started.",
    )

    def validate_mode(self, value: str) -> str:
        if value != PUSH:
            text = _("“%(mode)s” is not available yet. Use “push”: the hub's records are written to Airtable.")
            raise serializers.ValidationError(text % {"mode": value})
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in NEEDED if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: [_("This field is required.")] for name in missing})
        return attrs


class SyncView(AirtableView):
    """Bring records over. With a body: those records into that table, as described; the same body again changes
    nothing and starts a run of the same mapping. A table without a field for the hub's own id gets one (“Hub ID”).
    Without a body: everything that is set up. Changing what is set up needs the scope `admin`."""

    @extend_schema(
        operation_id="airtable_sync",
        summary="Sync with Airtable",
        request={"application/json": SyncSerializer},
        responses={
            202: OpenApiResponse(answers.StartedSerializer, description="The runs that were started, or go on already.")
        },
        examples=[OpenApiExample("Orders", value=EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        if not request.data and isinstance(request.data, dict):
            return answers.start_all(self.connection, actor=actor_of(request))
        body = self.read(request, SyncSerializer)
        try:
            run = self.start(request, body)
        except InvalidMapping as refused:
            raise invalid(wishes.by_body(refused)) from refused
        return answers.accepted([run])

    def start(self, request: Request, body: dict[str, Any]) -> SyncRun:
        """What does not fit the table we know may fit the table as it is now."""
        wish = wish_of(body)
        table = self.place(body)
        try:
            return self.begin(request, wish, table)
        except InvalidMapping:
            now = finding.newer(self.connection, table)
            if now is None:
                raise
            return self.begin(request, wish, now)

    def place(self, body: dict[str, Any]) -> Resource:
        with wrong("base_id"):
            base = finding.base(self.connection, body["base_id"])
        with wrong("table_id"):
            return finding.table(self.connection, base, body["table_id"])

    def begin(self, request: Request, wish: Wish, table: Resource) -> SyncRun:
        mapping = stored(self.connection, wish, table)
        if mapping is not None and wishes.same(wish.draft(self.connection, table, mapping), mapping):
            return again(mapping, actor_of(request))
        refuse_without_admin(request)
        try:
            return set_up(self.connection, wish, table, actor_of(request))
        except InvalidMapping as refused:
            if SINK.merge_field(table) or set(refused.errors) != {"place"}:
                raise
        return set_up(self.connection, wish, self.with_hub_id(wish, table), actor_of(request))

    def with_hub_id(self, wish: Wish, table: Resource) -> Resource:
        """All that a wish lacks is a field for the hub's own id: it is made."""
        with asking(self.connection) as client:
            made = SINK.make_fields(client, table, wish.record_type, ())
        discovery.put(self.connection, made)
        return made


@contextmanager
def wrong(name: str) -> Iterator[None]:
    """What is not there was named in the body, under this name: 400, and not 404."""
    try:
        yield
    except Problem as problem:
        if problem.kind.code != "not-found":
            raise
        raise invalid({name: [str(problem.detail)]}) from problem


def wish_of(body: dict[str, Any]) -> Wish:
    options: dict[str, Any] = {name: body[name] for name in ("filter", "create_choices", "minutes") if name in body}
    if "live" in body:
        options["is_live"] = body["live"]
    record_type = wishes.record_type_of(body["data_type"])
    return Wish(record_type, body.get("field_mapping"), body.get("write_modes", {}), options)


def stored(connection: Connection, wish: Wish, table: Resource) -> Mapping | None:
    """The mapping of these records into this table, when there is one."""
    here = dict(SINK.place(table))
    mine = Mapping.objects.filter(connection=connection, record_type=wish.record_type.key, retired_at=None)
    return next((one for one in mine.order_by("created_at") if one.place == here), None)


def set_up(connection: Connection, wish: Wish, table: Resource, actor: str) -> SyncRun:
    """One at a time for a connection: the same wish from two at once becomes one mapping."""
    with transaction.atomic():
        found.lock_connection(connection.pk)
        mapping = stored(connection, wish, table)
        draft = wish.draft(connection, table, mapping)
        if mapping is None or not wishes.same(draft, mapping):
            mapping = mappings.save(connection, draft, actor=actor, mapping=mapping)
        return again(mapping, actor)


def again(mapping: Mapping, actor: str) -> SyncRun:
    """A run of a mapping as it is; the one that goes on already, where one does."""
    lanes.resume([mapping.pk])
    problems.close(mapping.company_id, f"sync:{mapping.pk}:configure")
    return runs.start(mapping, actor=actor)


def refuse_without_admin(request: Request) -> None:
    """People need to be admins for every unsafe request; a token's scope for this depends on the body."""
    token = token_of(request)
    if token is not None and "admin" not in token.scopes:
        raise missing_scope("admin", token.scopes)
