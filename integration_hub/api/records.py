"""The company's records over HTTP: reading through scoped querysets, writing through the services and nothing else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api import events, filters, serializers, summary
from integration_hub.records import models
from integration_hub.records.services import Invalid, appointments, branches, customers, orders, staff, tickets
from integration_hub.records.services.errors import GENERAL
from integration_hub.rest.problems import WHOLE, Problem, invalid
from integration_hub.rest.requests import actor_of, token_of
from integration_hub.rest.views import HubViewSet


def by_field(refused: Invalid) -> dict[str, list[str]]:
    return {WHOLE if field == GENERAL else field: texts for field, texts in refused.errors.items()}


class RecordViewSet(HubViewSet):
    """List, create, retrieve, change and delete one kind of record. `service` is its module of services."""

    model: type[models.Record]
    service: Any
    address: str

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.model.everywhere.none()
        rows: QuerySet[Any] = self.model.objects.order_by(*(self.model._meta.ordering or ()))
        return self.related(rows)

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What a page needs beside the rows, so that it costs the same for any number of them."""
        return rows

    def find(self, pk: UUID) -> Any:
        record = self.get_queryset().filter(pk=pk).first()
        if record is None:
            raise self.missing()
        record.company = self.company
        return record

    def missing(self) -> Problem:
        noun = self.model._meta.verbose_name
        return Problem("not-found", _("There is no such %(noun)s.") % {"noun": noun})

    def who(self) -> dict[str, Any]:
        """Programs yield to people who wait."""
        return {"actor": actor_of(self.request), "prio": 1 if token_of(self.request) else 0}

    def read_body(self, *, partial: bool = False) -> Mapping[str, Any]:
        body = self.get_serializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def answer(self, pk: UUID, status: int = 200) -> Response:
        """The record as it is now."""
        data = self.get_serializer(self.find(pk)).data
        headers = {"Location": f"/api/{self.address}/{pk}"} if status == 201 else None
        return Response(data, status=status, headers=headers)

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())

    def create(self, request: Request) -> Response:
        try:
            record = self.service.create(self.company, self.read_body(), **self.who())
        except Invalid as refused:
            raise invalid(by_field(refused)) from refused
        return self.answer(record.pk, 201)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self.get_serializer(self.find(pk)).data)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        record = self.find(pk)
        try:
            self.service.update(record, self.read_body(partial=True), **self.who())
        except Invalid as refused:
            raise invalid(by_field(refused)) from refused
        return self.answer(record.pk)

    def destroy(self, request: Request, pk: UUID) -> Response:
        record = self.find(pk)
        try:
            self.service.delete(record, **self.who())
        except Invalid as refused:
            raise Problem("conflict", errors=by_field(refused)) from refused
        return Response(status=204)


class BranchViewSet(RecordViewSet):
    """Places the company works at."""

    model = models.Branch
    service = branches
    address = "branches"
    serializer_class = serializers.BranchSerializer
    filterset_class = filters.BranchFilter


class StaffViewSet(RecordViewSet):
    """People who work for the company."""

    model = models.Staff
    service = staff
    address = "staff"
    serializer_class = serializers.StaffSerializer
    filterset_class = filters.StaffFilter


class CustomerViewSet(RecordViewSet):
    """Those who buy, with what they bought."""

    model = models.Customer
    service = customers
    address = "customers"
    serializer_class = serializers.CustomerSerializer
    filterset_class = filters.CustomerFilter


class EventViewSet(RecordViewSet):
    """Events with their ticket types and sessions. A list of those in a body is the whole list."""

    model = models.Event
    service = events
    address = "events"
    serializer_class = serializers.EventSerializer
    filterset_class = filters.EventFilter

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        kinds = models.TicketType.objects.order_by("name", "id")
        sittings = models.EventSession.objects.order_by("starts_at", "id")
        return rows.prefetch_related(Prefetch("ticket_types", kinds), Prefetch("sessions", sittings))


class TicketViewSet(RecordViewSet):
    """Who may take part in what."""

    model = models.Ticket
    service = tickets
    address = "tickets"
    serializer_class = serializers.TicketSerializer
    filterset_class = filters.TicketFilter


class AppointmentViewSet(RecordViewSet):
    """Times set aside for customers."""

    model = models.Appointment
    service = appointments
    address = "appointments"
    serializer_class = serializers.AppointmentSerializer
    filterset_class = filters.AppointmentFilter


class OrderViewSet(RecordViewSet):
    """Orders with their lines. An address takes our id, or that of the remote record the order mirrors."""

    model = models.Order
    service = orders
    address = "orders"
    serializer_class = serializers.OrderSerializer
    filterset_class = filters.OrderFilter

    def filter_queryset(self, queryset: Any) -> Any:
        self.chosen = filters.selection(self.request, self.company)
        return self.chosen.narrow(queryset)

    def count(self, queryset: QuerySet[Any]) -> int:
        return self.chosen.count()

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        lines = models.OrderItem.objects.order_by("position", "id")
        return rows.select_related("customer").prefetch_related(Prefetch("items", lines))

    def pk_of(self, record_id: str) -> UUID:
        """Our id of the order with this id, whoever's it is."""
        try:
            return UUID(record_id)
        except ValueError:
            if not record_id.isprintable():
                raise self.missing() from None
            found = models.Order.objects.filter(record_id=record_id).values_list("pk", flat=True).first()
        if found is None:
            raise self.missing()
        return UUID(str(found))

    def retrieve(self, request: Request, record_id: str) -> Response:  # type: ignore[override]
        return super().retrieve(request, self.pk_of(record_id))

    def partial_update(self, request: Request, record_id: str) -> Response:  # type: ignore[override]
        return super().partial_update(request, self.pk_of(record_id))

    def destroy(self, request: Request, record_id: str) -> Response:  # type: ignore[override]
        return super().destroy(request, self.pk_of(record_id))


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
MANY: dict[str, Any] = {"get": "list", "post": "create"}
VIEWSETS: tuple[type[RecordViewSet], ...] = (
    BranchViewSet,
    StaffViewSet,
    CustomerViewSet,
    EventViewSet,
    TicketViewSet,
    AppointmentViewSet,
)


def urls() -> list[Any]:
    routes: list[Any] = [
        *summary.urls(),  # before an order of this id
        path("orders", OrderViewSet.as_view(MANY)),
        path("orders/id/<str:record_id>", OrderViewSet.as_view({"get": "retrieve"})),
        path("orders/<str:record_id>", OrderViewSet.as_view(ONE)),
    ]
    for view in VIEWSETS:
        routes += [path(view.address, view.as_view(MANY)), path(f"{view.address}/<uuid:pk>", view.as_view(ONE))]
    return routes
