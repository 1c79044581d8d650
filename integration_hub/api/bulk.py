"""Up to a thousand orders in one request: each is answered in its place, and saved unless it is wrong."""

from typing import Any

from django.db import connection, transaction
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api import records
from integration_hub.api.serializers import OrderSerializer
from integration_hub.companies.models import Company
from integration_hub.records.models import Order
from integration_hub.records.services import Invalid, bulk
from integration_hub.rest.fields import Choice, Id, Switch, Text, Whole
from integration_hub.rest.problems import by_field, invalid
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView
from integration_hub.sync import pacing

LIMIT = 1000
TOGETHER = {"sqlite": 40}  # orders in one transaction, where that is not all of them: SQLite has one writer
ERROR = "error"
VERBS = ("created", "updated", "unchanged")
Sentences = dict[str, list[str]]

_ORDER = {
    "anyOf": [
        {"$ref": "#/components/schemas/OrderRequest"},
        {"type": "object", "description": "Any other is answered as an error in its place."},
    ]
}


@extend_schema_field(_ORDER)
class AnyOrder(serializers.DictField):
    """An order that is looked at later, so that what is wrong with it is said in its place."""


class BulkOrdersSerializer(StrictSerializer):
    orders = serializers.ListField(
        child=AnyOrder(),
        min_length=1,
        max_length=LIMIT,
        error_messages={
            "min_length": _("Send at least one order."),
            "max_length": _("At most {max_length} orders in one request. Send the rest in another one."),
        },
    )
    all_or_nothing = Switch(default=False, help_text="Save none when something is wrong with one.")
    update_existing = Switch(
        default=False, help_text="Change an order whose number is there already; else it must be just like it."
    )


class BulkRowSerializer(StrictSerializer):
    index = Whole(help_text="The order's place in the request, from 0.")
    status = Choice([*VERBS, ERROR])
    id = Id(allow_null=True)
    order_number = Text(allow_blank=True)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=Text()), help_text="Sentences by field."
    )


class BulkAnswerSerializer(StrictSerializer):
    count = Whole()
    created = Whole()
    updated = Whole()
    unchanged = Whole()
    errors = Whole()  # type: ignore[assignment]
    results = BulkRowSerializer(many=True)


class Batch:
    """The orders of one request: what was said of each, what is planned or saved, and what is wrong."""

    def __init__(self, company: Company, said: list[dict[str, Any]], *, update: bool) -> None:
        self.company, self.said = company, said
        self.entries: dict[int, bulk.OrderEntry] = {}
        self.plans: dict[int, bulk.Plan[Order]] = {}
        self.wrong: dict[int, Sentences] = {}
        reader, numbers = OrderSerializer(), dict[str, int]()
        for index, order in enumerate(said):
            try:
                data = reader.run_validation(order)
            except serializers.ValidationError as refused:
                self.wrong[index] = by_field(refused.detail)
                continue
            first = numbers.setdefault(data.get("order_number") or f"\0{index}", index)
            if first == index:
                self.entries[index] = bulk.OrderEntry(data, new_only=not update)
            else:
                twice = gettext("This order number is there twice; the first is order %(index)s of the request.")
                self.wrong[index] = {"order_number": [twice % {"index": first}]}

    def save(self, together: int) -> None:
        """Save those that are right, some in each transaction, with pauses for others where those need them."""
        places = list(self.entries)
        for start in range(0, len(places), together):
            with pacing.paced():
                self._save(places[start : start + together])

    def _save(self, places: list[int]) -> None:
        refused: dict[int, Invalid] = {}
        try:
            outcome = bulk.save_orders(self.company, [self.entries[place] for place in places], refused=refused)
        except Invalid as why:  # somebody else was quicker with one of them: look for it in halves
            if len(places) == 1:
                self.wrong[places[0]] = records.by_field(why)
            else:
                half = len(places) // 2
                self._save(places[:half])
                self._save(places[half:])
            return
        self.wrong.update({places[at]: records.by_field(why) for at, why in refused.items()})
        good = [place for at, place in enumerate(places) if at not in refused]
        self.plans.update(zip(good, outcome.plans, strict=True))

    def save_whole(self) -> None:
        """Save all of them in one transaction, or none: then a problem names each error by its order."""
        with transaction.atomic():
            self.save(LIMIT)
            if self.wrong:
                raise invalid({f"orders.{at}.{field}": said for at, field, said in self.all_errors()})

    def all_errors(self) -> list[tuple[int, str, list[str]]]:
        return [(at, field, said) for at in sorted(self.wrong) for field, said in self.wrong[at].items()]

    def answer(self) -> dict[str, Any]:
        verbs = [plan.verb for plan in self.plans.values()]
        counts = {verb: verbs.count(verb) for verb in VERBS}
        rows = [self.row(index) for index in range(len(self.said))]
        return {"count": len(rows), **counts, "errors": len(self.wrong), "results": rows}

    def row(self, index: int) -> dict[str, Any]:
        about: dict[str, Any]
        if plan := self.plans.get(index):
            order = plan.now
            about = {"status": plan.verb, "id": str(order.pk), "order_number": order.order_number, "errors": {}}
        else:
            number = self.said[index].get("order_number")
            number = number if isinstance(number, str) else ""
            about = {"status": ERROR, "id": None, "order_number": number, "errors": self.wrong[index]}
        return {"index": index, **about}


_LINE = {"description": "Day pass", "quantity": 2, "unit_price": "45.00"}
_ASKED = {"orders": [{"order_number": "W-1", "items": [_LINE]}, {"order_number": "W-2", "status": "Sold"}]}
_ID = "0b8f6f0e-6a31-4c27-9b1c-2f5f0a1d7c11"
_WRONG = {"status": ["“Sold” is not one of: Pending, Processing, Sent, Delivered, Cancelled."]}
_ANSWERED = {
    "count": 2,
    "created": 1,
    "updated": 0,
    "unchanged": 0,
    "errors": 1,
    "results": [
        {"index": 0, "status": "created", "id": _ID, "order_number": "W-1", "errors": {}},
        {"index": 1, "status": ERROR, "id": None, "order_number": "W-2", "errors": _WRONG},
    ],
}
EXAMPLES = [
    OpenApiExample("Two orders", value=_ASKED, request_only=True),
    OpenApiExample("One saved, one wrong", value=_ANSWERED, response_only=True),
]


class BulkOrdersView(HubView):
    """Many orders at once."""

    @extend_schema(
        operation_id="orders_bulk_create",
        summary="Save many orders",
        request=BulkOrdersSerializer,
        responses={200: BulkAnswerSerializer},
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        """Up to 1,000 orders, each as in `POST /api/orders`, answered one by one in the same order: `created`,
        `updated`, `unchanged`, or `error` with the sentences by field. The others are saved whatever is wrong with
        one, unless `all_or_nothing` is set: then nothing is saved, and a problem document names every error as
        `orders.3.items.0.quantity`.

        An order whose number is there already and that says nothing new is `unchanged`, so a request may be sent again.
        Does it say something else, it is an error, or with `update_existing` it changes that order: fields that are
        left out stay as they are. Orders without a number are made anew each time; send an `Idempotency-Key` with
        those, which also makes the request one transaction."""
        body = BulkOrdersSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        batch = Batch(self.company, asked["orders"], update=asked["update_existing"])
        if asked["all_or_nothing"]:
            batch.save_whole()
        else:
            batch.save(TOGETHER.get(connection.vendor, LIMIT))
        return Response(batch.answer())


def urls() -> list[Any]:
    return [path("orders/bulk", BulkOrdersView.as_view())]
