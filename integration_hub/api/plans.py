"""Previews: planning a run of a mapping, reading the plan row by row, and applying exactly that."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.filters import PlanFilter
from integration_hub.api.runs import PAGE_PARAMETERS, find
from integration_hub.rest.fields import Choice, Id, Switch, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView, HubViewSet
from integration_hub.sync import answers, previews
from integration_hub.sync.answers import RunSerializer
from integration_hub.sync.models import Mapping, PlanRow
from integration_hub.sync.models.preview import Planned, PlanState
from integration_hub.sync.models.run import RunKind


class PlannedChangeSerializer(StrictSerializer):
    """One field: `ours` and `theirs` as they are, `after` as both will be; null where a person must choose."""

    field = Text(read_only=True, help_text="What people call our field.")
    way = Choice([("in", "from the provider"), ("out", "to the provider"), ("both", "open")], read_only=True)
    ours = serializers.JSONField(read_only=True)
    theirs = serializers.JSONField(read_only=True)
    after = serializers.JSONField(read_only=True)


class PlanRowSerializer(StrictSerializer):
    """What is to become of one record, one row, or a pair of them."""

    id = Whole(read_only=True)
    what = Choice(Planned.choices, read_only=True)
    state = Choice(PlanState.choices, read_only=True)
    matched = Switch(read_only=True, help_text="A record and a row that belong together.")
    record_id = Id(read_only=True, allow_null=True)
    remote_id = Text(read_only=True)
    title = Text(read_only=True)
    changes = PlannedChangeSerializer(many=True, read_only=True)
    partners = serializers.ListField(child=Text(), read_only=True, help_text="Who else fits.")
    sentence = Text(read_only=True, help_text="Why it cannot be done, or was left alone.")


class PlanPageSerializer(StrictSerializer):
    """A page of the plan, as lists come."""

    count = Whole(read_only=True)
    page = Whole(read_only=True, allow_null=True)
    page_size = Whole(read_only=True)
    results = PlanRowSerializer(many=True, read_only=True)


class PlanSerializer(StrictSerializer):
    run = RunSerializer(read_only=True)
    summary = serializers.DictField(
        child=Whole(),
        read_only=True,
        help_text="How many are matched, only_here, only_there and ambiguous, and how many rows of each `what`.",
    )
    rows = PlanPageSerializer(read_only=True)


class PlanView(HubViewSet):
    """The plan of a preview, in the order in which it is applied."""

    serializer_class, filterset_class = PlanRowSerializer, PlanFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return PlanRow.everywhere.none()
        return PlanRow.objects.filter(run=self.kwargs["pk"]).order_by("id")

    @extend_schema(
        operation_id="runs_plan",
        responses=forced_singular_serializer(PlanSerializer),
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("what", str, enum=Planned.values),
            OpenApiParameter("state", str, enum=PlanState.values),
        ],
    )
    def list(self, request: Request, pk: UUID) -> Response:
        """Complete once the run's `state` is `planned`; runs of other kinds have no plan (404)."""
        run = find(pk)
        if run.kind != RunKind.PREVIEW:
            raise Problem("not-found", _("This run is no preview, so it has no plan."))
        rows = self.page(self.get_queryset()).data
        return Response({"run": RunSerializer(run).data, "summary": previews.summary(run), "rows": rows})


class ApplyView(HubView):
    """Apply a preview."""

    @extend_schema(
        operation_id="runs_apply",
        request=None,
        responses={202: OpenApiResponse(RunSerializer, description="The same run, which goes on.")},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Exactly what the preview showed is done. What changed since is left alone and says so in the plan. 409 says
        why it cannot be applied: it is not ready, was applied or discarded, or the mapping was changed."""
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # no body, or an empty one
        try:
            return answers.one_accepted(previews.apply(find(pk), actor=actor_of(request)))
        except previews.NotReady as refused:
            raise Problem("conflict", str(refused)) from refused


class PreviewView(HubView):
    """Preview a run of a mapping."""

    @extend_schema(
        operation_id="mappings_preview",
        request=None,
        responses={202: OpenApiResponse(RunSerializer, description="The preview; its `kind` is `preview`.")},
    )
    def post(self, request: Request, provider: str, pk: UUID) -> Response:
        """Plans what a run would do, without writing anything. Read the run until its `state` is `planned`, then its
        plan at `/api/runs/{id}/plan`; `/api/runs/{id}/apply` does it. While a preview of this mapping is being planned
        or applied, that one is answered."""
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # no body, or an empty one
        mine = Mapping.objects.filter(connection__provider=provider, retired_at=None)
        mapping = mine.select_related("connection").filter(pk=pk).first()
        if mapping is None:
            raise Problem("not-found", _("There is no such mapping."))
        run = previews.start(mapping, actor=actor_of(request))
        if run.kind != RunKind.PREVIEW:
            raise Problem("conflict", _("A run of this mapping is just being taken back. Plan when that is over."))
        return answers.one_accepted(run)


def urls() -> list[Any]:
    return [
        path("runs/<uuid:pk>/plan", PlanView.as_view({"get": "list"})),
        path("runs/<uuid:pk>/apply", ApplyView.as_view()),
        path("integrations/<str:provider>/mappings/<uuid:pk>/preview", PreviewView.as_view()),
    ]
