"""Events as programs see them: the list, one with its payload, and Replay."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.http.redaction import redact
from integration_hub.rest.fields import Choice, Id, Moment, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubViewSet
from integration_hub.webhooks.models import State, WebhookEvent
from integration_hub.webhooks.replaying import CannotReplay, replay

_STATES = format_lazy(gettext_lazy("“%(value)s” is not one of: {known}."), known=", ".join(State.values))


class WebhookEventFilter(django_filters.FilterSet):
    provider = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=State.choices, error_messages={"invalid_choice": _STATES})
    type = django_filters.CharFilter()


class WebhookEventSerializer(StrictSerializer):
    """An event without its payload, which may be large."""

    id = Id(read_only=True)
    provider = Text(read_only=True)
    event_id = Text(read_only=True, help_text="The provider's own id of the event, or a fingerprint where it has none.")
    type = Text(read_only=True)
    state = Choice(State.choices, read_only=True)
    attempts = Whole(read_only=True)
    sentence = Text(read_only=True, help_text="Why it failed last; empty when it did not.")
    received_at = Moment(read_only=True)
    settled_at = Moment(read_only=True, allow_null=True)


class WebhookEventDetailSerializer(WebhookEventSerializer):
    payload = serializers.SerializerMethodField()

    def get_payload(self, event: WebhookEvent) -> Any:
        return redact(event.payload)


class WebhookEventViewSet(HubViewSet):
    """What providers reported, newest first."""

    serializer_class, filterset_class = WebhookEventSerializer, WebhookEventFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return WebhookEvent.everywhere.none()
        rows = WebhookEvent.objects.order_by("-received_at", "-id")
        return rows.defer("body", "raw", "trace") if self.action == "list" else rows.select_related("connection")

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(responses=WebhookEventDetailSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(WebhookEventDetailSerializer(self.found(pk)).data)

    @extend_schema(request=None, responses={202: WebhookEventDetailSerializer})
    def replay(self, request: Request, pk: UUID) -> Response:
        """Work on an event once more that was given up or ignored."""
        try:
            event = replay(self.found(pk), actor=actor_of(request))
        except CannotReplay as reason:
            raise Problem("conflict", str(reason)) from reason
        return Response(WebhookEventDetailSerializer(event).data, status=202)

    def found(self, pk: UUID) -> WebhookEvent:
        event = self.get_queryset().filter(pk=pk).first()
        if event is None:
            raise Problem("not-found", _("There is no such event."))
        found: WebhookEvent = event
        return found


def urls() -> list[Any]:
    return [
        path("api/webhook-events", WebhookEventViewSet.as_view({"get": "list"})),
        path("api/webhook-events/<uuid:pk>", WebhookEventViewSet.as_view({"get": "retrieve"})),
        path("api/webhook-events/<uuid:pk>/replay", WebhookEventViewSet.as_view({"post": "replay"})),
    ]
