"""Where the company works and who works there."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record, alive_index, alive_unique, parent, phone_field, zone_field

country_letters = RegexValidator(r"^[A-Z]{2}$", _("A country is two capital letters, such as RO."))


class Branch(Record):
    """A place the company works at."""

    name = models.CharField(_("name"), max_length=200)
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, validators=[country_letters])
    phone = phone_field()
    timezone = zone_field()

    class Meta(Record.Meta):
        db_table = "branches"
        ordering = ("name", "id")
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        indexes: ClassVar = [alive_index("branches_by_id", "id"), alive_index("branches_by_name", "name", "id")]

    def __str__(self) -> str:
        return self.name


class Staff(Record):
    """Somebody who works for the company; tied to a login where they have one."""

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = phone_field()
    role_title = models.CharField(_("role"), max_length=100, blank=True)
    branch = parent("records.Branch", _("branch"), name="staff")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="staff_records",
        null=True,
        blank=True,
        verbose_name=_("login"),
    )

    class Meta(Record.Meta):
        db_table = "staff"
        ordering = ("name", "id")
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        indexes: ClassVar = [alive_index("staff_by_id", "id"), alive_index("staff_by_name", "name", "id")]
        constraints: ClassVar = [alive_unique("one_staff_record_per_login", "user")]

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """The e-mail, as for customers."""
        return self.email or self.name
