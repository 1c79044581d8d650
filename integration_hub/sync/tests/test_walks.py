"""A random walk over the engine: edits, kills, time-outs, refusals, late landings, waits, in any order.

Invariants 1 to 5 of the engine, checked after every walk: what was committed is delivered when things calm down, at
most one remote row stands for a record, nothing overlaps, nothing is overwritten unseen.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from integration_hub.contract import RateLimited, TransientError
from integration_hub.http import clock
from integration_hub.sync import sql
from integration_hub.sync.models import Lane, RecordLink, SyncRun, WorkRow
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain
from integration_hub.sync.tests.test_kills import Killed

pytestmark = pytest.mark.engine

RECORDS = [uuid4() for _ in range(4)]
WORDS = st.sampled_from(["a", "b", "c"])


def walk(company_id: UUID) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class, many small rules
    class Walk(RuleBasedStateMachine):
        @initialize()
        def start(self):
            for model in (WorkRow, RecordLink, SyncRun):
                model.everywhere.all().delete()
            Lane.everywhere.update(next_due=None, lease_until=None, claim=None, slow=False)
            sql.execute(f"DELETE FROM {toy.TABLE}")
            toy.REMOTE.reset()
            clock.offset = timedelta()

        @rule(record=st.sampled_from(RECORDS), word=WORDS)
        def edit(self, record, word):
            toy.put(company_id, record, word)

        @rule(record=st.sampled_from(RECORDS))
        def delete(self, record):
            toy.drop(company_id, record)

        @rule()
        def work(self):
            drain()

        @rule(place=st.sampled_from(["before", "after"]))
        def killed(self, place):
            def once(operation, rows):
                toy.REMOTE.before = toy.REMOTE.after = None
                raise Killed

            setattr(toy.REMOTE, place, once)
            with suppress(Killed):
                drain()
            toy.REMOTE.before = toy.REMOTE.after = None

        @rule(place=st.sampled_from(["before", "after"]), kind=st.sampled_from(["timeout", "500", "429"]))
        def refused(self, place, kind):
            error = {
                "timeout": TransientError("No answer.", unsure=True),
                "500": TransientError("Broken.", status=500, unsure=place == "after"),
                "429": RateLimited("Slow down.", retry_after=30),
            }[kind]

            def once(operation, rows):
                toy.REMOTE.before = toy.REMOTE.after = None
                raise error

            setattr(toy.REMOTE, "before" if kind == "429" else place, once)
            drain()
            toy.REMOTE.before = toy.REMOTE.after = None

        @rule(seconds=st.sampled_from([1, 20, 50, 70, 200]))
        def wait(self, seconds):
            clock.offset += timedelta(seconds=seconds)

        @invariant()
        def one_remote_row_per_record(self):
            hub_ids = [cells["hub"] for cells in toy.REMOTE.rows.values()]
            assert len(hub_ids) == len(set(hub_ids))

        @invariant()
        def never_twice_at_once(self):
            toy.REMOTE.busy.clear()  # a kill leaves its call
            assert toy.REMOTE.overlaps == 0

        def teardown(self):
            for _ in range(6):
                clock.offset += timedelta(minutes=30)
                drain()
            ours = toy.rows(company_id)
            theirs = {record: cells["f_val"] for record, cells in toy.REMOTE.by_hub_id().items()}
            clock.offset = timedelta()
            assert theirs == ours

    return Walk


def test_any_walk_ends_with_both_sides_equal(world):
    run_state_machine_as_test(
        walk(world.company_id),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
