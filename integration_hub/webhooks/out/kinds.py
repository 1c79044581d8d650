"""The events a webhook can be told of, and the types of record they may be about."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration_hub.sync.announcing import Kind

TEST = "webhook.test"  # sent when somebody asks for it, and to nobody else

EVENTS: dict[str, Promise] = {
    Kind.RECORD_CREATED.value: _("a record is made"),
    Kind.RECORD_UPDATED.value: _("a record is changed"),
    Kind.RECORD_DELETED.value: _("a record is deleted"),
    Kind.RUN_FAILED.value: _("a sync ends with records that could not be sent"),
    Kind.CONFLICT_CREATED.value: _("a field is changed on both sides to different values"),
    Kind.NEEDS_RECONNECT.value: _("a service refuses our key"),
}
RECORD_TYPES: dict[str, Promise] = {
    "appointment": _("appointments"),
    "branch": _("branches"),
    "customer": _("customers"),
    "event": _("events"),
    "order": _("orders"),
    "staff": _("staff"),
    "ticket": _("tickets"),
}
