"""Customers: those who buy."""

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment, Customer, Order, Ticket
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Changed, Noun, still_used, taken
from integration_hub.records.services.unit import Unit

FIELDS = ("reference", "name", "email", "phone", "language", "notes")
SHOWN_ON_ORDERS = frozenset({"name", "email"})


def _check(customer: Customer, before: Customer | None, errors: Errors) -> None:
    taken(customer, "reference", errors, _("Another customer already has the reference “%(value)s”."))


def ripples(unit: Unit, customer: Customer, before: Customer | None, changed: Changed) -> None:
    """Orders, appointments and tickets show their customer; a ticket is printed in the customer's language."""
    if before is None:
        return
    called = customer.called != before.called
    if changed & SHOWN_ON_ORDERS:
        unit.spread("order", Order, customer=customer.pk)
    if called or "name" in changed:
        unit.spread("appointment", Appointment, customer=customer.pk)
    if called or "language" in changed:
        unit.spread("ticket", Ticket, order_item__order__customer=customer.pk)


def _leave(unit: Unit, customer: Customer, errors: Errors) -> None:
    still_used(customer, errors, orders=_("orders"), appointments=_("appointments"))


noun = Noun(Customer, "customer", FIELDS, check=_check, ripples=ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
