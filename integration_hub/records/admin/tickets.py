"""The page of tickets."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration_hub.records.admin.base import RecordAdmin, delete_selected, each
from integration_hub.records.models import Ticket
from integration_hub.records.services import tickets


@admin.action(description=_("Check in"), permissions=["change"])
def check_in(page: "TicketAdmin", request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
    actor = request.user.get_username()
    rows = queryset.select_related("order_item__order")
    done = each(request, list(rows), lambda ticket: tickets.check_in(ticket, actor=actor))
    said = ngettext("%(count)s ticket is checked in.", "%(count)s tickets are checked in.", done)
    messages.success(request, said % {"count": done})


@admin.register(Ticket)
class TicketAdmin(RecordAdmin):
    noun = tickets.noun
    list_display = ("participant", "event", "ticket_type", "status", "checked_in_at", "order_number")
    list_select_related = ("event", "ticket_type", "order_item__order")
    list_filter = ("status", "checked_in_at", "ticket_type__place")
    search_fields = ("participant_name", "participant_email", "event__title", "reference")
    autocomplete_fields = ("event", "ticket_type")
    actions = (delete_selected, check_in)
    readonly_fields = ("code", "order_number")
    fieldsets = (
        (None, {"fields": ("event", "ticket_type", "status", "checked_in_at")}),
        (_("Participant"), {"fields": ("participant_name", "participant_email", "participant_phone")}),
        (_("Origin"), {"fields": ("order_number", "reference", "code")}),
    )

    @admin.display(description=_("participant"), ordering="participant_name")
    def participant(self, ticket: Ticket) -> str:
        return ticket.participant_name or str(_("Nobody yet"))

    @admin.display(description=_("order"))
    def order_number(self, ticket: Ticket) -> str:
        return ticket.order_item.order.order_number if ticket.order_item else "–"
