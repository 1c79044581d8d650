"""Tickets from files: the event, what was sold and the order are found by title, name and number."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.simple import Many
from integration_hub.records.models import Event, OrderItem, Ticket, TicketType
from integration_hub.records.services import Invalid, bulk, images, many
from integration_hub.records.services.tickets import RELATED

Values = Mapping[str, str]
Look = tuple[UUID, UUID, str | None, str]  # the event, the kind, the order (None: not said), and who
SAME = ("participant_name", "participant_email", "status")  # by these, of tickets that look alike, one is chosen


class Tickets(Many):
    """Found by their number, else by event, kind, order and participant. Tickets that look alike are as many as there
    are rows of them: those that say the same are paired first, the others in their order."""

    def __post_init__(self) -> None:
        self.told = [values for draft in self.drafts for values in rows_of(draft)]
        self.events = self._events()
        self.kinds = self._kinds()
        self.lines = self._lines()
        self.held = self._held()
        self.used: set[UUID] = set()
        self.looks: dict[Look, list[Ticket]] = defaultdict(list)
        super().__post_init__()

    def said(self, name: str) -> set[str]:
        return {values[name] for values in self.told if name in values}

    def _events(self) -> dict[str, list[Event]]:
        """By title."""
        found: dict[str, list[Event]] = defaultdict(list)
        rows = Event.everywhere.filter(company_id=self.company.pk, deleted_at=None, title__in=self.said("event"))
        for event in rows.order_by("starts_at", "pk"):
            event.company = self.company
            found[event.title].append(event)
        return found

    def _kinds(self) -> dict[UUID, list[TicketType]]:
        """By event."""
        events = {event.pk: event for several in self.events.values() for event in several}
        found: dict[UUID, list[TicketType]] = defaultdict(list)
        rows = TicketType.everywhere.filter(company_id=self.company.pk, deleted_at=None, event__in=events)
        for kind in rows.order_by("name", "pk"):
            kind.company, kind.event = self.company, events[kind.event_id]
            found[kind.event_id].append(kind)
        return found

    def _lines(self) -> dict[str, list[OrderItem]]:
        """By order number."""
        found: dict[str, list[OrderItem]] = defaultdict(list)
        if not (numbers := self.said("order_number")):
            return found
        rows = OrderItem.everywhere.filter(company_id=self.company.pk, deleted_at=None, order__deleted_at=None)
        rows = rows.filter(order__order_number__in=numbers).select_related("order", "ticket_type")
        for line in rows.order_by("order", "position", "pk"):
            line.company = self.company
            found[line.order.order_number].append(line)
        return found

    def _held(self) -> Counter[UUID]:
        """How many tickets each of these lines has."""
        lines = [line.pk for several in self.lines.values() for line in several]
        rows = Ticket.everywhere.filter(order_item__in=lines, deleted_at=None).order_by()
        return Counter(rows.values_list("order_item", flat=True)) if lines else Counter()

    def _there(self) -> dict[str, list[Any]]:
        """By number; and, in `looks`, by all that a row may say of those without one."""
        found: dict[str, list[Any]] = defaultdict(list)
        for ticket in self._candidates():
            ticket.company = self.company
            found[ticket.reference].append(ticket)
            for look in looks_of(ticket):
                self.looks[look].append(ticket)
        return found

    def _candidates(self) -> Any:
        numbers = self.said("reference")
        emails = self.said("participant_email")
        who = Q(participant_email__in=emails | {email.lower() for email in emails})
        who |= Q(participant_name__in=self.said("participant_name"))
        if orders := self.said("order_number"):
            who |= Q(order_item__order__order_number__in=orders)
        alike = Q(event__in=[event.pk for several in self.events.values() for event in several]) & who
        asked = Q(reference__in=numbers) | alike if numbers else alike
        return self.living().filter(asked).select_related(*RELATED).order_by("created_at", "pk")

    # --- one draft

    def plans(self, draft: Draft) -> list[bulk.Plan[Any]]:
        plans, wrong = [], dict[str, list[str]]()
        for number, entry in enumerate(self.entries(draft)):
            try:
                plans.append(many.plan(self.noun, self.company, entry))
            except Invalid as invalid:
                wrong |= named(draft, number, invalid)
        if wrong:
            raise Invalid(wrong)
        return plans

    def entries(self, draft: Draft) -> list[many.Entry]:
        told, wrong = [], dict[str, list[str]]()
        for number, values in enumerate(rows_of(draft)):
            try:
                told.append(self._about(values))
            except Invalid as invalid:
                wrong |= named(draft, number, invalid)
        if wrong:
            raise Invalid(wrong)
        if "reference" in draft.values:
            known = [self._numbered(draft.values, told[0])]
        else:
            known = self._paired(rows_of(draft), told)
        return [
            self._entry(values, about, ticket)
            for values, about, ticket in zip(rows_of(draft), told, known, strict=True)
        ]

    def _about(self, values: Values) -> dict[str, Any]:
        """The event and what was sold, as far as the row says them."""
        if "event" not in values:
            return {}
        event = self._event(values)
        kind = self._kind(event, values.get("ticket_type", ""), needed="reference" not in values)
        return {"event": event, **({"ticket_type": kind} if kind else {})}

    def _event(self, values: Values) -> Event:
        title, starts = values["event"], values.get("event_starts_at", "")
        fitting = self.events.get(title, [])
        if not fitting:
            said = _("There is no event “%(title)s”. Bring the events first, or correct the title.")
            raise Invalid({"event": [said % {"title": title}]})
        if starts:
            fitting = [event for event in fitting if _when(event) == starts]
        if not fitting:
            said = _("No event “%(title)s” starts then. Correct the time, or leave the column out.")
            raise Invalid({"event_starts_at": [said % {"title": title}]})
        if len(fitting) > 1:
            said = _("%(count)s events are called “%(title)s”. Add a column that says when the event starts.")
            raise Invalid({"event": [said % {"count": len(fitting), "title": title}]})
        return fitting[0]

    def _kind(self, event: Event, name: str, *, needed: bool) -> TicketType | None:
        kinds = self.kinds.get(event.pk, [])
        fitting = [kind for kind in kinds if not name or kind.name.casefold() == name.casefold()]
        if len(fitting) == 1:
            return fitting[0]
        if not name and not needed:
            return None
        shown = {"event": event.title, "names": ", ".join(kind.name for kind in kinds), "name": name}
        if not kinds:
            said = _("“%(event)s” sells no tickets yet. Add a ticket type on the event's page first.")
        elif name:
            said = _("“%(event)s” has no ticket type “%(name)s”. It has: %(names)s.")
        else:
            said = _("“%(event)s” has several ticket types: %(names)s. Add a column that says which one.")
        raise Invalid({"ticket_type": [said % shown]})

    def _numbered(self, values: Values, about: Mapping[str, Any]) -> Ticket | None:
        """The ticket with this number, else one without a number that looks alike."""
        found = next(iter(self.there.get(values["reference"], ())), None)
        if found is None and "ticket_type" in about:
            alike = (one for one in self._alike(values, about) if not one.reference and one.pk not in self.used)
            found = next(alike, None)
        self.used |= {found.pk} if found else set()
        return found

    def _paired(self, told: Sequence[Values], about: Sequence[Mapping[str, Any]]) -> list[Ticket | None]:
        """For each row the ticket it means; None: a new one."""
        free = [one for one in self._alike(told[0], about[0]) if one.pk not in self.used]
        paired: list[Ticket | None] = [None] * len(told)
        for strict in (True, False):
            for place, values in enumerate(told):
                ticket = next((one for one in free if not strict or _says(values, one)), None)
                if paired[place] is None and ticket is not None:
                    paired[place] = ticket
                    free.remove(ticket)
        self.used |= {ticket.pk for ticket in paired if ticket is not None}
        return paired

    def _alike(self, values: Values, about: Mapping[str, Any]) -> list[Ticket]:
        email, name = values.get("participant_email", "").lower(), values.get("participant_name", "")
        sold = (about["event"].pk, about["ticket_type"].pk, values.get("order_number"))
        if not (email or name or values.get("order_number")):
            return []
        found = self.looks.get((*sold, f"e:{email}" if email else f"n:{name}"), [])
        if not found and email and name:  # whose e-mail was not known
            found = [one for one in self.looks.get((*sold, f"n:{name}"), []) if not one.participant_email]
        return list(found)

    def _entry(self, values: Values, about: Mapping[str, Any], known: Ticket | None) -> many.Entry:
        data: dict[str, Any] = {**values, **about}
        data.pop("event_starts_at", None)
        number = data.pop("order_number", None)
        if known is not None and known.checked_in_at and _second(known.checked_in_at) == data.get("checked_in_at"):
            del data["checked_in_at"]  # files know whole seconds
        if number is not None and not (known and _number(known) == number):
            data["order_item"] = self._line(number, about.get("ticket_type") or (known.ticket_type if known else None))
        return data, known

    def _line(self, number: str, kind: TicketType | None) -> OrderItem:
        """The line of the order a ticket belongs to: of its kind, else the only one that is of none; one with room."""
        lines = self.lines.get(number, [])
        if not lines:
            said = _("There is no order “%(number)s” with lines. Bring the orders first, or leave the column out.")
            raise Invalid({"order_number": [said % {"number": number}]})
        fitting = [line for line in lines if kind and line.ticket_type_id == kind.pk]
        if not fitting:
            of_none = [line for line in lines if line.ticket_type_id is None]
            called = [line for line in of_none if kind and kind.name.casefold() in line.description.casefold()]
            fitting = called or (of_none if len(of_none) == 1 else [])
        if not fitting:
            said = _("No line of the order “%(number)s” is for this kind of ticket.")
            raise Invalid({"order_number": [said % {"number": number}]})
        line = next((one for one in fitting if self.held[one.pk] < one.quantity), fitting[0])
        self.held[line.pk] += 1
        return line


def rows_of(draft: Draft) -> Sequence[Values]:
    """What each of its rows says."""
    return draft.items or [draft.values]


def named(draft: Draft, number: int, invalid: Invalid) -> dict[str, list[str]]:
    """The errors of a row, under names that lead to its line."""
    prefix = f"items.{number}." if draft.items else ""
    return {f"{prefix}{name}": sentences for name, sentences in invalid.errors.items()}


def looks_of(ticket: Ticket) -> list[Look]:
    """Every way in which a row may mean it: with or without its order, by e-mail, by name, or by the order alone."""
    who = [f"n:{ticket.participant_name}", "n:"]
    if ticket.participant_email:
        who.append(f"e:{ticket.participant_email.lower()}")
    orders = {None, _number(ticket)}
    return [(ticket.event_id, ticket.ticket_type_id, order, one) for order in orders for one in dict.fromkeys(who)]


def _number(ticket: Ticket) -> str | None:
    return ticket.order_item.order.order_number if ticket.order_item else None


def _says(values: Values, ticket: Ticket) -> bool:
    """Whether the row says just what the ticket is."""
    came = values.get("checked_in_at")
    if came is not None and (ticket.checked_in_at is None or _second(ticket.checked_in_at) != came):
        return False
    return all(getattr(ticket, name) == values[name] for name in SAME if name in values)


def _when(event: Event) -> str:
    return _second(event.starts_at)


def _second(moment: datetime) -> str:
    """As a file knows it."""
    return str(images.plain(moment.replace(microsecond=0)))
