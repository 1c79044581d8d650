"""Every table that is read is read whole once a night, whatever happened by day."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from integration_hub.companies.models import Company
from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.sync import lanes, nights, reading
from integration_hub.sync.models import Lane, Mapping
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.tests.conftest import drain

pytestmark = pytest.mark.engine
FIRST = UUID(int=0)  # at the very beginning of the night


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "began"),
    [
        ("UTC", "2026-11-21T02:00", "2026-11-21T02:00"),
        ("UTC", "2026-11-21T01:59", "2026-11-20T02:00"),
        ("Europe/Bucharest", "2026-11-21T00:30", "2026-11-21T00:00"),
        ("America/New_York", "2026-11-21T05:00", "2026-11-20T07:00"),
        ("Europe/Bucharest", "2026-10-25T09:00", "2026-10-24T23:00"),  # the clocks went back this night
    ],
)
def test_a_night_begins_by_the_companys_clock(zone: str, now: str, began: str) -> None:
    assert nights.night(zone, FIRST, moment(now)) == moment(began)


def test_mappings_are_spread_over_an_hour() -> None:
    found = {nights.night("UTC", UUID(int=number), moment("2026-11-21T12:00")) for number in range(1000)}
    assert (min(found), max(found)) == (moment("2026-11-21T02:00"), moment("2026-11-21T02:59"))


@pytest.fixture
def read(world: Mapping, company: Company) -> Mapping:
    """A mapping both ways whose table was read whole, long before this night."""
    Mapping.everywhere.update(direction=Direction.BOTH.value)
    world.refresh_from_db()
    reading.ensure(world)
    lanes.wake([world.pk])
    drain()
    assert Reading.everywhere.exclude(whole_at=None).update(whole_at=clock.now() - timedelta(days=2)) == 1
    return world


def test_it_is_read_whole_once_and_then_left_alone(read: Mapping) -> None:
    assert nights.start_due() == 1
    assert nights.start_due() == 0, "it was asked for already"
    assert Lane.everywhere.filter(target=read.pk, next_due__lte=clock.now()).exists()
    drain()
    assert Reading.everywhere.filter(whole_at__gt=clock.now() - timedelta(minutes=1)).exists()
    assert nights.start_due() == 0


def test_it_is_not_begun_anew_while_it_is_going(read: Mapping) -> None:
    Reading.everywhere.update(whole_since=clock.now())
    assert nights.start_due() == 0


@pytest.mark.parametrize("change", [{"is_live": False}, {"waits": True}, {"retired_at": clock._host()}])
def test_what_does_not_run_is_not_read(read: Mapping, change: dict[str, object]) -> None:
    Mapping.everywhere.update(**change)
    assert nights.start_due() == 0


def test_what_is_read_only_when_somebody_wants_it_is_not_read_at_night(read: Mapping) -> None:
    Reading.everywhere.update(next_at=None, minutes=0)
    assert nights.start_due() == 0
