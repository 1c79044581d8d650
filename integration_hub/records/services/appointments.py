"""Appointments: times set aside for customers."""

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Noun, in_order, taken

FIELDS = ("reference", "title", "customer", "staff", "branch", "starts_at", "ends_at", "timezone", "status", "notes")


def _fill(appointment: Appointment) -> None:
    home = appointment.branch or appointment.company
    appointment.timezone = appointment.timezone or home.timezone


def _check(appointment: Appointment, before: Appointment | None, errors: Errors) -> None:
    in_order(appointment, errors)
    if before is None or appointment.reference != before.reference:
        taken(appointment, "reference", errors, _("Another appointment already has the reference “%(value)s”."))


noun = Noun(Appointment, "appointment", FIELDS, fill=_fill, check=_check)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
