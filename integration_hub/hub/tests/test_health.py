"""Health pages: what makes the hub unready and what does not; who may read the numbers, and what they hold."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.hub import health
from integration_hub.notices import problems
from integration_hub.sync.models import Heartbeat, WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

WORD = "a-long-metrics-token"


def ready(client) -> tuple[int, dict]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


def test_healthz_asks_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_ready_although_worker_and_beat_were_never_seen(client):
    status, checks = ready(client)
    assert status == 200
    assert checks["database"]["ok"] is checks["migrations"]["ok"] is True
    assert checks["worker"] == {"ok": False, "detail": "No worker was ever seen."}
    assert checks["beat"]["ok"] is False


def test_signs_of_life_are_told_and_silence_too(client):
    Heartbeat.objects.create(name="worker", at=clock.now())
    Heartbeat.objects.create(name="beat", at=clock.now() - timedelta(seconds=health.SILENT_AFTER + 5))
    status, checks = ready(client)
    assert status == 200
    assert checks["worker"]["ok"] is True
    assert checks["beat"]["ok"] is False
    assert checks["beat"]["seconds_since_seen"] == pytest.approx(health.SILENT_AFTER + 5, abs=2)
    assert "silent" in checks["beat"]["detail"]


def test_not_ready_without_the_database(client, monkeypatch):
    class Gone:
        vendor = "postgresql"

        def cursor(self):
            raise DatabaseError("server closed the connection")

        def close(self):
            pass

    monkeypatch.setattr(health, "connection", Gone())
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "not ready"
    assert response.json()["checks"]["database"] == {"ok": False, "detail": "The database does not answer."}


def test_not_ready_with_unapplied_migrations(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: [object()] * 2)
    status, checks = ready(client)
    assert status == 503
    assert checks["migrations"]["detail"] == "2 migrations are not applied. Run: manage.py migrate"


def test_ready_without_its_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    status, checks = ready(client)
    assert status == 200
    assert checks["broker"]["ok"] is False
    assert "Redis does not answer" in checks["broker"]["detail"]


# --- metrics ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.8.8", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 403),
        ("10.0.0.7", {"Authorization": f"Bearer {WORD}"}, 200),
        ("10.0.0.7", {"Authorization": f"Bearer {WORD}x"}, 403),
        ("10.0.0.7", {"Authorization": "Bearer "}, 403),
        ("10.0.0.7", {"Authorization": WORD}, 403),
    ],
)
def test_numbers_are_for_the_token_and_for_this_machine(settings, address, headers, status):
    settings.METRICS_TOKEN = WORD
    assert Client(REMOTE_ADDR=address, headers=headers).get("/metrics").status_code == status


def test_without_a_token_an_empty_bearer_opens_nothing(settings):
    settings.METRICS_TOKEN = ""
    response = Client(REMOTE_ADDR="10.0.0.7", headers={"Authorization": "Bearer "}).get("/metrics")
    assert response.status_code == 403


def test_behind_a_proxy_nobody_is_this_machine(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 403


def numbers(client) -> dict[tuple, float]:
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def work(company, **attributes) -> WorkRow:
    return WorkRow.everywhere.create(
        company=company,
        target=uuid.uuid4(),
        record_type="order",
        record_id=uuid.uuid4(),
        **{"run_at": clock.now(), "changed_at": clock.now(), **attributes},
    )


def test_numbers_are_read_from_the_database(client, company, other_company):
    for _ in range(3):
        work(company)
    work(other_company)
    work(company, done_rev=1)
    work(company, hold="dead")
    problems.raise_(company.pk, "test", sentence="Something is wrong.")
    for success, at in ((True, timedelta()), (True, timedelta()), (False, timedelta()), (True, timedelta(hours=1))):
        IntegrationMetric.everywhere.create(
            company=company, provider="toy", action="list", success=success, duration_ms=5, at=clock.now() - at
        )
    Heartbeat.objects.create(name="worker", at=clock.now() - timedelta(seconds=10))
    seen = numbers(client)
    assert seen["hub_work_due",] == 4
    assert seen["hub_work_held", "dead"] == 1
    assert seen["hub_problems_open",] == 1
    assert (seen["hub_calls_5m", "ok", "toy"], seen["hub_calls_5m", "failed", "toy"]) == (2, 1)
    assert seen["hub_seconds_since_seen", "worker"] == pytest.approx(10, abs=2)
    assert seen["hub_oldest_due_seconds",] == 0


def test_no_company_is_named(client, company):
    work(company)
    text = client.get("/metrics").content.decode()
    assert "Alice" not in text
    assert company.slug not in text
    assert str(company.pk) not in text


def test_numbers_cost_the_same_for_any_number_of_companies(
    client, company, other_company, django_assert_max_num_queries
):
    for owner in (company, other_company):
        for _ in range(5):
            work(owner)
    with django_assert_max_num_queries(16):
        numbers(client)
