"""Staff: people who work for the company."""

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment, Staff
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Changed, Noun, still_used
from integration_hub.records.services.unit import Unit

FIELDS = ("name", "email", "phone", "role_title", "branch", "user")


def _check(person: Staff, before: Staff | None, errors: Errors) -> None:
    if person.user_id:
        others = Staff.everywhere.filter(company_id=person.company_id, user=person.user_id, deleted_at=None)
        if others.exclude(pk=person.pk).exists():
            errors.add("user", _("This login already belongs to another staff member."))


def _ripples(unit: Unit, person: Staff, before: Staff | None, changed: Changed) -> None:
    """Appointments show their staff member."""
    if before is not None and ("name" in changed or person.called != before.called):
        unit.spread("appointment", Appointment, staff=person.pk)


def _leave(unit: Unit, person: Staff, errors: Errors) -> None:
    still_used(person, errors, appointments=_("appointments"))


noun = Noun(Staff, "staff", FIELDS, check=_check, ripples=_ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
