"""Filling a benchmark's hub with a great many records or runs, in a process with the hub's own environment.

python -m integration_hub.tests.bench.filling orders 100000
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

BASE = Path(__file__).resolve().parent.parent.parent.parent
CHUNK = 500


def fill(env: dict[str, str], what: str, count: int) -> None:
    """Make `count` orders or runs in the first company of the hub that runs with this environment."""
    command = [sys.executable, "-m", __spec__.name, what, str(count)]
    from_secrets = {**env, "PROCESS": "worker"}
    subprocess.run(command, cwd=BASE, env=from_secrets, check=True)


def orders(count: int) -> None:
    from integration_hub.companies import scope
    from integration_hub.companies.models import Company
    from integration_hub.records.services import bulk

    company = Company.objects.order_by("created_at").first()
    assert company is not None
    line = {"description": "Standard", "quantity": 2, "unit_price": "24.50"}
    with scope.entered(company.pk):
        for first in range(0, count, CHUNK):
            numbers = range(first, min(first + CHUNK, count))
            told = [{"order_number": f"F-{n:07d}", "currency": "RON", "items": [line]} for n in numbers]
            bulk.save_orders(company, [bulk.OrderEntry(data) for data in told])


def runs(count: int) -> None:
    """Finished runs of the first mapping, five minutes apart, the newest a moment ago."""
    from integration_hub.http import clock
    from integration_hub.sync.models import Mapping, SyncRun

    mapping = Mapping.everywhere.order_by("created_at").first()
    assert mapping is not None
    now = clock.now()
    for first in range(0, count, CHUNK):
        SyncRun.everywhere.bulk_create(
            SyncRun(
                id=uuid4(),
                company_id=mapping.company_id,
                mapping=mapping,
                kind="full",
                state="done",
                started_at=now - timedelta(minutes=5 * n + 1),
                finished_at=now - timedelta(minutes=5 * n),
                scanned=True,
                total=100,
                updated=n % 7,
                unchanged=100 - n % 7,
            )
            for n in range(first, min(first + CHUNK, count))
        )
    look_again()


def look_again() -> None:
    """The database's figures of its tables, which PostgreSQL renews by itself within a minute."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django

    django.setup()
    {"orders": orders, "runs": runs}[sys.argv[1]](int(sys.argv[2]))
