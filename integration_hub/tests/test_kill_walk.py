"""A short walk over a whole hub whose processes are killed; `make soak` takes the long one.

On SQLite the embedded hub walks; where TEST_DATABASE_URL names a PostgreSQL, the real one, its Redis killed too.
"""

import os
import time
from collections.abc import Iterator

import pytest

from integration_hub.tests import soak, stack

pytestmark = [pytest.mark.kill, pytest.mark.engine, pytest.mark.xdist_group("whole hub")]
KIND = "real" if os.environ.get("TEST_DATABASE_URL") else "embedded"


@pytest.fixture(scope="module")
def hub() -> Iterator[stack.Hub]:
    with stack.running(KIND, **soak.QUICK) as hub:
        soak.settle(hub)
        yield hub


def make_order(hub: stack.Hub) -> str:
    item = {"description": "Seat", "quantity": 1, "unit_price": "9.99"}
    return str(hub.api("POST", "/api/orders", {"currency": "RON", "items": [item]})["id"])


def rows_of(hub: stack.Hub, order: str) -> int:
    return len([row for row in soak.theirs(hub) if row["Hub ID"] == order])


def test_killed_between_the_remote_create_and_our_commit_there_is_one_row(hub):
    """The provider has done it and holds its answer back; just then the worker is killed."""
    hub.control("POST", "faults", {"method": "PATCH", "hold": 3})
    order = make_order(hub)
    stack.wait_until(lambda: rows_of(hub, order) == 1, 20, "the row was never made")
    assert hub.kill("worker")
    soak.settle(hub)
    assert rows_of(hub, order) == 1
    assert soak.differences(hub) == []


def test_killed_at_random_while_people_work_both_sides_end_equal(hub):
    walked = soak.Walk(hub, changes=50, chance=0.1, random=soak.random.Random(7))
    walked.run()
    soak.settle(hub)
    assert sum(walked.kills.values()) >= 2
    assert soak.differences(hub) == []


def test_without_redis_the_web_answers_and_nothing_is_lost(hub):
    if hub.redis is None:
        pytest.skip("this hub has no Redis to take away")
    hub.redis.kill()
    orders = []
    for _ in range(5):
        orders.append(make_order(hub))  # `test_nudge` sees that it does not wait for Redis
        time.sleep(0.5)
    hub.redis.start()
    soak.settle(hub)
    assert [rows_of(hub, order) for order in orders] == [1] * 5
