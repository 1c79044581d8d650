"""The orders at a glance: how many, where they stand, what they come to, and the list, all narrowed by one form."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.hub import order_charts
from integration_hub.hub.access import PageRequest, page
from integration_hub.hub.paging import paged
from integration_hub.records import money
from integration_hub.records.models import Order
from integration_hub.records.selection import Selection, as_uuid
from integration_hub.records.summing import BeingCounted, Summary, summary

ANY = [("", gettext_lazy("Any"))]
LONGEST = 200  # characters of a customer


def day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": "1900-01-01", "max": "2199-12-31"}),
        error_messages={"invalid": gettext_lazy("A day is written YYYY-MM-DD.")},
    )


class OrdersForm(forms.Form):
    """The same filters as GET /api/orders has."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=[*ANY, *Order.Status.choices], required=False)
    priority = forms.ChoiceField(
        label=gettext_lazy("Priority"), choices=[*ANY, *Order.Priority.choices], required=False
    )
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Name, e-mail or id"), "autocomplete": "off"}),
    )
    start_date = day(gettext_lazy("From"))
    end_date = day(gettext_lazy("To"))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("start_date"), found.get("end_date")
        if first and last and last < first:
            self.add_error("end_date", _("The last day is before the first."))
        return found

    def selection(self, company: Company) -> Selection:
        asked = self.cleaned_data
        return Selection(
            company,
            status=asked["status"],
            priority=asked["priority"],
            customer=asked["customer"],
            first=asked["start_date"],
            last=asked["end_date"],
        )


@page
def orders(request: PageRequest) -> HttpResponse:
    form = OrdersForm(request.GET, label_suffix="")
    context: dict[str, Any] = {"form": form, "narrowed": any(request.GET.get(name) for name in form.fields)}
    if form.is_valid():
        context |= shown(request, form.selection(request.company))
    return render(request, "hub/orders.html", context)


def shown(request: PageRequest, chosen: Selection) -> dict[str, Any]:
    """The list always; the figures as soon as they are there."""
    rows = chosen.orders().select_related("customer").order_by("-placed_at", "-id")
    found = paged(request, rows)
    for order in found.rows:
        order.shown = money.text(order.total, order.currency)
    try:
        told = figures(summary(chosen), chosen)
    except BeingCounted as counting:
        told = {"counting": counting}
    return {"page": found, **told, **addresses(chosen)}


def figures(made: Summary, chosen: Selection) -> dict[str, Any]:
    drawn = order_charts.bars(made, chosen.first, chosen.last)
    return {
        "made": made,
        "orders_chart": order_charts.orders_chart(drawn),
        "amounts_chart": order_charts.amounts_chart(drawn, made.currency),
        "by_status": order_charts.parts(Order.Status.choices, made.by_status, made.count),
        "by_priority": order_charts.parts(Order.Priority.choices, made.by_priority, made.count),
        "by_currency": order_charts.currencies(made),
    }


def addresses(chosen: Selection) -> dict[str, str]:
    """The admin's list of the same orders, and that list as files."""
    asked = urlencode(admin_filter(chosen))
    listing = reverse("admin:records_order_changelist")
    found = {"listing": f"{listing}?{asked}"}
    for form in ("csv", "xlsx"):
        found[form] = f"{reverse('admin:records_order_export', args=[form])}?{asked}"
    return found


def admin_filter(chosen: Selection) -> dict[str, str]:
    """The selection in the words of the admin's list."""
    zone = chosen.company.timezone
    asked = {f"{name}__exact": value for name, value in chosen.states.items()}
    if chosen.first:
        asked["placed_at__gte"] = zones.midnight(chosen.first, zone).isoformat()
    if chosen.last:
        asked["placed_at__lt"] = zones.next_midnight(zones.midnight(chosen.last, zone), zone).isoformat()
    if chosen.customer:
        asked[_customer_words(chosen.customer)] = chosen.customer
    return asked


def _customer_words(customer: str) -> str:
    if as_uuid(customer):
        return "customer__id__exact"
    return "customer__email__iexact" if "@" in customer else "customer__name__icontains"
