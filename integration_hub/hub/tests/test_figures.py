"""What cards say in numbers: the day's chart, the rate budget, and how far a full run is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from integration_hub.companies.models import Company
from integration_hub.contract import Api, Rate
from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric, RateBucket
from integration_hub.hub import budget, charts
from integration_hub.hub.cards import cards
from integration_hub.hub.day import Hour, day
from integration_hub.hub.progress import progress, time_left
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.paper import PROVIDER
from integration_hub.sync.models import SyncRun

NOON = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)


# --- the day ----------------------------------------------------------------------------------------------------------


def called(company: Company, at: datetime, *, good: bool = True, moved: int = 0, action: str = "write") -> None:
    IntegrationMetric.everywhere.create(
        company=company, provider="paper", action=action, success=good, duration_ms=100, records_synced=moved, at=at
    )


@pytest.mark.engine
@pytest.mark.django_db
def test_calls_are_counted_by_hour(company: Company, other_company: Company) -> None:
    for back, moved in ((0, 3), (0, 4), (1, 5), (23, 7), (24, 100)):
        called(company, NOON - timedelta(hours=back), moved=moved)
    called(company, NOON - timedelta(hours=1), good=False)
    called(company, NOON, moved=16, action="sync")  # a whole run is no call
    called(other_company, NOON, moved=1000)
    made = day(company.pk, NOON)
    hours = made.of("paper")
    assert [hour.start for hour in hours] == [NOON.replace(minute=0) - timedelta(hours=h) for h in range(23, -1, -1)]
    assert (hours[23].moved, hours[22].moved, hours[0].moved) == (7, 5, 7)
    assert (hours[22].calls, hours[22].failed, hours[23].failed) == (2, 1, 0)
    assert (made.whole.moved, made.whole.calls, made.whole.good, made.whole.took) == (19, 5, 4, 500)
    assert made.of("nobody")[5].calls == 0


@pytest.mark.engine
@pytest.mark.django_db
def test_hours_that_are_over_are_counted_once_and_the_open_one_always(
    company: Company, django_assert_num_queries: Any
) -> None:
    called(company, NOON - timedelta(hours=2), moved=5)
    with django_assert_num_queries(2):
        day(company.pk, NOON)
    called(company, NOON, moved=1)
    with django_assert_num_queries(1):
        assert day(company.pk, NOON).whole.moved == 6
    later = NOON + timedelta(minutes=30, seconds=30)  # the hour is just over: a late row of it may still come
    assert day(company.pk, later).whole.moved == 6
    called(company, NOON + timedelta(minutes=29), moved=2)
    assert day(company.pk, later).whole.moved == 8
    assert day(company.pk, later + timedelta(minutes=1)).whole.moved == 8
    cache.clear()


@pytest.mark.engine
@pytest.mark.django_db
def test_the_last_minute_is_told_apart(company: Company) -> None:
    called(company, NOON - timedelta(seconds=61), moved=50)
    called(company, NOON - timedelta(seconds=59), moved=10)
    called(company, NOON - timedelta(seconds=5), good=False)
    minute = day(company.pk, NOON).minute("paper")
    assert (minute.calls, minute.moved) == (2, 10)


# --- the chart --------------------------------------------------------------------------------------------------------


def hours(*figures: tuple[int, int]) -> list[Hour]:
    return [Hour(NOON + timedelta(hours=n), calls=f + 1, good=1, moved=m) for n, (m, f) in enumerate(figures)]


def test_a_chart_says_in_words_what_it_shows() -> None:
    with timezone.override("Europe/Bucharest"):
        drawn = charts.sparkline(hours((0, 0), (1200, 3), (600, 0)), "paper")
    assert (
        '<figure class="spark"><svg viewBox="0 0 30 42"' in drawn
        and 'role="img" aria-labelledby="spark-paper"' in drawn
    )
    title = "Last 24 hours: 1,800 records moved, most of them after 16:30; 3 calls failed."
    assert f'<title id="spark-paper">{title}</title>' in drawn
    assert "<title>16:30: 1,200 records, 3 calls failed</title>" in drawn
    assert "<figcaption>24 h: 1,800 records, 3 calls failed</figcaption>" in drawn and "style=" not in drawn
    heights = [float(h) for h in re.findall(r'class="moved"[^>]* height="([\d.]+)"', drawn)]
    assert heights == [0.0, 32.0, 16.0]


def test_an_idle_day_is_a_chart_too() -> None:
    drawn = charts.sparkline(hours((0, 0)), "x")
    assert "Last 24 hours: 0 records moved; no call failed." in drawn and 'height="0.0"' in drawn


def test_one_record_beside_thousands_is_still_seen() -> None:
    drawn = charts.sparkline(hours((1, 0), (100_000, 0)), "x")
    assert f'height="{charts.LEAST}"' in drawn


# --- the rate budget --------------------------------------------------------------------------------------------------

BASES = (Rate(5, 1, bucket="base"), Rate(50, 1))


def used(monkeypatch: pytest.MonkeyPatch, calls: int, *rows: RateBucket, rates: tuple[Rate, ...] = BASES) -> Any:
    monkeypatch.setattr(PROVIDER, "api", Api("http://127.0.0.1:1", rates=rates), raising=False)
    own = budget.Keys("paper:account", frozenset({"paper:app1", "paper:app2", "paper:tbl1"}))
    return budget.use(PROVIDER, own, {row.key: row for row in rows}, calls, 1000.0)


def test_a_share_of_the_budget_is_said_with_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (RateBucket(key=f"paper:app{n}", next_free=0.0) for n in (1, 2))
    assert used(monkeypatch, 102, one) == budget.Use("34 % of 5 calls/s", "102 of 300 calls in the last minute")
    assert used(monkeypatch, 102, one, two).said == "17 % of 10 calls/s"  # each base has its own
    assert used(monkeypatch, 3, one, rates=(Rate(30, 60),)).said == "10 % of 30 calls/min"
    assert used(monkeypatch, 0).said == "0 % of 5 calls/s"
    assert used(monkeypatch, 5, rates=()) is None


def test_waiting_and_a_pause_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = RateBucket(key="paper:app1", next_free=1001.2)
    assert used(monkeypatch, 300, waits).said == "100 % of 5 calls/s, calls wait"
    closed = RateBucket(key="paper:account", closed_until=1023.4)
    assert used(monkeypatch, 300, closed).said == "Paused by Paper, 24 s left"


@pytest.mark.engine
@pytest.mark.django_db
def test_a_card_reads_the_buckets_of_its_own_connection_only(
    monkeypatch: pytest.MonkeyPatch, company: Company, drawer: Drawer
) -> None:
    monkeypatch.setattr(PROVIDER, "api", Api("http://127.0.0.1:1", rates=BASES), raising=False)
    drawer.mapping.place = {"base": "app1"}
    drawer.mapping.save()
    now = clock.now().timestamp()
    RateBucket.objects.create(key="paper:app9", closed_until=now + 500)
    assert cards(company)[0].use == budget.Use("0 % of 5 calls/s", "0 of 300 calls in the last minute")
    RateBucket.objects.create(key="paper:app1", closed_until=now + 500)
    found = cards(company)[0].use
    assert found is not None and found.said.startswith("Paused by Paper, ")


# --- progress ---------------------------------------------------------------------------------------------------------


def going(done: int, total: int, seconds: float, *, over: bool = False) -> SyncRun:
    end = NOON if over else None
    return SyncRun(started_at=NOON - timedelta(seconds=seconds), finished_at=end, total=total, updated=done)


def test_how_far_a_run_is() -> None:
    made = progress(going(1000, 10_000, 100), 3000, NOON)
    assert (made.percent, made.done, made.whole, made.per_second) == (10, 1000, 10_000, 50.0)
    assert made.left == "about 3 min left"
    assert progress(going(1000, 10_000, 100), 0, NOON).per_second == 10.0  # nothing written lately: what it was so far
    assert progress(going(1000, 10_000, 100), 3000, NOON, beside=2).left == "about 6 min left"
    assert progress(going(100, 10_000, 10), 100, NOON).per_second == 10.0  # it is ten seconds old


def test_a_run_that_is_over_has_nothing_left() -> None:
    made = progress(going(500, 500, 10, over=True), 9999, NOON)
    assert (made.percent, made.per_second, made.left) == (100, 50.0, "")
    assert progress(going(0, 0, 10, over=True), 0, NOON).percent == 100
    assert progress(going(7, 5, 10), 0, NOON).whole == 7  # records came while it ran


@pytest.mark.parametrize(
    ("rows", "speed", "said"),
    [
        (100, 0.0, ""),
        (0, 50.0, ""),
        (100, 50.0, "a few seconds left"),
        (1000, 50.0, "about 20 s left"),
        (2950, 50.0, "about 60 s left"),
        (9000, 50.0, "about 3 min left"),
        (360_100, 50.0, "about 2 h 1 min left"),
        (10_000_000, 50.0, "more than a day left"),
    ],
)
def test_time_left_is_said_as_people_say_it(rows: int, speed: float, said: str) -> None:
    assert time_left(rows, speed) == said
