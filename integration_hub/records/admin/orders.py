"""The page of orders; an order is saved together with its lines."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration_hub.companies.middleware import FIELD
from integration_hub.companies.models import Company
from integration_hub.companies.requests import HubRequest
from integration_hub.records import money
from integration_hub.records.admin.base import (
    PartForm,
    PartInline,
    RecordAdmin,
    ServiceFormSet,
    delete_selected,
    each,
    pill,
    save,
)
from integration_hub.records.models import Customer, Order, OrderItem
from integration_hub.records.selection import Selection, customers_of, of_customers
from integration_hub.records.services import items, orders

# How a state looks in the list: the colour only underlines the word.
LOOKS: dict[str, str] = {
    Order.Status.PENDING: "warn",
    Order.Status.DELIVERED: "ok",
    Order.Status.CANCELLED: "bad",
    Order.Priority.HIGH: "warn",
    Order.PaymentState.PAID: "ok",
    Order.PaymentState.UNPAID: "warn",
}


def set_status(status: Order.Status) -> Callable[..., None]:
    """An action that sets this status."""

    @admin.action(description=_("Set status: %(status)s") % {"status": status.label}, permissions=["change"])
    def act(page: "OrderAdmin", request: HttpRequest, queryset: QuerySet[Order]) -> None:
        actor = request.user.get_username()
        done = each(request, list(queryset), lambda order: orders.update(order, {"status": status}, actor=actor))
        said = ngettext("%(count)s order is %(status)s.", "%(count)s orders are %(status)s.", done)
        messages.success(request, said % {"count": done, "status": status.label})

    act.__name__ = f"set_{status.value.lower()}"
    return act


class ItemForm(PartForm):
    """A line; what it lacks its ticket type may know, so the order's service is asked about all lines together."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit_price" in self.fields:
            self.fields["unit_price"].required = False

    def clean(self) -> dict[str, Any]:
        return forms.ModelForm.clean(self) or self.cleaned_data

    def line(self) -> dict[str, Any]:
        """As the service wants it."""
        names = items.FIELDS if self.instance._state.adding else self.changed_data
        line = {name: self.cleaned_data[name] for name in names if name in items.FIELDS and name in self.cleaned_data}
        if line.get("unit_price", 0) is None:
            del line["unit_price"]
        return line if self.instance._state.adding else {"id": self.instance.pk, **line}


class ItemFormSet(ServiceFormSet):
    """The lines of one order."""

    def kept(self) -> list[ItemForm]:
        """The lines that will be there, in order."""
        kept = [form for form in self.initial_forms if form not in self.deleted_forms]
        kept += [form for form in self.extra_forms if form.has_changed() and form not in self.deleted_forms]
        return cast("list[ItemForm]", kept)

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = self.kept()
        order = self.instance
        known = None if order._state.adding else order
        data = {"items": [form.line() for form in kept]}
        said = orders.validate(cast(ItemForm, self.empty_form).company, data, known)
        for name, sentences in said.items():
            place, _dot, field = name.removeprefix("items.").partition(".")
            if place.isdigit():
                kept[int(place)].show({field: sentences})
            elif name == "items":
                raise forms.ValidationError(sentences)


class ItemInline(PartInline):
    model = OrderItem
    noun = orders.noun
    form = ItemForm
    formset = ItemFormSet
    fields = ("ticket_type", "description", "quantity", "unit_price", "discount", "amount_text")
    readonly_fields = ("amount_text",)
    autocomplete_fields = ("ticket_type",)

    @admin.display(description=_("amount"))
    def amount_text(self, item: OrderItem) -> str:
        return "" if item.amount is None else money.text(item.amount, item.order.currency)


FOUND = 1_000  # orders found by a part of their number


def numbered(rows: QuerySet[Order], part: str) -> tuple[list[UUID], bool]:
    """The orders with this part in their number, and whether there are more: then these are the newest. Two questions,
    because a database that is asked for the newest walks through all orders, newest first, also where few fit."""
    fitting = rows.filter(order_number__icontains=part)
    found = list(fitting.order_by().values_list("pk", flat=True)[: FOUND + 1])
    if len(found) <= FOUND:
        return found, False
    return list(fitting.order_by("-placed_at", "-pk").values_list("pk", flat=True)[:FOUND]), True


def called(company: Company, term: str) -> QuerySet[Customer]:
    """The customers who have each of these words in their name or e-mail."""
    rows = customers_of(company)
    for word in term.split():
        rows = rows.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return rows


# Filters of the orders' page that this list takes as well.
OF_CUSTOMER = ("customer__id__exact", "customer__name__icontains", "customer__email__iexact")
STATES = {"status__exact": Order.Status, "priority__exact": Order.Priority}
NOT_FILTERS = {FIELD, PAGE_VAR, ORDER_VAR, ERROR_FLAG}


def selected(request: HubRequest) -> Selection | None:
    """What the list is narrowed to, where a Selection can say it without reading orders."""
    asked = {name: str(value) for name, value in request.GET.items() if name not in NOT_FILTERS and value}
    known = all(name in STATES and value in STATES[name].values for name, value in asked.items())
    if request.company is None or not known:
        return None
    return Selection(request.company, asked.get("status__exact", ""), asked.get("priority__exact", ""))


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    noun = orders.noun
    inlines = (ItemInline,)
    list_display = (
        "order_number",
        "customer",
        "status_pill",
        "priority_pill",
        "payment_pill",
        "total_text",
        "placed_at",
    )
    list_select_related = ("customer",)
    list_filter = ("status", "priority", "payment_state", "placed_at")
    search_fields = ("order_number", "customer__name", "customer__email")
    ordering = ("-placed_at", "-id")
    autocomplete_fields = ("customer",)
    actions = (delete_selected, *(set_status(status) for status in Order.Status))
    readonly_fields = ("total_text", "record_id")
    fieldsets = (
        (None, {"fields": ("order_number", "customer", ("status", "priority", "payment_state"))}),
        (_("Money and time"), {"fields": (("currency", "total_text"), "placed_at")}),
        (_("Notes"), {"fields": ("notes",)}),
    )

    @admin.display(description=_("status"), ordering="status")
    def status_pill(self, order: Order) -> str:
        return pill(order.get_status_display(), LOOKS.get(order.status, ""))

    @admin.display(description=_("priority"), ordering="priority")
    def priority_pill(self, order: Order) -> str:
        return pill(order.get_priority_display(), LOOKS.get(order.priority, ""))

    @admin.display(description=_("payment"), ordering="payment_state")
    def payment_pill(self, order: Order) -> str:
        return pill(order.get_payment_state_display(), LOOKS.get(order.payment_state, ""))

    @admin.display(description=_("total"), ordering="total")
    def total_text(self, order: Order) -> str:
        return f"{money.text(order.total, order.currency)} {order.currency}"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup in OF_CUSTOMER or super().lookup_allowed(lookup, value, request)

    def get_paginator(self, request: HttpRequest, *args: Any, **options: Any) -> "Paginator[Any]":
        """Counted by the roll-ups where they know, as for the list of all orders."""
        found = super().get_paginator(request, *args, **options)
        if (chosen := selected(cast(HubRequest, request))) is not None:
            found.count = chosen.count()
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """A whole order number is found by its index; anything else is a part of a number, or of the customer's name or
        e-mail. Of the orders with such a number the newest are shown, if there are very many."""
        term, company = search_term.strip(), cast(HubRequest, request).company
        exact = queryset.filter(order_number=term)
        if not term or company is None or exact.exists():
            return (exact if term else queryset), False
        found, more = numbered(queryset, term)
        if more:
            said = _("More than %(n)s orders have “%(part)s” in their number; of these you see the newest. Type more.")
            messages.info(request, said % {"n": f"{FOUND:,}", "part": term})
        return queryset.filter(Q(pk__in=found) | of_customers(called(company, term))), False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        for name in ("order_number", "currency"):
            if name in form.base_fields and obj is None:
                form.base_fields[name].required = False
                form.base_fields[name].help_text = _("Left empty, the hub fills it in.")
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: the order is saved with its lines, in one go."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        data = form.data_for_service()
        for formset in formsets:
            data["items"] = [line.line() for line in formset.kept()]
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        save(request, self.noun, form.instance, data, change)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        company = cast(HubRequest, request).company
        return {**super().get_changeform_initial_data(request), "currency": company.currency if company else ""}
