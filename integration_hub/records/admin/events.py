"""The pages of events and series; kinds of ticket and sessions are on the page of their event."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration_hub.companies.admin_base import ScopedModelAdmin
from integration_hub.records import money
from integration_hub.records.admin.base import PartInline, RecordAdmin, delete_selected, each
from integration_hub.records.models import Event, EventSeries, EventSession, TicketType
from integration_hub.records.services import events


def take_step(status: Event.Status, label: Any) -> Callable[..., None]:
    """An action that takes events to this status."""

    @admin.action(description=label, permissions=["change"])
    def act(page: "EventAdmin", request: HttpRequest, queryset: QuerySet[Event]) -> None:
        actor = request.user.get_username()
        done = each(request, list(queryset), lambda event: events.update(event, {"status": status}, actor=actor))
        said = ngettext("%(count)s event is %(status)s.", "%(count)s events are %(status)s.", done)
        messages.success(request, said % {"count": done, "status": status.label})

    act.__name__ = f"set_{status.value}"
    return act


class TicketTypeInline(PartInline):
    model = TicketType
    noun = events.ticket_types
    fields = ("name", "place", "price", "currency", "quota")


class SessionInline(PartInline):
    model = EventSession
    noun = events.sessions
    fields = ("title", "venue", "starts_at", "ends_at")


@admin.register(Event)
class EventAdmin(RecordAdmin):
    noun = events.noun
    inlines = (TicketTypeInline, SessionInline)
    list_display = ("title", "status", "kind", "starts_at", "branch", "sold_text", "revenue_text")
    list_select_related = ("branch",)
    list_filter = ("status", "kind", "starts_at")
    search_fields = ("title", "venue")
    ordering = ("-starts_at", "-id")
    autocomplete_fields = ("branch", "series")
    actions = (
        delete_selected,
        take_step(Event.Status.PUBLISHED, _("Publish")),
        take_step(Event.Status.FINISHED, _("Finish")),
        take_step(Event.Status.CANCELLED, _("Cancel")),
    )
    readonly_fields = ("sold_text", "revenue_text")
    fieldsets = (
        (None, {"fields": ("title", "summary", ("kind", "status"), "series")}),
        (_("Time and place"), {"fields": (("starts_at", "ends_at", "timezone"), ("branch", "venue"), "capacity")}),
        (_("Sales"), {"fields": (("sold_text", "revenue_text"),)}),
    )

    @admin.display(description=_("sold"), ordering="tickets_sold")
    def sold_text(self, event: Event) -> str:
        share = event.sold_share
        return str(event.tickets_sold) if share is None else f"{event.tickets_sold} / {event.capacity} ({share:.0%})"

    @admin.display(description=_("revenue"))
    def revenue_text(self, event: Event) -> str:
        return money.totals_text(event.revenue) or "–"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "timezone" in form.base_fields:
            form.base_fields["timezone"].required = False
        return form


@admin.register(EventSeries)
class EventSeriesAdmin(RecordAdmin):
    noun = events.series
    list_display = ("title", "created_at")
    search_fields = ("title",)
    fields = ("title", "summary")


@admin.register(TicketType)
class TicketTypeAdmin(ScopedModelAdmin):
    """Only so that fields can look ticket types up; people change them on the page of their event."""

    list_display = ("name", "event")
    list_select_related = ("event",)
    search_fields = ("name", "event__title")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
