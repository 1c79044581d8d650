"""A time set aside for a customer."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record, alive_index, alive_unique, parent, reference_field, zone_field


class Appointment(Record):
    """A customer meets a staff member at a branch, or somewhere else."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        CONFIRMED = "confirmed", _("Confirmed")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        NO_SHOW = "no_show", _("Did not come")

    reference = reference_field(_("The number another system knows this appointment by."))
    title = models.CharField(_("title"), max_length=200)
    customer = parent("records.Customer", _("customer"), name="appointments")
    staff = parent("records.Staff", _("staff member"), name="appointments")
    branch = parent("records.Branch", _("branch"), name="appointments")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    timezone = zone_field()
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    notes = models.TextField(_("notes"), blank=True)

    class Meta(Record.Meta):
        db_table = "appointments"
        ordering = ("-starts_at", "-id")
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        indexes: ClassVar = [
            alive_index("appointments_by_id", "id"),
            alive_index("appointments_by_start", "-starts_at", "-id"),
            alive_index("appointments_by_staff", "staff", "starts_at"),
        ]
        constraints: ClassVar = [alive_unique("appointment_reference_once", "reference", unless_empty="reference")]

    def __str__(self) -> str:
        return self.title
