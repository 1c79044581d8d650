"""What the tests of records share: a queue to look into, and a little of everything."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.records.models import Event, Record
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets
from integration_hub.sync import nudge
from integration_hub.sync.models import Mapping, WorkRow

DAY = {"starts_at": datetime(2027, 1, 1, 18, tzinfo=UTC), "ends_at": datetime(2027, 1, 1, 20, tzinfo=UTC)}


class Queue:
    """What is due for the live mappings of a company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        connection = Connection.everywhere.create(company=company, provider="toy", is_active=True)
        for kind in registry.record_types():
            Mapping.everywhere.create(company=company, connection=connection, record_type=kind.key, merge_on="id")

    def take(self) -> dict[tuple[str, UUID], int]:
        """(record type, id) → prio of what is due; afterwards nothing is."""
        found = {}
        for row in WorkRow.everywhere.filter(company=self.company):
            if row.rev != row.done_rev:
                found[row.record_type, row.record_id] = row.prio
                WorkRow.everywhere.filter(pk=row.pk).update(done_rev=row.rev)
        return found


@pytest.fixture
def queue(company: Company, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    return Queue(company)


def made_event(company: Company, **data: Any) -> Event:
    return events.create(company, {"title": "Concert", **DAY, **data})


@pytest.fixture
def everything(company: Company) -> Iterator[Callable[..., dict[str, Record]]]:
    """Makes one of every record, by model name."""

    def make(number: int = 1, company: Company = company) -> dict[str, Record]:
        branch = branches.create(company, {"name": f"Branch {number}"})
        person = staff.create(company, {"name": f"Person {number}", "branch": branch})
        customer = customers.create(company, {"name": f"Customer {number}", "reference": f"C{number}"})
        series = events.series.create(company, {"title": f"Series {number}"})
        event = made_event(company, branch=branch, series=series)
        session = events.sessions.create(company, {"event": event, "title": "First half", **DAY})
        kind = events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "5"})
        order = orders.create(company, {"customer": customer, "items": [{"ticket_type": kind}]})
        item = order.lines.all[0]
        ticket = tickets.create(company, {"ticket_type": kind, "order_item": item})
        about = {"customer": customer, "staff": person, "branch": branch}
        appointment = appointments.create(company, {"title": "Talk", **DAY, **about})
        made = (branch, person, customer, series, event, session, kind, order, item, ticket, appointment)
        return {type(record).__name__: record for record in made}

    yield make
