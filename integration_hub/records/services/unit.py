"""One unit of work: a transaction with the guard open, at whose end histories are recomputed and the outbox written.

Locks are always taken in one order, so that two people saving at once wait for each other instead of deadlocking:
the order, then tickets, then customers by id, then events by id; the outbox last, by record type and id.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from integration_hub.records import guard
from integration_hub.records.services import history
from integration_hub.sync import outbox


class Unit:
    """Notes what was touched; see `work`."""

    def __init__(self, company_id: UUID, prio: int) -> None:
        self.company_id = company_id
        self.prio = prio
        self.changed: dict[str, set[UUID]] = {}
        self.customers: set[UUID] = set()
        self.events: set[UUID] = set()
        self.last: list[Callable[[], None]] = []

    def touch(self, record_type: str, *ids: UUID) -> None:
        """These records changed: whoever mirrors them must hear of it."""
        self.changed.setdefault(record_type, set()).update(ids)

    def sold(self, *, customers: Iterable[UUID | None] = (), events: Iterable[UUID | None] = ()) -> None:
        """What these customers bought, or these events sold, must be counted again."""
        self.customers.update(pk for pk in customers if pk)
        self.events.update(pk for pk in events if pk)

    def verify(self, check: Callable[[], None]) -> None:
        """Run `check` when the customers and events are locked: what it reads then is how it will be committed."""
        self.last.append(check)

    def finish(self) -> None:
        self.touch("customer", *history.refresh_customers(self.company_id, self.customers))
        self.touch("event", *history.refresh_events(self.company_id, self.events))
        for check in self.last:
            check()
        for record_type in sorted(self.changed):
            if ids := self.changed[record_type]:
                outbox.enqueue(record_type, self.company_id, sorted(ids), prio=self.prio)


@contextmanager
def work(company_id: UUID, prio: int) -> Iterator[Unit]:
    """Do what follows in one transaction that may write records; it commits with its histories and outbox rows."""
    with transaction.atomic(), guard.writing():
        unit = Unit(company_id, prio)
        yield unit
        unit.finish()
