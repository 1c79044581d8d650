"""Those who buy, with what they bought."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record, alive_index, alive_unique, phone_field, totals_field


class Customer(Record):
    """A person or firm that buys. The purchase history is recomputed by the services whenever an order changes."""

    reference = models.CharField(
        _("reference"), max_length=100, blank=True, help_text=_("The number another system knows this customer by.")
    )
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = phone_field()
    phone_raw = models.CharField(
        _("phone as imported"),
        max_length=60,
        blank=True,
        editable=False,
        help_text=_("It could not be read as a number."),
    )
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    notes = models.TextField(_("notes"), blank=True)

    orders_count = models.PositiveIntegerField(_("orders"), default=0, editable=False)
    tickets_count = models.PositiveIntegerField(_("tickets"), default=0, editable=False)
    spent = totals_field(_("spent"))
    first_purchase_at = models.DateTimeField(_("first purchase"), null=True, editable=False)
    last_purchase_at = models.DateTimeField(_("last purchase"), null=True, editable=False)

    class Meta(Record.Meta):
        db_table = "customers"
        ordering = ("name", "id")
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            alive_index("customers_by_id", "id"),
            alive_index("customers_by_name", "name", "id"),
            alive_index("customers_by_email", "email"),
            alive_index("customers_by_purchase", "last_purchase_at"),
        ]
        constraints: ClassVar = [alive_unique("customer_reference_once", "reference", unless_empty="reference")]

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """The e-mail, which tells two of a name apart."""
        return self.email or self.name
