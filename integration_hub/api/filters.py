"""What lists can be narrowed to. Wrong values are errors that name the right ones."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_filters.utils import translate_validation
from rest_framework.request import Request

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.records.models import Appointment, Event, Order, Ticket
from integration_hub.records.selection import Selection
from integration_hub.rest.problems import Problem, by_field
from integration_hub.rest.requests import company_of
from integration_hub.sync.models.preview import Planned, PlanState
from integration_hub.sync.models.run import Outcome, RunKind, RunState


def words() -> django_filters.CharFilter:
    """A part of the text, in any case."""
    return django_filters.CharFilter(lookup_expr="icontains", help_text="A part of it, in any case.")


def exact(**kwargs: Any) -> django_filters.CharFilter:
    return django_filters.CharFilter(lookup_expr="iexact", **kwargs)


def reference(field_name: str | None = None) -> django_filters.UUIDFilter:
    return django_filters.UUIDFilter(field_name=field_name, error_messages={"invalid": _("This is not an id.")})


def choice(choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> django_filters.ChoiceFilter:
    choices = list(choices)
    known = ", ".join(str(value) for value, _label in choices)
    sentence = format_lazy(_("“%(value)s” is not one of: {known}."), known=known)
    return django_filters.ChoiceFilter(choices=choices, error_messages={"invalid_choice": sentence}, **kwargs)


def day(method: str, help_text: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(
        method=method,
        help_text=help_text,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("A day is written YYYY-MM-DD.")},
        validators=[MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2199, 12, 31))],
    )


def yes_or_no(method: str) -> django_filters.ChoiceFilter:
    return choice([("true", "true"), ("false", "false")], method=method)


class DaysForm(forms.Form):
    """The days asked for must be in order."""

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("start_date"), found.get("end_date")
        if first and last and last < first:
            self.add_error("end_date", _("The last day is before the first."))
        return found


class DayRange(django_filters.FilterSet):
    """`start_date` and `end_date`: days of the company's zone, both included, of the field `moment`."""

    moment = "starts_at"

    class Meta:
        form = DaysForm

    start_date = day("from_day", "The first day, in the company's time zone.")
    end_date = day("to_day", "The last day, included.")

    def midnight(self, value: date) -> datetime:
        company = company_of(self.request)
        return zones.midnight(value, company.timezone if company is not None else "UTC")

    def from_day(self, rows: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return rows.filter(**{f"{self.moment}__gte": self.midnight(value)})

    def to_day(self, rows: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return rows.filter(**{f"{self.moment}__lt": self.midnight(value + timedelta(days=1))})


class OrderFilter(DayRange):
    """What a Selection can be narrowed to; it does the narrowing itself (see `selection`)."""

    status = choice(Order.Status.choices)
    priority = choice(Order.Priority.choices)
    customer = django_filters.CharFilter(help_text="An id, an e-mail, or a part of the name.")


def selection(request: Request, company: Company) -> Selection:
    """The orders this request asks for; Problem 400 that names what is valid."""
    found = OrderFilter(request.query_params, queryset=Order.everywhere.none(), request=request)
    if not found.is_valid():
        raise Problem("parameter", errors=by_field(translate_validation(found.errors).detail))
    asked = found.form.cleaned_data
    return Selection(
        company,
        status=asked["status"],
        priority=asked["priority"],
        customer=asked["customer"],
        first=asked["start_date"],
        last=asked["end_date"],
    )


class EventFilter(DayRange):
    status = choice(Event.Status.choices)
    kind = choice(Event.Kind.choices)
    title = words()
    branch = reference()
    series = reference()


class AppointmentFilter(DayRange):
    status = choice(Appointment.Status.choices)
    customer = reference()
    staff = reference()
    branch = reference()


class TicketFilter(django_filters.FilterSet):
    event = reference()
    ticket_type = reference()
    order = reference("order_item__order")
    status = choice(Ticket.Status.choices)
    email = exact(field_name="participant_email")
    checked_in = yes_or_no("came")

    def came(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(checked_in_at__isnull=value == "false")


class CustomerFilter(django_filters.FilterSet):
    name = words()
    email = exact()
    reference = django_filters.CharFilter()


class BranchFilter(django_filters.FilterSet):
    name = words()


class StaffFilter(django_filters.FilterSet):
    name = words()
    email = exact()
    branch = reference()


class RunFilter(django_filters.FilterSet):
    provider = django_filters.CharFilter(field_name="mapping__connection__provider")
    state = choice(RunState.choices)
    kind = choice(RunKind.choices)


class WriteFilter(django_filters.FilterSet):
    outcome = choice(Outcome.choices)


class PlanFilter(django_filters.FilterSet):
    what = choice(Planned.choices)
    state = choice(PlanState.choices)


class ConflictFilter(django_filters.FilterSet):
    mapping = reference("target")
    record_type = django_filters.CharFilter()
    record_id = reference()
    field = django_filters.CharFilter(help_text="The name of our field, as the API calls it.")
    state = choice([("open", "open"), ("settled", "settled")], method="open_or_settled")

    def open_or_settled(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(settled_at__isnull=value == "open")
