"""GET /api/orders/summary: the orders a list with the same filters has, added up."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.fields import Totals
from integration_hub.api.filters import OrderFilter, selection
from integration_hub.records.models import Order
from integration_hub.records.summing import DAYS, TOP, BeingCounted, Summary, summary
from integration_hub.rest.fields import Id, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubViewSet

COUNTING_RETRY_AFTER = "5"  # seconds; a million orders take about 40 to be counted


class LineSerializer(StrictSerializer):
    date = serializers.DateField(read_only=True, help_text="A day of the company's time zone.")
    count = Whole(read_only=True)
    totals = Totals(read_only=True)


class BuyerSerializer(StrictSerializer):
    id = Id(read_only=True)
    name = Text(read_only=True)
    orders = Whole(read_only=True, help_text="How many of the orders asked for.")
    totals = Totals(read_only=True, help_text="What those come to.")


def counts(*names: str) -> Any:
    """A number for each state."""
    return type(f"By{names[0]}Serializer", (StrictSerializer,), {name: Whole(read_only=True) for name in names})


EXAMPLE = {
    "count": 3,
    "by_status": {"Pending": 2, "Processing": 0, "Sent": 0, "Delivered": 1, "Cancelled": 0},
    "by_priority": {"Low": 0, "Medium": 3, "High": 0},
    "totals": {"EUR": "176.50", "RON": "80.00"},
    "per_day": [
        {"date": "2026-11-18", "count": 1, "totals": {"RON": "80.00"}},
        {"date": "2026-11-20", "count": 2, "totals": {"EUR": "176.50"}},
    ],
    "top_customers": [
        {"id": "5d0f6c1a-0e0b-4a57-8f2e-9b9a1c0d2e3f", "name": "Ana Pop", "orders": 2, "totals": {"EUR": "176.50"}}
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("Three orders", value=EXAMPLE, response_only=True)])
class SummarySerializer(StrictSerializer):
    count = Whole(read_only=True)
    by_status = counts(*Order.Status.values)(read_only=True, help_text="How many; every status is named.")
    by_priority = counts(*Order.Priority.values)(read_only=True, help_text="How many; every priority is named.")
    totals = Totals(read_only=True, help_text="The sum of the totals by currency.")
    per_day = LineSerializer(
        many=True,
        read_only=True,
        help_text=f"The days that have orders, the oldest first; days without are left out. At most the newest {DAYS}.",
    )
    top_customers = BuyerSerializer(
        many=True,
        read_only=True,
        help_text=f"At most {TOP}, by their total in the currency most of these orders are in.",
    )


class SummaryView(HubViewSet):
    """Every order counts, whatever its status; narrow it with `status` to leave some out."""

    serializer_class, filterset_class, pagination_class = SummarySerializer, OrderFilter, None

    def get_queryset(self) -> QuerySet[Any]:
        return Order.everywhere.none()  # for the API document

    def known_parameters(self) -> list[str]:
        return [*OrderFilter.base_filters]

    @extend_schema(operation_id="orders_summary", summary="Add orders up", responses=SummarySerializer, filters=True)
    def retrieve(self, request: Request) -> Response:
        try:
            return Response(as_json(summary(selection(request, self.company))))
        except BeingCounted as counting:
            sentence = _("%(so_far)s Repeat the request when Retry-After is over, or ask for fewer days.")
            raise Problem(
                "unavailable", sentence % {"so_far": counting}, headers={"Retry-After": COUNTING_RETRY_AFTER}
            ) from None


def as_json(made: Summary) -> dict[str, Any]:
    return {
        "count": made.count,
        "by_status": made.by_status,
        "by_priority": made.by_priority,
        "totals": made.totals,
        "per_day": [{"date": row.day, "count": row.count, "totals": row.totals} for row in made.per_day],
        "top_customers": [vars(row) for row in made.top_customers],
    }


def urls() -> list[Any]:
    return [path("orders/summary", SummaryView.as_view({"get": "retrieve"}))]
