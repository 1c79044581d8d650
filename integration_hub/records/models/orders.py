"""Orders and their lines."""

from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record, alive_index, alive_unique, currency_field, money_field, parent


class Order(Record):
    """What a customer ordered. Its total is the sum of its lines; an order without lines may be given one."""

    class Status(models.TextChoices):
        PENDING = "Pending", _("Pending")
        PROCESSING = "Processing", _("Processing")
        SENT = "Sent", _("Sent")
        DELIVERED = "Delivered", _("Delivered")
        CANCELLED = "Cancelled", _("Cancelled")

    class Priority(models.TextChoices):
        LOW = "Low", _("Low")
        MEDIUM = "Medium", _("Medium")
        HIGH = "High", _("High")

    class PaymentState(models.TextChoices):
        UNPAID = "unpaid", _("Unpaid")
        PAID = "paid", _("Paid")
        PARTLY_REFUNDED = "partly_refunded", _("Partly refunded")
        REFUNDED = "refunded", _("Refunded")

    order_number = models.CharField(_("order number"), max_length=50)
    customer = parent("records.Customer", _("customer"), name="orders")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority.choices, default=Priority.MEDIUM)
    payment_state = models.CharField(
        _("payment"), max_length=15, choices=PaymentState.choices, default=PaymentState.UNPAID
    )
    currency = currency_field()
    total = money_field(_("total"), default=Decimal(0))
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    notes = models.TextField(_("notes"), blank=True)
    # The remote row this order mirrors in the company's primary orders mapping; set by services.orders.set_record_ids.
    record_id = models.CharField(_("mirrored record"), max_length=100, null=True, blank=True, editable=False)

    class Meta(Record.Meta):
        db_table = "orders"
        ordering = ("-placed_at", "-id")
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes: ClassVar = [
            alive_index("orders_by_id", "id"),
            alive_index("orders_by_placed", "-placed_at", "-id"),
            alive_index("orders_by_status", "status", "-placed_at", "-id"),
            alive_index("orders_by_priority", "priority", "-placed_at", "-id"),
            alive_index("orders_by_customer", "customer", "-placed_at", "-id"),
        ]
        constraints: ClassVar = [
            alive_unique("order_number_once", "order_number"),
            alive_unique("order_record_id_once", "record_id"),
        ]

    lines: Any  # the service's plan for the items while it saves
    known_lines: list["OrderItem"]  # the items as they are, where somebody fetched those of many orders together
    shown_lines: list[str]  # and how the engine reads them

    def __str__(self) -> str:
        return self.order_number

    @property
    def cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def counts(self) -> bool:
        """Whether it counts as a purchase: cancelled and wholly refunded orders do not."""
        return not self.cancelled and self.payment_state != self.PaymentState.REFUNDED


class OrderItem(Record):
    """One line of an order: amount = quantity × unit price × (1 − discount), rounded half-even."""

    order = parent("records.Order", _("order"), name="items", required=True)
    position = models.PositiveIntegerField(default=0, editable=False)
    ticket_type = parent("records.TicketType", _("ticket type"), name="order_items")
    description = models.CharField(_("description"), max_length=300, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=1, validators=[MinValueValidator(1)])
    unit_price = money_field(_("unit price"))
    discount = models.DecimalField(
        _("discount"),
        max_digits=7,
        decimal_places=6,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("A fraction: 0.15 is 15 % off."),
    )
    amount = money_field(_("amount"), editable=False)

    class Meta(Record.Meta):
        db_table = "order_items"
        ordering = ("order", "position", "id")
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        indexes: ClassVar = [alive_index("order_items_by_id", "id")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.description}"
