"""Customers as the engine sees them, with their purchase history."""

from django.conf import settings
from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records import money
from integration_hub.records.models import Customer
from integration_hub.records.record_types.fields import ATTACHMENTS
from integration_hub.records.record_types.reading import record_type
from integration_hub.records.record_types.taking import taking
from integration_hub.records.services import customers


def _read(customer: Customer) -> dict[str, Value]:
    return {
        "reference": customer.reference,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "language": customer.language,
        "notes": customer.notes,
        "orders_count": customer.orders_count,
        "tickets_count": customer.tickets_count,
        "spent": money.totals_text(customer.spent),
        "first_purchase_at": customer.first_purchase_at,
        "last_purchase_at": customer.last_purchase_at,
        "updated_at": customer.updated_at,
    }


CODES, LANGUAGES = zip(*settings.LANGUAGES, strict=True)
FIELDS = (
    Field("name", _("Name"), identifies=True),
    Field("reference", _("Reference"), identifies=True),
    Field("email", _("E-mail"), "email", identifies=True),
    Field("phone", _("Phone"), "phone", identifies=True),
    Field("language", _("Language"), "choice", choices=CODES, labels=LANGUAGES),
    Field("notes", _("Notes"), "long_text"),
    Field("orders_count", _("Orders"), "integer", read_only=True),
    Field("tickets_count", _("Tickets"), "integer", read_only=True),
    Field("spent", _("Spent"), read_only=True),
    Field("first_purchase_at", _("First purchase"), "datetime", read_only=True),
    Field("last_purchase_at", _("Last purchase"), "datetime", read_only=True),
    ATTACHMENTS,
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
CUSTOMER = record_type(Customer, "customer", (_("Customer"), _("Customers")), FIELDS, _read, title="name")
CUSTOMER = taking(CUSTOMER, customers.noun)
