"""The next page is asked for while one is being saved: whatever becomes of it, nothing is lost, doubled or left."""

from datetime import timedelta

import pytest

from integration_hub.contract import CursorExpired, Direction, TransientError
from integration_hub.http import clock, flight
from integration_hub.sync import arriving, reading
from integration_hub.sync.models import Mapping, RecordLink
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain
from integration_hub.sync.tests.test_kills import LEASE_OVER, Killed
from integration_hub.sync.tests.test_reading import look, turned, values

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE
ALL = [f"value {number}" for number in range(8)]


@pytest.fixture
def pulled(world: Mapping) -> Mapping:
    """Three pages of rows wait over there."""
    mapping = turned(world, Direction.PULL)
    for number, value in enumerate(ALL):
        REMOTE.edit(f"rec{number}", f_val=value)
    return mapping


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in order: "page" is asked for, rows are "saved"."""
    happened: list[str] = []
    real = arriving.take

    def take(turn, found):
        while turn.ahead and happened[-1:] != ["page"]:  # the helper is on its way
            turn.attend()
        real(turn, found)
        happened.append("saved")

    REMOTE.before = lambda operation, rows: happened.append(operation)
    monkeypatch.setattr(arriving, "take", take)
    return happened


def test_the_next_page_is_asked_for_before_this_one_is_saved(pulled, seen):
    look(pulled)
    assert seen[:6] == ["page", "page", "saved", "page", "saved", "saved"]
    assert values(pulled) == ALL


@pytest.mark.parametrize("error", [TransientError("Away."), CursorExpired()])
def test_a_page_that_fails_meanwhile_loses_nothing(pulled, error):
    pages = iter([None, error])

    def second(operation, rows):
        if operation == "page" and (raised := next(pages, None)):
            raise raised

    REMOTE.before = second
    look(pulled)
    with clock.shifted(timedelta(minutes=20)):
        look(pulled)
    assert values(pulled) == ALL
    assert RecordLink.everywhere.count() == 8


def test_a_reading_that_is_to_begin_anew_does_not_go_on_with_the_page_ahead(pulled, monkeypatch):
    real, first = reading.take, iter([True])

    def take(turn, page, row):
        if next(first, False):
            reading.whole(pulled)
        return real(turn, page, row)

    monkeypatch.setattr(reading, "take", take)
    look(pulled)
    assert values(pulled) == ALL


def test_killed_while_it_is_in_the_air_nothing_stays_there(pulled, monkeypatch):
    free = flight._free._value
    real, first = arriving.take, iter([True])

    def dies(turn, found):
        if next(first, False):
            raise Killed
        real(turn, found)

    monkeypatch.setattr(arriving, "take", dies)
    with pytest.raises(Killed):
        look(pulled)
    assert flight._free._value == free
    with clock.shifted(LEASE_OVER):
        drain()
    assert values(pulled) == ALL
