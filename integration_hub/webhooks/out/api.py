"""Outgoing webhooks for programs: subscriptions, their secrets, deliveries and replay."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.http import clock
from integration_hub.rest.fields import Choice, Id, Moment, Switch, Text, Whole
from integration_hub.rest.problems import WHOLE, Problem, invalid
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubViewSet
from integration_hub.webhooks.out import delivering, pruning, services
from integration_hub.webhooks.out.kinds import EVENTS, RECORD_TYPES
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription


class SubscriptionSerializer(StrictSerializer):
    """An address that is told of what happens. `off` says why the hub itself switched it off."""

    id = Id(read_only=True)
    name = Text(max_length=100, required=False, allow_blank=True)
    url = Text(max_length=2000, help_text="https://…; plain http only to hosts the operator allowed.")
    events = serializers.ListField(child=Choice([(one, one) for one in EVENTS]), allow_empty=False, max_length=20)
    record_types = serializers.ListField(
        child=Choice([(one, one) for one in RECORD_TYPES]),
        required=False,
        max_length=20,
        help_text="Of which records; empty: of all.",
    )
    active = Switch(required=False)
    off = Choice(Off.choices, read_only=True, allow_blank=True)
    failures = Whole(read_only=True, help_text="Attempts in a row that failed.")
    sentence = Text(read_only=True, help_text="Why the last one failed; empty when it did not.")
    worked_at = Moment(read_only=True, allow_null=True)
    former_secret_until = Moment(
        read_only=True, allow_null=True, source="former_until", help_text="Until when the former secret signs too."
    )
    created_at = Moment(read_only=True)


class NewSubscriptionSerializer(SubscriptionSerializer):
    """With the secret, which is shown this once. It is null where the answer is repeated for an Idempotency-Key."""

    secret = Text(read_only=True, allow_null=True)


class SecretSerializer(StrictSerializer):
    """A new secret, shown this once (null where the answer is repeated for an Idempotency-Key)."""

    secret = Text(read_only=True, allow_null=True)
    former_secret_until = Moment(read_only=True)


class DeliverySerializer(StrictSerializer):
    """One event for one subscription. `event_id` is the webhook-id, the same for every attempt."""

    id = Id(read_only=True)
    subscription = Id(read_only=True, source="subscription_id")
    event_id = serializers.SerializerMethodField()
    type = Text(read_only=True, source="announcement.type")
    record_type = Text(read_only=True, source="announcement.record_type")
    record_id = Id(read_only=True, source="announcement.record_id", allow_null=True)
    state = Choice(State.choices, read_only=True)
    attempts = Whole(read_only=True)
    next_attempt_at = Moment(read_only=True, allow_null=True)
    last_attempt_at = Moment(read_only=True, source="tried_at", allow_null=True)
    status = Whole(read_only=True, allow_null=True, help_text="The endpoint's last answer; null when there was none.")
    milliseconds = Whole(read_only=True, allow_null=True)
    response = Text(read_only=True, help_text="The beginning of its body, without what looks like a secret.")
    sentence = Text(read_only=True, help_text="Why the last attempt failed; empty when it did not.")
    created_at = Moment(read_only=True)
    settled_at = Moment(read_only=True, allow_null=True)

    def get_event_id(self, delivery: Delivery) -> str:
        return delivering.event_id(delivery)


class DeliveryDetailSerializer(DeliverySerializer):
    body = Text(read_only=True, source="announcement.body", help_text="What is signed and sent, byte for byte.")


class ReplaySerializer(StrictSerializer):
    since = Moment(required=False, help_text="Of what happened since then; left out: of all that is kept.")


class ReplayedSerializer(StrictSerializer):
    count = Whole(read_only=True, help_text="How many are sent again.")


class DeliveryFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=State.choices)


_EXAMPLE = OpenApiExample(
    "Orders of a shop",
    value={
        "name": "Shop",
        "url": "https://shop.example.com/hooks/hub",
        "events": ["record.created", "record.updated"],
        "record_types": ["order"],
    },
    request_only=True,
)


class SubscriptionViewSet(HubViewSet):
    """Webhooks the hub sends. Everybody with `read` sees them, changes need `admin`."""

    model, serializer_class = Subscription, SubscriptionSerializer
    unsafe_scope = "admin"

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Subscription.everywhere.none()
        return services.living().order_by("-created_at", "-id")

    def found(self, pk: UUID) -> Subscription:
        row: Subscription | None = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise Problem("not-found", _("There is no such webhook."))
        return row

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(responses={201: NewSubscriptionSerializer}, examples=[_EXAMPLE])
    def create(self, request: Request) -> Response:
        try:
            row, secret = services.create(self.company, self.read_body(), actor=actor_of(request))
        except services.Wrong as wrong:
            raise _invalid(wrong) from wrong
        shown = {**SubscriptionSerializer(row).data, "secret": secret}
        return shown_once(shown, 201, {"Location": f"/api/webhook-subscriptions/{row.pk}"})

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self.get_serializer(self.found(pk)).data)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        row = self.found(pk)
        try:
            row = services.update(row, self.read_body(partial=True), actor=actor_of(request))
        except services.Wrong as wrong:
            raise _invalid(wrong) from wrong
        return Response(self.get_serializer(row).data)

    def destroy(self, request: Request, pk: UUID) -> Response:
        services.delete(self.found(pk), actor=actor_of(request))
        return Response(status=204)

    def read_body(self, *, partial: bool = False) -> dict[str, Any]:
        body = SubscriptionSerializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    @extend_schema(request=None, responses=SecretSerializer)
    def rotate_secret(self, request: Request, pk: UUID) -> Response:
        """A new secret. The former one signs beside it for 24 hours."""
        row = self.found(pk)
        secret = services.rotate(row, actor=actor_of(request))
        return shown_once({"secret": secret, "former_secret_until": Moment().to_representation(row.former_until)}, 200)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    def test(self, request: Request, pk: UUID) -> Response:
        """Send an event of the type webhook.test to this address alone."""
        try:
            delivery = services.test(self.found(pk), actor=actor_of(request))
        except services.CannotReplay as reason:
            raise Problem("conflict", str(reason)) from reason
        address = {"Location": f"/api/webhook-deliveries/{delivery.pk}"}
        return Response(DeliverySerializer(delivery).data, status=202, headers=address)

    @extend_schema(request=ReplaySerializer, responses={202: ReplayedSerializer})
    def replay(self, request: Request, pk: UUID) -> Response:
        """Send everything again that was given up."""
        body = ReplaySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        since = body.validated_data.get("since") or clock.now() - pruning.KEPT - timedelta(days=1)
        try:
            count = services.replay_failed(self.found(pk), since, actor=actor_of(request))
        except services.CannotReplay as reason:
            raise Problem("conflict", str(reason)) from reason
        return Response({"count": count}, status=202)


class DeliveriesViewSet(HubViewSet):
    """What became of the events of one webhook, newest first."""

    serializer_class, filterset_class = DeliverySerializer, DeliveryFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Delivery.everywhere.none()
        rows = Delivery.objects.filter(subscription=self.kwargs["pk"], subscription__removed_at=None)
        return rows.select_related("announcement").defer("announcement__body").order_by("-created_at", "-id")

    @extend_schema(operation_id="webhook_subscriptions_deliveries")
    def list(self, request: Request, pk: UUID) -> Response:
        if not services.living().filter(pk=pk).exists():
            raise Problem("not-found", _("There is no such webhook."))
        return self.page(self.get_queryset())


class DeliveryViewSet(HubViewSet):
    """One event for one webhook."""

    serializer_class = DeliveryDetailSerializer
    unsafe_scope = "admin"

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Delivery.everywhere.none()
        rows = Delivery.objects.filter(subscription__removed_at=None)
        return rows.select_related("announcement", "subscription")

    def found(self, pk: UUID) -> Delivery:
        row: Delivery | None = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise Problem("not-found", _("There is no such delivery."))
        return row

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self.get_serializer(self.found(pk)).data)

    @extend_schema(request=None, responses={202: DeliveryDetailSerializer})
    def replay(self, request: Request, pk: UUID) -> Response:
        """Send it once more, under the same webhook-id."""
        try:
            delivery = services.replay(self.found(pk), actor=actor_of(request))
        except services.CannotReplay as reason:
            raise Problem("conflict", str(reason)) from reason
        return Response(self.get_serializer(delivery).data, status=202)


def shown_once(data: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    """An answer with a secret; what is kept of it for an Idempotency-Key is without."""
    response = Response(data, status=status, headers=headers)
    response.kept = {**data, "secret": None}  # type: ignore[attr-defined]
    return response


def _invalid(wrong: services.Wrong) -> Problem:
    return invalid({name or WHOLE: list(sentences) for name, sentences in wrong.errors.items()})


def urls() -> list[Any]:
    one, subscriptions = "api/webhook-subscriptions/<uuid:pk>", SubscriptionViewSet.as_view
    return [
        path("api/webhook-subscriptions", subscriptions({"get": "list", "post": "create"})),
        path(one, subscriptions({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
        path(f"{one}/rotate-secret", subscriptions({"post": "rotate_secret"})),
        path(f"{one}/test", subscriptions({"post": "test"})),
        path(f"{one}/replay", subscriptions({"post": "replay"})),
        path(f"{one}/deliveries", DeliveriesViewSet.as_view({"get": "list"})),
        path("api/webhook-deliveries/<uuid:pk>", DeliveryViewSet.as_view({"get": "retrieve"})),
        path("api/webhook-deliveries/<uuid:pk>/replay", DeliveryViewSet.as_view({"post": "replay"})),
    ]
