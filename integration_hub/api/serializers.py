"""The records as the API shows and takes them. They check types; what fits together the services decide."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from integration_hub.api.fields import Fraction, Money, Totals
from integration_hub.records.models import Appointment, Event, Order, Ticket, TicketType
from integration_hub.rest.fields import Choice, Email, Id, Moment, Ref, Text, Whole
from integration_hub.rest.serializers import StrictSerializer

LARGEST_COUNT = 2_147_483_647


def words(length: int, *, required: bool = False, **kwargs: Any) -> Text:
    """A line of text; optional ones may be empty."""
    return Text(max_length=length, required=required, allow_blank=not required, **kwargs)


def notes() -> Text:
    return Text(max_length=20_000, required=False, allow_blank=True)


def count(**kwargs: Any) -> Whole:
    return Whole(min_value=1, max_value=LARGEST_COUNT, **kwargs)


def optional_ref() -> Ref:
    return Ref(required=False, allow_null=True)


class RecordSerializer(StrictSerializer):
    """What every record shows."""

    id = Id(read_only=True)
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)


class BranchSerializer(RecordSerializer):
    name = words(200, required=True)
    street = words(200)
    postal_code = words(20)
    city = words(100)
    region = words(100)
    country = words(2, help_text="Two capital letters, such as RO.")
    phone = words(60, help_text="Answered in the form +40721234567.")
    timezone = words(64, help_text="Such as Europe/Bucharest; empty: the company's.")


class StaffSerializer(RecordSerializer):
    name = words(200, required=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    phone = words(60)
    role_title = words(100)
    branch = optional_ref()


class CustomerSerializer(RecordSerializer):
    reference = words(100, help_text="The number another system knows this customer by; unique.")
    name = words(200, required=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    phone = words(60)
    language = Choice(settings.LANGUAGES, required=False, allow_blank=True)
    notes = notes()
    orders_count = Whole(read_only=True)
    tickets_count = Whole(read_only=True)
    spent = Totals(read_only=True)
    first_purchase_at = Moment(read_only=True, allow_null=True)
    last_purchase_at = Moment(read_only=True, allow_null=True)


class TicketTypeSerializer(StrictSerializer):
    """A kind of ticket of an event. An `id` names one that is there already."""

    id = Id(required=False)
    name = words(100, required=True)
    place = Choice(TicketType.Place.choices, required=False)
    price = Money(required=False)
    currency = words(3, help_text="Three capital letters; empty: the company's.")
    quota = count(required=False, allow_null=True)


class SessionSerializer(StrictSerializer):
    """A sitting of an event. An `id` names one that is there already."""

    id = Id(required=False)
    title = words(200, required=True)
    venue = words(200)
    starts_at = Moment()
    ends_at = Moment()


class EventSerializer(RecordSerializer):
    title = words(200, required=True)
    summary = notes()
    kind = Choice(Event.Kind.choices, required=False)
    status = Choice(Event.Status.choices, required=False)
    capacity = count(required=False, allow_null=True)
    timezone = words(64)
    starts_at = Moment()
    ends_at = Moment()
    branch = optional_ref()
    venue = words(200)
    series = optional_ref()
    ticket_types = TicketTypeSerializer(many=True, required=False)
    sessions = SessionSerializer(many=True, required=False)
    tickets_sold = Whole(read_only=True)
    revenue = Totals(read_only=True)
    sold_share = Fraction(read_only=True, allow_null=True)


class TicketSerializer(RecordSerializer):
    reference = words(100)
    event = Ref(required=False)
    ticket_type = Ref()
    order_item = optional_ref()
    participant_name = words(200)
    participant_email = Email(max_length=254, required=False, allow_blank=True)
    participant_phone = words(60)
    status = Choice(Ticket.Status.choices, required=False)
    checked_in_at = Moment(required=False, allow_null=True)
    code = Text(read_only=True)


class AppointmentSerializer(RecordSerializer):
    reference = words(100)
    title = words(200, required=True)
    customer = optional_ref()
    staff = optional_ref()
    branch = optional_ref()
    starts_at = Moment()
    ends_at = Moment()
    timezone = words(64)
    status = Choice(Appointment.Status.choices, required=False)
    notes = notes()


class OrderItemSerializer(StrictSerializer):
    """A line of an order. In a PATCH an `id` names the line it changes; the list given is the whole list."""

    id = Id(required=False)
    ticket_type = optional_ref()
    description = words(300)
    quantity = count(required=False)
    unit_price = Money(required=False)
    discount = Fraction(required=False)


ORDER_EXAMPLE = {
    "id": "0b8f6f0e-6a31-4c27-9b1c-2f5f0a1d7c11",
    "order_number": "261120-7KQ2MX",
    "record_id": "rec8x3kPq2LmN0aBc",
    "customer": "5d0f6c1a-0e0b-4a57-8f2e-9b9a1c0d2e3f",
    "customer_name": "Ana Pop",
    "customer_email": "ana@example.com",
    "status": "Pending",
    "priority": "Medium",
    "currency": "EUR",
    "total": "76.50",
    "placed_at": "2026-11-20T10:00:00Z",
    "updated_at": "2026-11-20T10:00:00Z",
    "items": [
        {
            "id": "9a1b2c3d-4e5f-4a6b-8c7d-0e1f2a3b4c5d",
            "ticket_type": None,
            "description": "Day pass",
            "quantity": 2,
            "unit_price": "45.00",
            "discount": "0.15",
        }
    ],
}
_NEW_ORDER = {
    "customer": ORDER_EXAMPLE["customer"],
    "items": [{"description": "Day pass", "quantity": 2, "unit_price": "45.00", "discount": "0.15"}],
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("An order", value=ORDER_EXAMPLE, response_only=True),
        OpenApiExample("A new order", value=_NEW_ORDER, request_only=True),
    ]
)
class OrderSerializer(StrictSerializer):
    id = Id(read_only=True)
    order_number = words(50, help_text="Empty: the hub makes one.")
    record_id = Text(read_only=True, allow_null=True, help_text="The remote record this order mirrors.")
    customer = optional_ref()
    customer_name = Text(read_only=True, source="customer.name", default="")
    customer_email = Text(read_only=True, source="customer.email", default="")
    status = Choice(Order.Status.choices, required=False)
    priority = Choice(Order.Priority.choices, required=False)
    currency = words(3, help_text="Three capital letters; empty: the company's.")
    total = Money(required=False, help_text="The sum of the lines; an order without lines may be given one.")
    placed_at = Moment(required=False)
    updated_at = Moment(read_only=True)
    items = OrderItemSerializer(many=True, required=False)
