"""The nouns of the company's own records. Written by `records.services` only."""

from integration_hub.records.models.appointments import Appointment
from integration_hub.records.models.attachments import Attachment
from integration_hub.records.models.base import Record
from integration_hub.records.models.customers import Customer
from integration_hub.records.models.days import DayBook, OrderCustomer, OrderDay
from integration_hub.records.models.events import Event, EventSeries, EventSession, TicketType
from integration_hub.records.models.imports import Import, ImportedRecord, ImportShape
from integration_hub.records.models.orders import Order, OrderItem
from integration_hub.records.models.places import Branch, Staff
from integration_hub.records.models.tickets import Ticket

RECORDS: tuple[type[Record], ...] = (
    Branch,
    Staff,
    Customer,
    EventSeries,
    Event,
    EventSession,
    TicketType,
    Order,
    OrderItem,
    Ticket,
    Appointment,
)

__all__ = [
    "RECORDS",
    "Appointment",
    "Attachment",
    "Branch",
    "Customer",
    "DayBook",
    "Event",
    "EventSeries",
    "EventSession",
    "Import",
    "ImportShape",
    "ImportedRecord",
    "Order",
    "OrderCustomer",
    "OrderDay",
    "OrderItem",
    "Record",
    "Staff",
    "Ticket",
    "TicketType",
]
