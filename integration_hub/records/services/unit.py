"""One unit of work: a transaction with the guard open, at whose end histories are recomputed and the outbox written.

Locks are always taken in one order, so that two people saving at once wait for each other instead of deadlocking:
the order, then tickets, then customers by id, then events by id, then the book of the orders' days; the outbox last, by
record type and id.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from integration_hub.records import guard
from integration_hub.records.models import Order, Record
from integration_hub.records.services import days, history
from integration_hub.sync import announcing, outbox
from integration_hub.sync.announcing import Kind, News

PRIO_CHANGE = 1


class Spread:
    """Records of one kind by what they hang on: path of foreign keys → ids of changed parents."""

    def __init__(self, model: type[Record]) -> None:
        self.model = model
        self.parents: dict[str, set[UUID]] = defaultdict(set)

    @property
    def condition(self) -> Q:
        hanging = (Q(**{f"{path}__in": ids}) for path, ids in self.parents.items())
        return Q(deleted_at=None) & reduce(or_, hanging)


class Unit:
    """Notes what was touched; see `work`."""

    def __init__(self, company_id: UUID, prio: int, actor: str = "") -> None:
        self.company_id = company_id
        self.prio = prio
        self.actor = actor[:200]
        self.changed: dict[str, set[UUID]] = defaultdict(set)
        self.new: set[UUID] = set()
        self.gone: set[UUID] = set()
        self.seen: dict[str, set[UUID]] = defaultdict(set)
        self.spreads: dict[str, Spread] = {}
        self.customers: set[UUID] = set()
        self.events: set[UUID] = set()
        self.last: dict[Callable[..., None], list[Record]] = {}
        self.orders: list[days.Change] = []

    def touch(self, record_type: str, *ids: UUID) -> None:
        """These records changed: whoever mirrors them must hear of it."""
        self.changed[record_type].update(ids)

    def made(self, record_type: str, *ids: UUID) -> None:
        """These records are new, or live again."""
        self.new.update(ids)
        self.touch(record_type, *ids)

    def removed(self, record_type: str, *ids: UUID) -> None:
        """These records were deleted."""
        self.gone.update(ids)
        self.touch(record_type, *ids)

    def appears(self, record_type: str, *ids: UUID) -> None:
        """These records did not change themselves, but a part of theirs did, which programs see in them."""
        self.seen[record_type].update(ids)

    def spread(self, record_type: str, model: type[Record], **parent: UUID) -> None:
        """All living records that show something of this parent, which changed: `spread("ticket", Ticket, event=pk)`.
        There may be very many, so they are never read here. Nobody waits for them as for the record itself."""
        ((path, pk),) = parent.items()
        spread = self.spreads.setdefault(record_type, Spread(model))
        spread.parents[path].add(pk)

    def sold(self, *, customers: Iterable[UUID | None] = (), events: Iterable[UUID | None] = ()) -> None:
        """What these customers bought, or these events sold, must be counted again."""
        self.customers.update(pk for pk in customers if pk)
        self.events.update(pk for pk in events if pk)

    def ordered(self, *changes: tuple[Order | None, Order | None]) -> None:
        """Orders as they were and as they are; None: it was not there, or is gone. The days' sums must follow."""
        self.orders += [days.change(before, after) for before, after in changes]

    def verify(self, check: Callable[..., None], *records: Record) -> None:
        """Run `check` with all records it was asked about when the customers and events are locked: what it reads then
        is how it will be committed."""
        self.last.setdefault(check, []).extend(records)

    def finish(self) -> None:
        self.touch("customer", *history.refresh_customers(self.company_id, self.customers))
        self.touch("event", *history.refresh_events(self.company_id, self.events))
        for check, records in self.last.items():
            check(*records)
        days.enter(self.company_id, self.orders)
        for record_type in sorted({*self.changed, *self.spreads}):
            self._enqueue(record_type, self.changed[record_type], self.spreads.get(record_type))
        if any(self.changed.values()) or self.seen:
            announcing.announce(self.company_id, self._news)

    def _news(self, wants: announcing.Wants) -> Iterator[News]:
        """What became of the records that were touched. Who came and went within this unit was never there."""
        for record_type in sorted({*self.changed, *self.seen}):
            ids = self.changed[record_type] | self.seen[record_type]
            for kind, some in (
                (Kind.RECORD_CREATED, (ids & self.new) - self.gone),
                (Kind.RECORD_UPDATED, ids - self.new - self.gone),
                (Kind.RECORD_DELETED, (ids & self.gone) - self.new),
            ):
                if some and wants(kind, record_type):
                    yield News(kind, record_type, sorted(some))

    def _enqueue(self, record_type: str, ids: set[UUID], spread: "Spread | None") -> None:
        if spread is None:
            outbox.enqueue(record_type, self.company_id, ids, prio=self.prio, by=self.actor)
            return
        # Both at once, so that all are locked in one order; then as soon as the one that was changed itself.
        prio = self.prio if ids else max(self.prio, PRIO_CHANGE)
        found = spread.model.everywhere.filter(Q(pk__in=ids) | spread.condition, company_id=self.company_id)
        outbox.enqueue_found(record_type, self.company_id, found, prio=prio, by=self.actor)


@contextmanager
def work(company_id: UUID, prio: int, actor: str = "") -> Iterator[Unit]:
    """Do what follows in one transaction that may write records; it commits with its histories and outbox rows.
    `actor`: who does it, where that is known."""
    with transaction.atomic(), guard.writing():
        unit = Unit(company_id, prio, actor)
        yield unit
        unit.finish()
