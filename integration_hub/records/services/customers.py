"""Customers: those who buy."""

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment, Customer, Order
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Changed, Noun, still_used, taken
from integration_hub.records.services.unit import Unit

FIELDS = ("reference", "name", "email", "phone", "language", "notes")
SHOWN_ON_ORDERS = frozenset({"name", "email"})


def _check(customer: Customer, before: Customer | None, errors: Errors) -> None:
    taken(customer, "reference", errors, _("Another customer already has the reference “%(value)s”."))


def ripples(unit: Unit, customer: Customer, before: Customer | None, changed: Changed) -> None:
    """Orders and appointments show their customer by name."""
    if before is None:
        return
    if changed & SHOWN_ON_ORDERS:
        orders = Order.everywhere.filter(company_id=customer.company_id, customer=customer, deleted_at=None)
        unit.touch("order", *orders.values_list("pk", flat=True))
    if "name" in changed:
        met = Appointment.everywhere.filter(company_id=customer.company_id, customer=customer, deleted_at=None)
        unit.touch("appointment", *met.values_list("pk", flat=True))


def _leave(unit: Unit, customer: Customer, errors: Errors) -> None:
    still_used(customer, errors, orders=_("orders"), appointments=_("appointments"))


noun = Noun(Customer, "customer", FIELDS, check=_check, ripples=ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
