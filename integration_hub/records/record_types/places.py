"""Branches, staff and appointments as the engine sees them."""

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records.models import Appointment, Branch, Staff
from integration_hub.records.record_types.fields import choice, link, name_of
from integration_hub.records.record_types.reading import record_type
from integration_hub.records.record_types.taking import taking
from integration_hub.records.services import appointments, branches, staff


def _read_branch(branch: Branch) -> dict[str, Value]:
    return {field.name: getattr(branch, field.name) for field in BRANCH_FIELDS}


BRANCH_FIELDS = (
    Field("name", _("Name"), identifies=True),
    Field("street", _("Street")),
    Field("postal_code", _("Postal code")),
    Field("city", _("City")),
    Field("region", _("Region")),
    Field("country", _("Country")),
    Field("phone", _("Phone"), "phone"),
    Field("timezone", _("Time zone")),
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
BRANCH = record_type(Branch, "branch", (_("Branch"), _("Branches")), BRANCH_FIELDS, _read_branch, title="name")


def _read_staff(person: Staff) -> dict[str, Value]:
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "role_title": person.role_title,
        "branch": name_of(person.branch),
        "branch_link": link("branch", person.branch),
        "updated_at": person.updated_at,
    }


STAFF_FIELDS = (
    Field("name", _("Name"), identifies=True),
    Field("email", _("E-mail"), "email", identifies=True),
    Field("phone", _("Phone"), "phone"),
    Field("role_title", _("Role")),
    Field("branch", _("Branch"), read_only=True),
    Field("branch_link", _("Branch (link)"), "link", to="branch"),
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
STAFF = record_type(
    Staff, "staff", (_("Staff member"), _("Staff")), STAFF_FIELDS, _read_staff, title="name", joined=("branch",)
)


def _read_appointment(appointment: Appointment) -> dict[str, Value]:
    return {
        "title": appointment.title,
        "status": appointment.status,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "timezone": appointment.timezone,
        "customer": name_of(appointment.customer),
        "customer_link": link("customer", appointment.customer),
        "staff": name_of(appointment.staff),
        "staff_link": link("staff", appointment.staff),
        "branch": name_of(appointment.branch),
        "branch_link": link("branch", appointment.branch),
        "notes": appointment.notes,
        "updated_at": appointment.updated_at,
    }


APPOINTMENT_FIELDS = (
    Field("title", _("Title"), identifies=True),
    choice("status", _("Status"), Appointment.Status),
    Field("starts_at", _("Starts"), "datetime"),
    Field("ends_at", _("Ends"), "datetime"),
    Field("timezone", _("Time zone")),
    Field("customer", _("Customer"), read_only=True),
    Field("customer_link", _("Customer (link)"), "link", to="customer"),
    Field("staff", _("Staff member"), read_only=True),
    Field("staff_link", _("Staff member (link)"), "link", to="staff"),
    Field("branch", _("Branch"), read_only=True),
    Field("branch_link", _("Branch (link)"), "link", to="branch"),
    Field("notes", _("Notes"), "long_text"),
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
APPOINTMENT = record_type(
    Appointment,
    "appointment",
    (_("Appointment"), _("Appointments")),
    APPOINTMENT_FIELDS,
    _read_appointment,
    title="title",
    joined=("customer", "staff", "branch"),
)
BRANCH = taking(BRANCH, branches.noun)
STAFF = taking(STAFF, staff.noun)
APPOINTMENT = taking(APPOINTMENT, appointments.noun)
