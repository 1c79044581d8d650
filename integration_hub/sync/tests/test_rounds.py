"""The house's rounds: what is due is done, what is not costs nothing, and one broken errand stops no other."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration_hub.sync import rounds, worker
from integration_hub.sync.models import Heartbeat

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def done() -> list[str]:
    return []


def errand(done, name, when=""):
    return rounds.Errand(lambda: done.append(name), when)


def test_errands_that_have_nothing_to_do_are_not_run(done):
    past, ahead = ("EXISTS (SELECT 1 WHERE {now} %s '2020-01-01')".replace("%s", sign) for sign in (">", "<"))
    round_ = [
        errand(done, "always"),
        errand(done, "due", past),
        errand(done, "not yet", ahead),
        errand(done, "too", past),
    ]
    with CaptureQueriesContext(connection) as queries:
        rounds.make(round_)
    assert done == ["always", "due", "too"]
    assert len(queries) == 1


def test_a_condition_that_cannot_be_asked_stops_nobody(done, transactional_db):
    rounds.make([errand(done, "one", "EXISTS (SELECT 1 FROM no_such_table)"), errand(done, "two", "1 = 2")])
    assert done == ["one", "two"]


def test_an_errand_that_fails_stops_no_other(done):
    rounds.make([rounds.Errand(lambda: 1 / 0), errand(done, "next")])
    assert done == ["next"]


def test_every_condition_of_the_sweep_can_be_asked():
    """On an empty database none holds: an idle house makes its round by one statement."""
    assert all(errand.when for errand in rounds.SWEEP)
    assert rounds._wanted(rounds.SWEEP) == []


def test_a_heartbeat_is_noted_once_in_ten_seconds(monkeypatch):
    monkeypatch.setattr(worker, "_beaten", {})
    worker.beat("worker", "beat")
    first = dict(Heartbeat.objects.values_list("name", "at"))
    assert set(first) == {"worker", "beat"}
    worker.beat("worker")
    assert dict(Heartbeat.objects.values_list("name", "at")) == first
    worker._beaten["worker"] -= worker.BEAT_EVERY
    worker.beat("worker", "beat")
    again = dict(Heartbeat.objects.values_list("name", "at"))
    assert again["worker"] > first["worker"]
    assert again["beat"] == first["beat"]
