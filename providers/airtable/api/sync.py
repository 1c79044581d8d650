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
from integration_hub.contract import Direction, Resource, WriteMode
from integration_hub.notices import problems
from integration_hub.rest.fields import Choice, Switch, Text, Whole
from integration_hub.rest.problems import Problem, invalid, missing_scope
from integration_hub.rest.requests import actor_of, token_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.sync import answers, lanes, mappings, previews, runs
from integration_hub.sync.drafts import Draft, InvalidMapping
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.models.mapping import RemoteDelete, WhoWins
from providers.airtable.api import finding, wishes
from providers.airtable.api.asking import asking
from providers.airtable.api.views import AirtableView, Json
from providers.airtable.api.wishes import SINK, Wish

MODES = {"push": Direction.PUSH, "pull": Direction.PULL, "bidirectional": Direction.BOTH}
EXAMPLE = {
    "base_id": "appOrdersBase0001",
    "table_id": "tblOrders00000001",
    "mode": "push",
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
    mode = Choice(
        tuple(MODES),
        required=False,
        help_text="push: the hub's records are written to Airtable; pull: rows become records of the hub; "
        "bidirectional: each side follows the other, field by field. Without `preview` it begins at once: rows are "
        "joined with records by Hub ID, then by `match_on`, and what has no partner gets one made.",
    )
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
    directions = serializers.DictField(
        child=Choice(tuple(Direction)),
        required=False,
        help_text="The direction of single fields, as far as the mode goes: push, pull, both. A field that Airtable "
        "computes is only pulled, one that the hub computes only pushed.",
    )
    policy = Choice(
        WhoWins.choices,
        required=False,
        help_text="Who wins where both sides changed a field; ask: it waits for a person.",
    )
    first = Choice(
        WhoWins.choices,
        required=False,
        help_text="Who wins where a row and a record meet for the first time and both have a value. Left out: ask, so "
        "that nothing is overwritten unseen; in the mode pull Airtable's value is taken.",
    )
    match_on = serializers.ListField(
        child=Text(max_length=100),
        required=False,
        help_text="The hub's fields (order_number, email …) by which a row that was never synced is known to be a "
        "record: all must agree. Left out where reading begins: an e-mail address or the first other field that "
        "identifies a record, of those that are mapped; []: none.",
    )
    makes_here = Switch(required=False, help_text="Make a record of a row that has none. Default true.")
    makes_there = Switch(required=False, help_text="Make a row of a record that has none. Default true.")
    on_remote_delete = Choice(
        tuple(RemoteDelete.values),
        required=False,
        help_text="What becomes of the record when its row is deleted: ignore, cancel, delete. Many at once ask first.",
    )
    preview = Switch(
        required=False,
        help_text="true: nothing is read into the hub or written yet. The run in the answer plans what would happen; "
        "the sync begins when that plan is applied (POST /api/runs/{id}/apply).",
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
        if mapping is not None and is_so(wish, wish.draft(self.connection, table, mapping), mapping):
            return again(mapping, actor_of(request), wish)
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


# Fields of the body that a draft calls alike.
ALIKE = ("filter", "create_choices", "minutes", "policy", "first", "match_on", "makes_here", "makes_there",
         "on_remote_delete")  # fmt: skip


def wish_of(body: dict[str, Any]) -> Wish:
    options: dict[str, Any] = {name: body[name] for name in ALIKE if name in body}
    if "live" in body:
        options["is_live"] = body["live"]
    if "mode" in body:
        options["direction"] = MODES[body["mode"]].value
    record_type = wishes.record_type_of(body["data_type"])
    told = (body.get("field_mapping"), body.get("write_modes", {}), options, body.get("directions", {}))
    return Wish(record_type, *told, preview=body.get("preview", False))


def is_so(wish: Wish, draft: Draft, mapping: Mapping) -> bool:
    """Whether the mapping is what is wanted; one that waits for its preview is not, where it is to begin at once."""
    return wishes.same(draft, mapping) and (wish.preview or not mapping.waits)


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
        if mapping is None or not is_so(wish, draft, mapping):
            mapping = mappings.save(connection, draft, actor=actor, mapping=mapping, preview=wish.preview)
        return again(mapping, actor, wish)


def again(mapping: Mapping, actor: str, wish: Wish) -> SyncRun:
    """A run of a mapping as it is, or a preview of one; what goes on already, where something does."""
    lanes.resume([mapping.pk])
    problems.close(mapping.company_id, f"sync:{mapping.pk}:configure")
    return previews.start(mapping, actor=actor) if wish.preview else runs.start(mapping, actor=actor)


def refuse_without_admin(request: Request) -> None:
    """People need to be admins for every unsafe request; a token's scope for this depends on the body."""
    token = token_of(request)
    if token is not None and "admin" not in token.scopes:
        raise missing_scope("admin", token.scopes)
