"""Fixtures of the engine's tests: the toy world, connected."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import lanes, nudge, setup, sql, worker
from integration_hub.sync.models import Mapping, WorkRow
from integration_hub.sync.tests import toy


@pytest.fixture
def world(transactional_db: None, company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping]:
    """The toy provider connected for Alice's company, one live mapping, an empty remote. Nudges go nowhere."""
    toy.register()
    toy.create_table()
    sql.execute(f"DELETE FROM {toy.TABLE}")
    toy.REMOTE.reset()
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    setup.connect(company, "toy", {"api_key": "k"}, {}, actor="tests")
    mapping = Mapping.everywhere.get(company=company)
    drain()
    yield mapping
    toy.unregister()
    sql.execute(f"DROP TABLE {toy.TABLE}")


def drain() -> None:
    """Serve everything that is due now."""
    lanes.repair()
    worker.drain(20)


def due(mapping: Mapping) -> list[UUID]:
    """Records whose work is neither done nor held."""
    rows = WorkRow.everywhere.filter(target=mapping.pk, hold="")
    return [row.record_id for row in rows if row.rev != row.done_rev]


def connection_of(mapping: Mapping) -> Connection:
    return Connection.everywhere.get(pk=mapping.connection_id)


@pytest.fixture
def later() -> Iterator[None]:
    """Ten minutes later."""
    from datetime import timedelta

    with clock.shifted(timedelta(minutes=10)):
        yield


def open_problems() -> set[str]:
    return set(Problem.everywhere.filter(closed_at=None).values_list("key", flat=True))
