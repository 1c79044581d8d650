"""Runs as the API shows them, and starting them on its behalf: for the generic addresses and for providers' own."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from integration_hub.connections.models import Connection, Status
from integration_hub.contract import Provider, registry
from integration_hub.notices.models import Problem as OpenProblem
from integration_hub.rest.fields import Choice, Id, Moment, Ref, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.sync import setup
from integration_hub.sync.models import SyncRun
from integration_hub.sync.models.run import RunKind, RunState


def address(run: SyncRun) -> str:
    return f"/api/runs/{run.pk}"


class RunSerializer(StrictSerializer):
    id = Id(read_only=True)
    address = serializers.SerializerMethodField()
    provider = Text(read_only=True, source="mapping.connection.provider")
    record_type = Text(read_only=True, source="mapping.record_type")
    mapping = Ref(read_only=True)
    target = Text(read_only=True, source="mapping.label")
    kind = Choice(RunKind.choices, read_only=True)
    state = Choice(RunState.choices, read_only=True)
    started_by = Text(read_only=True, source="actor")
    started_at = Moment(read_only=True)
    finished_at = Moment(read_only=True, allow_null=True)
    applied_at = Moment(read_only=True, allow_null=True, help_text="When somebody wanted this preview done.")
    undoes = Ref(read_only=True, allow_null=True, help_text="The run that this one takes back.")
    total = Whole(read_only=True)
    created = Whole(read_only=True)
    updated = Whole(read_only=True)
    deleted = Whole(read_only=True)
    unchanged = Whole(read_only=True)
    failed = Whole(read_only=True)

    def get_address(self, run: SyncRun) -> str:
        return address(run)


class StartedSerializer(StrictSerializer):
    address = Text(read_only=True, help_text="Of the first run, as in Location; else of the integration.")
    runs = RunSerializer(many=True, read_only=True)


def working(provider: Provider) -> Connection:
    """The entered company's connection, when calls may be made with it; Problem 409 says what to do first."""
    connection = Connection.objects.filter(provider=provider.key).first()
    if connection is None or connection.status != Status.CONNECTED:
        status = Status.NOT_CONNECTED if connection is None else Status(connection.status)
        raise Problem("conflict", _closed(status) % {"name": provider.name})
    return connection


def _closed(status: Status) -> str:
    if status == Status.PAUSED:
        return _("%(name)s is paused; resume it first.")
    if status == Status.NEEDS_RECONNECT:
        return _("%(name)s is not connected any more: its key was refused. Connect it again first.")
    return _("%(name)s is not connected; connect it first.")


def start_all(connection: Connection, *, actor: str) -> Response:
    """Sync every mapping and read every stream now: 202 with the runs. Problem 409 with the reason when there is
    nothing to start."""
    started = setup.sync_now(connection, actor=actor)
    if not started and any(stream.counts for stream in registry.provider(connection.provider).streams):
        return Response({"address": f"/api/integrations/{connection.provider}", "runs": []}, status=202)
    if not started:
        raise Problem("conflict", _reason(connection))
    return accepted(started)


def one_accepted(run: SyncRun) -> Response:
    """202: this run was started, or goes on."""
    return Response(RunSerializer(run).data, status=202, headers={"Location": address(run)})


def accepted(runs: Sequence[SyncRun]) -> Response:
    """202: these runs were started, or go on already; at least one."""
    first = address(runs[0])
    data: Any = StartedSerializer({"address": first, "runs": runs}).data
    return Response(data, status=202, headers={"Location": first})


def _reason(connection: Connection) -> str:
    """The oldest open problem of the provider, else what went wrong last."""
    found = OpenProblem.everywhere.filter(company=connection.company_id, provider=connection.provider, closed_at=None)
    sentence: str | None = found.order_by("since").values_list("sentence", flat=True).first()
    return sentence or connection.last_error
