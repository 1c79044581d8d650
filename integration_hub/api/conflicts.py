"""Conflicts: fields that both sides changed to different values, read and settled by programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.filters import ConflictFilter
from integration_hub.rest.fields import Choice, Id, Moment, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView, HubViewSet
from integration_hub.sync import conflicts as service
from integration_hub.sync.models.pull import Choice as Chosen
from integration_hub.sync.models.pull import Conflict

LIMIT = 200
SIDES = [("ours", "the hub's value"), ("theirs", "the provider's value")]
STATES = [("open", "open"), ("settling", "somebody chose, and it is being carried out"), ("settled", "settled")]


class Known(Text):
    """A word, or nothing."""

    def get_attribute(self, instance: Conflict) -> str:
        return super().get_attribute(instance) or ""


class ConflictSerializer(StrictSerializer):
    id = Id(read_only=True)
    mapping = Id(read_only=True, source="target")
    record_type = Text(read_only=True)
    record_id = Id(read_only=True)
    remote_id = Text(read_only=True, help_text="The row at the provider.")
    title = Text(read_only=True, help_text="What people call the record.")
    field = Text(read_only=True, help_text="The name of our field.")
    remote_field = Text(read_only=True, help_text="The id of the provider's field.")
    ours = serializers.JSONField(read_only=True, help_text="The hub's value: numbers as texts, times in UTC.")
    theirs = serializers.JSONField(read_only=True, help_text="The provider's value, as the provider writes it.")
    ours_at = Moment(read_only=True, allow_null=True, help_text="When it was changed, where that is known.")
    theirs_at = Moment(read_only=True, allow_null=True, help_text="When it was changed, where that is known.")
    ours_by = Known(read_only=True, help_text="Who changed it, where that is known.")
    theirs_by = Known(read_only=True, help_text="Who changed it, where the provider says so.")
    opened_at = Moment(read_only=True)
    state = serializers.SerializerMethodField()
    choice = Choice(Chosen.choices, read_only=True, help_text="Empty while nobody chose.")
    settled_at = Moment(read_only=True, allow_null=True)
    settled_by = Text(read_only=True, source="actor")

    @extend_schema_field(serializers.ChoiceField(STATES))
    def get_state(self, row: Conflict) -> str:
        if row.settled_at is not None:
            return "settled"
        return "settling" if row.choice else "open"


class SettleSerializer(StrictSerializer):
    choice = Choice(SIDES, help_text="Whose value stays.")


class SettleManySerializer(StrictSerializer):
    ids = serializers.ListField(child=Id(), min_length=1, max_length=LIMIT, help_text="At most 200 conflicts.")
    choice = Choice(SIDES, help_text="Whose value stays, in all of them.")


class SettledOneSerializer(StrictSerializer):
    id = Id(read_only=True)
    status = Choice(
        [("settled", "now"), ("settled_before", "by somebody else"), ("not_found", "no such conflict")], read_only=True
    )


class SettledSerializer(StrictSerializer):
    count = Whole(read_only=True)
    settled = Whole(read_only=True)
    results = SettledOneSerializer(many=True, read_only=True)


class ConflictViewSet(HubViewSet):
    """Conflicts, newest first."""

    serializer_class, filterset_class = ConflictSerializer, ConflictFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Conflict.everywhere.none()
        return Conflict.objects.order_by("-opened_at", "-id")

    def list(self, request: Request) -> Response:
        """Nothing of a contested field is written to either side before it is settled; the other fields go on."""
        return self.page(self.get_queryset())

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self.get_serializer(find(pk)).data)


class SettleView(HubView):
    """Settle one conflict."""

    @extend_schema(
        operation_id="conflicts_settle",
        request=SettleSerializer,
        responses=ConflictSerializer,
        examples=[OpenApiExample("Keep the hub's value", value={"choice": "ours"}, request_only=True)],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """The value that stays is written to the other side a moment later. If a side changes before that, the
        conflict opens anew. 409 when it is settled already."""
        body = SettleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            service.settle(find(pk), Chosen(body.validated_data["choice"]), actor=actor_of(request))
        except service.NotOpen as settled:
            raise Problem("conflict", _("This conflict is settled already.")) from settled
        return Response(ConflictSerializer(find(pk)).data)


class SettleManyView(HubView):
    """Settle many conflicts."""

    @extend_schema(
        operation_id="conflicts_settle_many",
        request=SettleManySerializer,
        responses=SettledSerializer,
        examples=[
            OpenApiExample(
                "Two at once",
                value={
                    "ids": ["0b8f6f0e-6a31-4c27-9b1c-2f5f0a1d7c11", "1d2c9a44-0f57-4a39-8f0e-5b1c6f0e7a52"],
                    "choice": "theirs",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Up to 200 conflicts, answered one by one in the same order."""
        body = SettleManySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids = list(dict.fromkeys(body.validated_data["ids"]))
        known = set(Conflict.objects.filter(pk__in=ids).values_list("pk", flat=True))
        wanted = dict.fromkeys((pk for pk in ids if pk in known), "")
        choice, actor = Chosen(body.validated_data["choice"]), actor_of(request)
        done = set(service.settle_all(self.company.pk, wanted, choice, actor=actor).ids)
        results = [{"id": pk, "status": _status(pk, done, known)} for pk in ids]
        answer = {"count": len(results), "settled": len(done), "results": results}
        return Response(SettledSerializer(answer).data)


def _status(pk: UUID, done: set[UUID], known: set[UUID]) -> str:
    if pk in done:
        return "settled"
    return "settled_before" if pk in known else "not_found"


def find(pk: UUID) -> Conflict:
    """The entered company's conflict; Problem 404 where there is none."""
    row: Conflict | None = Conflict.objects.filter(pk=pk).first()
    if row is None:
        raise Problem("not-found", _("There is no such conflict."))
    return row


def urls() -> list[Any]:
    return [
        path("conflicts", ConflictViewSet.as_view({"get": "list"})),
        path("conflicts/settle", SettleManyView.as_view()),
        path("conflicts/<uuid:pk>", ConflictViewSet.as_view({"get": "retrieve"})),
        path("conflicts/<uuid:pk>/settle", SettleView.as_view()),
    ]
