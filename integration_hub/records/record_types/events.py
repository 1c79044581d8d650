"""Events as the engine sees them, with their sales."""

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records import money
from integration_hub.records.models import Event
from integration_hub.records.record_types.fields import ATTACHMENTS, choice, link, name_of
from integration_hub.records.record_types.reading import record_type
from integration_hub.records.record_types.taking import taking
from integration_hub.records.services import events


def _read(event: Event) -> dict[str, Value]:
    return {
        "title": event.title,
        "summary": event.summary,
        "kind": event.kind,
        "status": event.status,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "timezone": event.timezone,
        "venue": event.venue,
        "branch": name_of(event.branch),
        "branch_link": link("branch", event.branch),
        "series": name_of(event.series),
        "capacity": event.capacity,
        "tickets_sold": event.tickets_sold,
        "sold_share": event.sold_share,
        "revenue": money.totals_text(event.revenue),
        "updated_at": event.updated_at,
    }


FIELDS = (
    Field("title", _("Title"), identifies=True),
    Field("summary", _("Summary"), "long_text"),
    choice("kind", _("Kind"), Event.Kind),
    choice("status", _("Status"), Event.Status),
    Field("starts_at", _("Starts"), "datetime"),
    Field("ends_at", _("Ends"), "datetime"),
    Field("timezone", _("Time zone")),
    Field("venue", _("Venue")),
    Field("branch", _("Branch"), read_only=True),
    Field("branch_link", _("Branch (link)"), "link", to="branch"),
    Field("series", _("Series"), read_only=True),
    Field("capacity", _("Capacity"), "integer"),
    Field("tickets_sold", _("Tickets sold"), "integer", read_only=True),
    Field("sold_share", _("Share of capacity"), "percent", read_only=True),
    Field("revenue", _("Revenue"), read_only=True),
    ATTACHMENTS,
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
EVENT = record_type(
    Event, "event", (_("Event"), _("Events")), FIELDS, _read, title="title", joined=("branch", "series")
)
EVENT = taking(EVENT, events.noun)
