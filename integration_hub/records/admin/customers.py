"""The page of customers."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from integration_hub.records import money
from integration_hub.records.admin.base import RecordAdmin
from integration_hub.records.models import Customer
from integration_hub.records.services import customers


@admin.register(Customer)
class CustomerAdmin(RecordAdmin):
    noun = customers.noun
    list_display = ("name", "email", "phone", "reference", "orders_count", "spent_text", "last_purchase_at")
    list_filter = ("language", "last_purchase_at")
    search_fields = ("name", "email", "phone", "reference")
    ordering = ("name", "id")
    readonly_fields = (
        "phone_raw",
        "orders_count",
        "tickets_count",
        "spent_text",
        "first_purchase_at",
        "last_purchase_at",
    )
    fieldsets = (
        (None, {"fields": ("name", "reference", "email", ("phone", "phone_raw"), "language", "notes")}),
        (
            _("Purchases"),
            {"fields": (("orders_count", "tickets_count", "spent_text"), ("first_purchase_at", "last_purchase_at"))},
        ),
    )

    @admin.display(description=_("spent"))
    def spent_text(self, customer: Customer) -> str:
        return money.totals_text(customer.spent) or "–"
