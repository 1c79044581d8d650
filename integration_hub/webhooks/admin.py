"""The list of events: what came, what became of it, and Replay."""

import json
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integration_hub.companies.admin_base import ReadOnlyAdmin
from integration_hub.companies.models import Role
from integration_hub.http.redaction import redact
from integration_hub.webhooks.models import WebhookEvent
from integration_hub.webhooks.out.admin import DeliveryAdmin, SubscriptionAdmin
from integration_hub.webhooks.replaying import CannotReplay, replay

__all__ = ["DeliveryAdmin", "SubscriptionAdmin", "WebhookEventAdmin", "shown"]

MOST = 200  # events replayed with one press


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "type", "state", "attempts", "sentence")
    list_filter: ClassVar = ["state", "provider"]
    search_fields = ("event_id", "type")
    fields = (
        ("provider", "state"),
        "type",
        "event_id",
        "received_at",
        "settled_at",
        "attempts",
        "sentence",
        "payload_shown",
    )
    actions = ["replay"]  # noqa: RUF012
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        return super().get_queryset(request).defer("body", "raw", "trace")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return self._role(request) is Role.ADMIN

    @admin.display(description=gettext_lazy("Payload"))
    def payload_shown(self, event: WebhookEvent) -> SafeString:
        return format_html("<pre>{}</pre>", shown(event))

    @admin.action(description=gettext_lazy("Replay selected events"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        done, refused = 0, dict[str, int]()
        for event in queryset.select_related("connection")[:MOST]:
            try:
                replay(event, actor=request.user.get_username())
                done += 1
            except CannotReplay as reason:
                refused[str(reason)] = refused.get(str(reason), 0) + 1
        for sentence, count in refused.items():
            messages.error(request, f"{sentence} ({count})")
        if done:
            said = ngettext("%(n)d event will be applied again.", "%(n)d events will be applied again.", done)
            messages.success(request, said % {"n": done})


def shown(event: WebhookEvent) -> Any:
    """The payload as a person reads it, without what looks like a secret."""
    if event.raw is not None:
        return redact(bytes(event.raw).decode("utf-8", "replace"))
    return json.dumps(redact(event.payload), indent=2, ensure_ascii=False) if event.body else _("Empty.")
