"""Which of their columns is which of our fields: by name, or as a person said."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.records.importing.headings import others
from integration_hub.records.importing.problems import Asks, Question, Unreadable
from integration_hub.records.models import Appointment, Branch, Customer, Event, Order, OrderItem, Staff, Ticket

# Our field: the names other systems give it, best first; compared without case, spaces and signs. The first one heads
# templates and exports. What it is called in other languages stands in `headings`.
CUSTOMER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "reference": ("reference", "customer id", "customer number", "customer no", "client id", "customer reference"),
    "name": ("name", "customer name", "full name", "company name", "customer", "client", "contact name"),
    "email": ("email", "e-mail address", "customer email", "contact email", "mail"),
    "phone": ("phone", "phone number", "telephone", "mobile", "tel"),
    "country": ("country", "country code"),
    "language": ("language", "lang", "locale"),
    "notes": ("notes", "note", "comment", "comments", "remarks"),
}
HEADER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "order_number": ("order number", "order id", "order no", "order", "number"),
    "customer_reference": ("customer reference", "customer id", "customer number", "customer no", "client id"),
    "customer_email": ("customer email", "email", "e-mail address", "client email", "mail"),
    "customer_name": ("customer name", "customer", "client name", "client", "company name", "buyer"),
    "placed_at": ("placed at", "order date", "ordered at", "date", "created at"),
    "shipped_at": ("shipped at", "shipped date", "date shipped", "ship date"),
    "status": ("status", "order status"),
    "priority": ("priority",),
    "payment_state": ("payment state", "payment status", "payment", "financial status"),
    "currency": ("currency", "currency code"),
    "total": ("total", "order total", "grand total", "amount"),
    "notes": ("notes", "note", "comment", "comments", "remarks"),
}
ITEM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "description": ("description", "product name", "item name", "item", "product"),
    "product": ("product id", "sku", "item id", "article"),
    "quantity": ("quantity", "qty", "pieces"),
    "unit_price": ("unit price", "price", "item price"),
    "discount": ("discount",),
}
ORDER_FIELDS = {**HEADER_FIELDS, **ITEM_FIELDS}
EVENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "event title", "event name", "event", "name"),
    "starts_at": ("starts at", "starts", "start", "start time", "begins", "date"),
    "ends_at": ("ends at", "ends", "end", "end time"),
    "summary": ("summary", "description"),
    "kind": ("kind", "event type", "type"),
    "status": ("status", "event status"),
    "capacity": ("capacity", "places", "seats"),
    "timezone": ("time zone", "timezone", "tz"),
    "branch": ("branch", "branch name"),
    "venue": ("venue", "location", "place"),
}
BRANCH_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "branch", "branch name"),
    "street": ("street", "address", "street and number"),
    "postal_code": ("postal code", "zip", "zip code", "postcode"),
    "city": ("city", "town"),
    "region": ("region", "state", "county"),
    "country": ("country", "country code"),
    "phone": ("phone", "phone number", "telephone"),
    "timezone": ("time zone", "timezone", "tz"),
}
STAFF_FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "e-mail address", "mail"),
    "name": ("name", "full name", "staff member", "employee"),
    "phone": ("phone", "phone number", "telephone", "mobile"),
    "role_title": ("role", "role title", "job title", "position", "title"),
    "branch": ("branch", "branch name"),
}
TICKET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "reference": ("reference", "ticket number", "ticket id", "ticket no", "barcode", "attendee number", "attendee no"),
    "event": ("event", "event title", "event name", "show"),
    "event_starts_at": ("event starts at", "event start", "event date", "event start date"),
    "ticket_type": ("ticket type", "ticket category", "ticket", "type", "category"),
    "participant_name": ("participant name", "participant", "attendee name", "attendee", "guest", "holder", "name"),
    "participant_email": ("participant email", "attendee email", "guest email", "email", "e-mail address", "mail"),
    "participant_phone": ("participant phone", "attendee phone", "phone", "phone number", "telephone", "mobile"),
    "order_number": ("order number", "order id", "order no", "order"),
    "status": ("status", "ticket status", "attendee status"),
    "checked_in_at": ("checked in at", "checked in", "check in", "check in time"),
}
APPOINTMENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "reference": ("reference", "appointment number", "appointment id", "booking number", "booking id"),
    "title": ("title", "appointment", "subject", "service", "appointment type", "event type"),
    "starts_at": ("starts at", "starts", "start", "start time", "begins", "date"),
    "ends_at": ("ends at", "ends", "end", "end time"),
    "duration": ("duration", "minutes", "duration in minutes"),
    "customer_reference": ("customer reference", "customer id", "customer number", "customer no", "client id"),
    "customer_email": ("customer email", "email", "e-mail address", "client email", "invitee email", "mail"),
    "customer_name": ("customer name", "customer", "client name", "client", "invitee name", "invitee", "name"),
    "staff_email": ("staff email", "employee email", "host email"),
    "staff": ("staff member", "staff", "employee", "host", "with"),
    "branch": ("branch", "branch name", "office"),
    "status": ("status", "appointment status"),
    "timezone": ("time zone", "timezone", "tz"),
    "notes": ("notes", "note", "comment", "comments", "remarks"),
}
FIELDS = {
    "customers": CUSTOMER_FIELDS,
    "orders": ORDER_FIELDS,
    "events": EVENT_FIELDS,
    "tickets": TICKET_FIELDS,
    "branches": BRANCH_FIELDS,
    "staff": STAFF_FIELDS,
    "appointments": APPOINTMENT_FIELDS,
}
MODELS = {
    "customers": (Customer,),
    "orders": (Order, OrderItem),
    "events": (Event,),
    "tickets": (Ticket,),
    "branches": (Branch,),
    "staff": (Staff,),
    "appointments": (Appointment,),
}
# One of these must be there, or rows could not be told apart.
KEYS = {
    "customers": ("reference", "email", "name"),
    "orders": ("order_number",),
    "events": ("title", "starts_at"),
    "tickets": ("reference", "event"),
    "branches": ("name",),
    "staff": ("email", "name"),
    "appointments": ("reference", "starts_at"),
}
WHOLE_KEYS = ("events",)  # all of the key tells them apart, not the first part that is there


@dataclass(frozen=True)
class Columns:
    """Our field → the places of its columns (several where a heading is repeated), and the headings left over."""

    places: Mapping[str, tuple[int, ...]]
    headings: Sequence[str]
    ignored: tuple[str, ...]

    def heading(self, field: str) -> str:
        """The heading a field was read from; "" when it was not."""
        return self.headings[self.places[field][0]] if field in self.places else ""


def plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def matched(kind: str, headings: Sequence[str], maps: Mapping[str, str]) -> Columns:
    """Columns for `kind`; `maps`: heading → our field, "" to leave the column out. Unreadable when it cannot be; Asks
    when no column tells the records apart."""
    fields = FIELDS[kind]
    names = [plain(heading) for heading in headings]
    places: dict[str, tuple[int, ...]] = {}
    taken: set[str] = set()
    for heading, field in maps.items():
        name = known_heading(heading, names, headings)
        taken.add(name)
        if field:
            known_field(field, fields)
            places[field] = (*places.get(field, ()), *_places(name, names))
    for field, synonyms in fields.items():
        called = (*synonyms, *others(kind, field))
        synonym = next((n for n in map(plain, called) if n in names and n not in taken), None)
        if field not in places and synonym is not None:
            places[field] = _places(synonym, names)
            taken.add(synonym)
    _require(kind, places)
    used = {place for field in places.values() for place in field}
    ignored = tuple(heading for place, heading in enumerate(headings) if place not in used)
    return Columns(places, headings, ignored)


def _places(name: str, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(place for place, other in enumerate(names) if other == name)


def known_heading(heading: str, names: Sequence[str], headings: Sequence[str]) -> str:
    if plain(heading) not in names:
        said = _("The mapping names the column “%(name)s”, but the file has: %(names)s.")
        raise Unreadable(said % {"name": heading, "names": ", ".join(headings)})
    return plain(heading)


def known_field(field: str, fields: Iterable[str]) -> None:
    if field not in fields:
        said = _("The mapping names our field “%(name)s”, but there are: %(names)s.")
        raise Unreadable(said % {"name": field, "names": ", ".join(fields)})


def _require(kind: str, places: Mapping[str, tuple[int, ...]]) -> None:
    if not any(key in places for key in KEYS[kind]):
        said = _("No column holds the %(keys)s. Say which one does.")
        raise Asks(Question("columns", said % {"keys": _(" or the ").join(KEYS[kind])}))


def digest(headings: Sequence[str]) -> str:
    """The shape of a file: its headings in their order, whatever their case, spaces and signs."""
    return hashlib.sha256("\x1f".join(map(plain, headings)).encode()).hexdigest()


def described(
    kind: str,
    headings: Sequence[str],
    found: Columns | None,
    samples: Sequence[Sequence[str]],
    said: Mapping[str, str],
    before: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Each column of the file as a page shows it: what it is, why, and what is in it. `said`: the mapping a person
    gave now; `before`: the one of the last file."""
    fields = {place: field for field, places in found.places.items() for place in places} if found else {}
    now, once = ({plain(heading) for heading in mapping} for mapping in (said, before))
    told = []
    for place, heading in enumerate(headings):
        field, name = fields.get(place, ""), plain(heading)
        how = "chosen" if name in now else "remembered" if name in once else "name" if field else ""
        shown = list(samples[place]) if place < len(samples) else []
        told.append({"heading": heading, "field": field, "label": label(kind, field), "how": how, "samples": shown})
    return told


def restored(told: Sequence[Mapping[str, Any]]) -> Columns:
    """Columns as `described` told them."""
    places: dict[str, tuple[int, ...]] = {}
    for place, column in enumerate(told):
        if column["field"]:
            places[column["field"]] = (*places.get(column["field"], ()), place)
    headings = [column["heading"] for column in told]
    ignored = tuple(column["heading"] for column in told if not column["field"])
    return Columns(places, headings, ignored)


LABELS = {
    "customer_reference": gettext_lazy("customer's reference"),
    "customer_email": gettext_lazy("customer's e-mail"),
    "customer_name": gettext_lazy("customer's name"),
    "shipped_at": gettext_lazy("shipped"),
    "country": gettext_lazy("country (reads phone numbers)"),
    "product": gettext_lazy("product number"),
    "event_starts_at": gettext_lazy("event's start"),
    "order_number": gettext_lazy("order number"),
    "duration": gettext_lazy("duration in minutes"),
    "staff_email": gettext_lazy("staff member's e-mail"),
}


def label(kind: str, field: str) -> str:
    """A field of ours as a person calls it; "" for none."""
    if not field:
        return ""
    if field in LABELS:
        return str(LABELS[field])
    fields = (one for model in MODELS[kind] for one in model._meta.concrete_fields)
    return next((str(one.verbose_name) for one in fields if one.name == field), field)
