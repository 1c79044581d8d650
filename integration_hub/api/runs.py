"""Runs: what was synced, when, and what became of every record."""

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

from integration_hub.api.filters import RunFilter, WriteFilter
from integration_hub.rest.fields import Choice, Id, Moment, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView, HubViewSet
from integration_hub.sync import answers, undoing
from integration_hub.sync.answers import RunSerializer
from integration_hub.sync.models import SyncRun, SyncWrite
from integration_hub.sync.models.run import Outcome, Went

PAGE_PARAMETERS = [
    OpenApiParameter("page", int, description="Which page of the records."),
    OpenApiParameter("page_size", int, description="How many records a page has, at most 200."),
    OpenApiParameter("after", int, description="Read on after the record with this id."),
]


class ChangeSerializer(StrictSerializer):
    field = Text(read_only=True)
    before = serializers.JSONField(read_only=True)
    after = serializers.JSONField(read_only=True)


class WriteSerializer(StrictSerializer):
    """What became of one record in a run."""

    id = Whole(read_only=True)
    record_type = Text(read_only=True)
    record_id = Id(read_only=True)
    title = Text(read_only=True)
    remote_id = Text(read_only=True)
    outcome = Choice(Outcome.choices, read_only=True)
    way = Choice(Went.choices, read_only=True, help_text="To the provider, or from it.")
    sentence = Text(read_only=True, help_text="Why it failed; empty when it did not.")
    changes = ChangeSerializer(many=True, read_only=True)
    at = Moment(read_only=True)


class WritePageSerializer(StrictSerializer):
    """A page of records, as lists come."""

    count = Whole(read_only=True)
    page = Whole(read_only=True, allow_null=True)
    page_size = Whole(read_only=True)
    results = WriteSerializer(many=True, read_only=True)


class RunDetailSerializer(RunSerializer):
    records = WritePageSerializer(read_only=True)


class RunViewSet(HubViewSet):
    """Full syncs and hours of live changes, newest first."""

    serializer_class, filterset_class = RunSerializer, RunFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return SyncRun.everywhere.none()
        return SyncRun.objects.select_related("mapping__connection").order_by("-started_at", "-id")

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())


class RunView(HubViewSet):
    """One run, with a page of what became of each record, newest first."""

    serializer_class, filterset_class = WriteSerializer, WriteFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return SyncWrite.everywhere.none()
        return SyncWrite.objects.filter(run=self.kwargs["pk"]).order_by("-id")

    @extend_schema(
        operation_id="runs_retrieve",
        responses=forced_singular_serializer(RunDetailSerializer),
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("outcome", str, enum=Outcome.values)],
    )
    def list(self, request: Request, pk: UUID) -> Response:
        run = find(pk)
        records = self.page(self.get_queryset()).data
        return Response({**RunSerializer(run).data, "records": records})


class UndoView(HubView):
    """Take a run back."""

    @extend_schema(
        operation_id="runs_undo",
        request=None,
        responses={202: OpenApiResponse(RunSerializer, description="The run that takes it back.")},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Both sides become what they were before the run, where nobody changed them since; what is left alone stands
        in the records of the answered run, with the reason. 409 says why a run cannot be taken back (any more): what it
        changed is kept for 30 days."""
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # no body, or an empty one
        run = find(pk)
        try:
            return answers.one_accepted(undoing.start(run, actor=actor_of(request)))
        except undoing.NotPossible as refused:
            raise Problem("conflict", str(refused)) from refused


def find(pk: UUID) -> SyncRun:
    """The entered company's run; Problem 404 where there is none."""
    run = SyncRun.objects.select_related("mapping__connection").filter(pk=pk).first()
    if run is None:
        raise Problem("not-found", _("There is no such run."))
    return run


def urls() -> list[Any]:
    return [
        path("runs", RunViewSet.as_view({"get": "list"})),
        path("runs/<uuid:pk>", RunView.as_view({"get": "list"})),
        path("runs/<uuid:pk>/undo", UndoView.as_view()),
    ]
