"""Branches: places the company works at."""

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment, Branch, Event, Staff, Ticket
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Changed, Noun, still_used
from integration_hub.records.services.unit import Unit

FIELDS = ("name", "street", "postal_code", "city", "region", "country", "phone", "timezone")


def _fill(branch: Branch) -> None:
    branch.timezone = branch.timezone or branch.company.timezone


def _ripples(unit: Unit, branch: Branch, before: Branch | None, changed: Changed) -> None:
    """Others show the branch by its name."""
    if before is not None and "name" in changed:
        unit.spread("staff", Staff, branch=branch.pk)
        unit.spread("event", Event, branch=branch.pk)
        unit.spread("appointment", Appointment, branch=branch.pk)
        unit.spread("ticket", Ticket, event__branch=branch.pk)  # its name is the venue where an event has none


def _leave(unit: Unit, branch: Branch, errors: Errors) -> None:
    still_used(branch, errors, staff=_("staff members"), events=_("events"), appointments=_("appointments"))


noun = Noun(Branch, "branch", FIELDS, fill=_fill, ripples=_ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
