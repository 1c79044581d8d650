"""Whether there is room for the tickets of a file, before anything is saved: as many places as are held now, and those
that the rows before took."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.tickets import named
from integration_hub.records.models import Ticket
from integration_hub.records.services import Invalid, tickets
from integration_hub.records.services.bulk import Plan


class Places:
    """Places held, by event and by kind of ticket; a query for each event that is named."""

    def __init__(self) -> None:
        self.held: Counter[UUID] = Counter()
        self.known: set[UUID] = set()

    def take(self, draft: Draft, plans: Sequence[Plan[Any]]) -> None:
        """Count these tickets; Invalid when there is no room for one of them."""
        for number, plan in enumerate(plans):
            self._count(plan.before, -1)
            self._count(plan.now, 1)
            if tickets.takes_place(plan.now, plan.before):
                self._check(draft, number, plan.now)

    def _count(self, ticket: Ticket | None, by: int) -> None:
        if ticket is None:
            return
        if ticket.event_id not in self.known:
            self.known.add(ticket.event_id)
            self.held.update(tickets.places_held([ticket.event_id]))
        if ticket.status in Ticket.HOLDING:
            self.held[ticket.event_id] += by
            self.held[ticket.ticket_type_id] += by

    def _check(self, draft: Draft, number: int, ticket: Ticket) -> None:
        try:
            tickets.check_event(ticket.event, self.held[ticket.event_id])
            tickets.check_kind(ticket.ticket_type, self.held[ticket.ticket_type_id])
        except Invalid as invalid:
            raise Invalid(named(draft, number, invalid)) from invalid
