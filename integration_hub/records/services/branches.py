"""Branches: places the company works at."""

from typing import Any

from django.utils.translation import gettext as _

from integration_hub.records.models import Appointment, Branch, Event, Staff
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import Changed, Noun, still_used
from integration_hub.records.services.unit import Unit

FIELDS = ("name", "street", "postal_code", "city", "region", "country", "phone", "timezone")


def _fill(branch: Branch) -> None:
    branch.timezone = branch.timezone or branch.company.timezone


def _ripples(unit: Unit, branch: Branch, before: Branch | None, changed: Changed) -> None:
    """Others show the branch by its name."""
    if before is not None and "name" in changed:
        mirrors: tuple[tuple[str, Any], ...] = (("staff", Staff), ("event", Event), ("appointment", Appointment))
        for key, model in mirrors:
            shown = model.everywhere.filter(company_id=branch.company_id, branch=branch, deleted_at=None)
            unit.touch(key, *shown.values_list("pk", flat=True))


def _leave(unit: Unit, branch: Branch, errors: Errors) -> None:
    still_used(branch, errors, staff=_("staff members"), events=_("events"), appointments=_("appointments"))


noun = Noun(Branch, "branch", FIELDS, fill=_fill, ripples=_ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate
