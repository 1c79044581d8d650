"""What the hub's tests share: one provider on paper, people logged in, and a connection with runs."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests.paper import PROVIDER
from integration_hub.notices import problems
from integration_hub.sync.models import FieldMapping, Lane, Mapping, SyncRun, SyncWrite, WorkRow


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this provider is installed, whatever the settings say."""
    monkeypatch.setattr(registry, "_providers", {PROVIDER.key: PROVIDER})


@pytest.fixture
def login() -> Callable[[User], Client]:
    def logged_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return logged_in


@dataclass
class Drawer:
    """A connected provider of one company, with a mapping, a run and some records in it."""

    connection: Connection
    mapping: Mapping
    run: SyncRun
    failed: SyncWrite


def fill(company: Company, *, runs: int = 1, writes: int = 3, troubles: int = 1) -> Drawer:
    """A drawer with so many runs, records in each, and open problems."""
    now = timezone.now()
    connection = Connection.everywhere.create(
        company=company,
        provider="paper",
        status="connected",
        is_active=True,
        api_key="good-alice",
        account_id="alice",
        account_label="Drawer of alice",
    )
    mapping = Mapping.everywhere.create(
        company=company, connection=connection, record_type="order", label="Drawer · Orders", merge_on="col_hub"
    )
    field = registry.record_type("order").fields[0]
    FieldMapping.objects.create(
        mapping=mapping, ours=field.name, remote_id="col_1", remote_label="Number", remote_type="text"
    )
    Lane.everywhere.create(company=company, target=mapping.pk, connection=connection, served_at=now)
    made = [_run(company, mapping, number, writes) for number in range(runs)]
    for number in range(troubles):
        problems.raise_(company.pk, f"trouble:{number}", sentence=f"Trouble {number}.", provider="paper")
    failed = SyncWrite.everywhere.filter(run=made[0], outcome="failed").first()
    assert failed is not None
    return Drawer(connection, mapping, made[0], failed)


def _run(company: Company, mapping: Mapping, number: int, writes: int) -> SyncRun:
    now = timezone.now()
    run = SyncRun.everywhere.create(
        company=company,
        mapping=mapping,
        kind="full",
        state="done",
        actor="alice",
        started_at=now - timedelta(hours=number + 1),
        finished_at=now - timedelta(hours=number, minutes=59),
        total=writes,
        updated=writes - 1,
        failed=1,
        scanned=True,
    )
    for index in range(writes):
        record, gave_up = uuid.uuid4(), index == 0
        SyncWrite.everywhere.create(
            company=company,
            run=run,
            record_type="order",
            record_id=record,
            title=f"Order {number}-{index}",
            outcome="failed" if gave_up else "updated",
            sentence="The drawer is too small. Send less." if gave_up else "",
            changes=[] if gave_up else [{"field": "Status", "before": "Pending", "after": "Sent"}],
            at=now,
        )
        if gave_up:
            WorkRow.everywhere.create(
                company=company,
                target=mapping.pk,
                record_type="order",
                record_id=record,
                hold="dead",
                run_at=now,
                changed_at=now,
            )
    return run


@pytest.fixture
def drawer(company: Company) -> Drawer:
    return fill(company)
