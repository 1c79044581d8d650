"""What is written of each kind of record: headings and where their values come from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration_hub.records import money
from integration_hub.records.exporting.cells import Value
from integration_hub.records.importing.columns import APPOINTMENT_FIELDS, CUSTOMER_FIELDS, ORDER_FIELDS, TICKET_FIELDS
from integration_hub.records.models import (
    Appointment,
    Branch,
    Customer,
    Event,
    EventSeries,
    Order,
    Record,
    Staff,
    Ticket,
)

Row = Mapping[str, Any]
Shown = Callable[[Any, Row], Value]


def plain(value: Any, _row: Row) -> Value:
    """As it is stored."""
    stored: Value = value
    return stored


def either(other: str) -> Shown:
    """The value, or that of the field `other` where it is empty."""
    return lambda value, row: value or row[other]


def amount(value: Any, row: Row) -> Value:
    """With the digits of the row's currency."""
    return None if value is None else money.shown(value, row["currency"])


def fraction(value: Any, _row: Row) -> Value:
    return None if value is None else value.normalize()


def totals(value: Any, _row: Row) -> Value:
    return money.totals_text(value or {})


@dataclass(frozen=True)
class Column:
    """`source`: the path of the value from the record; `needs`: other paths that `shown` looks at."""

    heading: str
    source: str
    shown: Shown = plain
    needs: tuple[str, ...] = ()

    def of(self, row: Row) -> Value:
        return self.shown(row[self.source], row)


@dataclass(frozen=True)
class Sheet:
    """The columns of a kind of record; `lines` of its lines, where it has some: a row for each."""

    model: type[Record]
    columns: Sequence[Column]
    lines: Sequence[Column] = ()

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in (*self.columns, *self.lines)]


def sources(columns: Sequence[Column]) -> list[str]:
    """Every path the columns look at, once."""
    return list(dict.fromkeys(path for column in columns for path in (column.source, *column.needs)))


def read_back(fields: Mapping[str, Sequence[str]], name: str, source: str, *rest: Any) -> Column:
    """A column under the heading by which an import knows the field `name`; never translated."""
    return Column(fields[name][0].capitalize(), source, *rest)


def _customer(name: str, source: str = "", *rest: Any) -> Column:
    return read_back(CUSTOMER_FIELDS, name, source or name, *rest)


def _order(name: str, source: str = "", *rest: Any) -> Column:
    return read_back(ORDER_FIELDS, name, source or name, *rest)


def _ticket(name: str, source: str = "") -> Column:
    return read_back(TICKET_FIELDS, name, source or name)


def _appointment(name: str, source: str = "") -> Column:
    return read_back(APPOINTMENT_FIELDS, name, source or name)


CUSTOMERS = Sheet(
    Customer,
    (
        _customer("reference"),
        _customer("name"),
        _customer("email"),
        _customer("phone", "phone", either("phone_raw"), ("phone_raw",)),
        _customer("language"),
        _customer("notes"),
        Column("Orders count", "orders_count"),
        Column("Tickets count", "tickets_count"),
        Column("Spent", "spent", totals),
        Column("First purchase", "first_purchase_at"),
        Column("Last purchase", "last_purchase_at"),
    ),
)
ORDERS = Sheet(
    Order,
    (
        _order("order_number"),
        _order("customer_reference", "customer__reference"),
        _order("customer_email", "customer__email"),
        _order("customer_name", "customer__name"),
        _order("placed_at"),
        _order("status"),
        _order("priority"),
        _order("payment_state"),
        _order("currency"),
        _order("total", "total", amount),
        _order("notes"),
    ),
    (
        _order("description"),
        _order("quantity"),
        _order("unit_price", "unit_price", amount),
        _order("discount", "discount", fraction),
        Column("Line amount", "amount", amount),
        Column("Ticket type", "ticket_type__name"),
        Column("Event", "ticket_type__event__title"),
    ),
)
EVENTS = Sheet(
    Event,
    (
        Column("Title", "title"),
        Column("Kind", "kind"),
        Column("Status", "status"),
        Column("Starts at", "starts_at"),
        Column("Ends at", "ends_at"),
        Column("Time zone", "timezone"),
        Column("Branch", "branch__name"),
        Column("Venue", "venue"),
        Column("Series", "series__title"),
        Column("Capacity", "capacity"),
        Column("Tickets sold", "tickets_sold"),
        Column("Revenue", "revenue", totals),
        Column("Summary", "summary"),
    ),
)
SERIES = Sheet(
    EventSeries, (Column("Title", "title"), Column("Summary", "summary"), Column("Created at", "created_at"))
)
# Without the code: whoever knows it holds the ticket.
TICKETS = Sheet(
    Ticket,
    (
        _ticket("reference"),
        _ticket("participant_name"),
        _ticket("participant_email"),
        _ticket("participant_phone"),
        _ticket("event", "event__title"),
        _ticket("event_starts_at", "event__starts_at"),
        _ticket("ticket_type", "ticket_type__name"),
        Column("Place", "ticket_type__place"),
        _ticket("status"),
        _ticket("checked_in_at"),
        _ticket("order_number", "order_item__order__order_number"),
        Column("Created at", "created_at"),
    ),
)
APPOINTMENTS = Sheet(
    Appointment,
    (
        _appointment("reference"),
        _appointment("title"),
        _appointment("starts_at"),
        _appointment("ends_at"),
        _appointment("timezone"),
        _appointment("status"),
        _appointment("customer_reference", "customer__reference"),
        _appointment("customer_email", "customer__email"),
        _appointment("customer_name", "customer__name"),
        _appointment("staff_email", "staff__email"),
        _appointment("staff", "staff__name"),
        _appointment("branch", "branch__name"),
        _appointment("notes"),
    ),
)
BRANCHES = Sheet(
    Branch,
    (
        Column("Name", "name"),
        Column("Street", "street"),
        Column("Postal code", "postal_code"),
        Column("City", "city"),
        Column("Region", "region"),
        Column("Country", "country"),
        Column("Phone", "phone"),
        Column("Time zone", "timezone"),
    ),
)
STAFF = Sheet(
    Staff,
    (
        Column("Name", "name"),
        Column("Role", "role_title"),
        Column("Email", "email"),
        Column("Phone", "phone"),
        Column("Branch", "branch__name"),
        Column("Login", "user__username"),
    ),
)
SHEETS = {sheet.model: sheet for sheet in (CUSTOMERS, ORDERS, EVENTS, SERIES, TICKETS, APPOINTMENTS, BRANCHES, STAFF)}
