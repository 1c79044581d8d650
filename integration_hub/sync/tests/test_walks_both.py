"""A random walk over a mapping that goes both ways: people edit on both sides, and everything else goes wrong.

Every edit has a word of its own, so that it can be told whether one was written over that the other side had never
seen. When things calm down both sides are equal in every record, or a conflict is open on it.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from integration_hub.contract import CursorExpired, Direction, RateLimited, Row, TransientError
from integration_hub.http import clock
from integration_hub.sync import conflicts, lanes, reading, sql
from integration_hub.sync.models import Lane, Mapping, RecordLink, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.pull import Choice, Conflict, Reading, Stray
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain
from integration_hub.sync.tests.test_kills import Killed
from integration_hub.sync.tests.test_reading import turned

pytestmark = pytest.mark.engine

RECORDS = [uuid4() for _ in range(3)]
REMOTE = toy.REMOTE
which = st.integers(0, 4)


def walk(mapping: Mapping) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class, many small rules
    company = mapping.company_id

    class Walk(RuleBasedStateMachine):
        @initialize()
        def start(self):
            for model in (WorkRow, RecordLink, SyncWrite, SyncRun, Conflict, Stray):
                model.everywhere.all().delete()
            Lane.everywhere.update(next_due=None, lease_until=None, claim=None, slow=False)
            clock.offset = timedelta()
            Reading.everywhere.update(cursor=None, start=None, whole_since=None, checking=False, next_at=clock.now())
            sql.execute(f"DELETE FROM {toy.TABLE}")
            REMOTE.reset()
            toy.OVERWRITTEN.clear()
            self.words = count()
            self.ours, self.theirs = set(), set()  # every word either side ever had
            self.typed_there = set()
            self.late = []

        def word(self):
            return f"w{next(self.words)}"

        def look(self):
            self.ours |= set(toy.rows(company).values())
            self.theirs |= {cells.get("f_val") for cells in REMOTE.rows.values()}

        def work(self):
            self.look()
            drain()
            self.look()

        @rule(record=st.sampled_from(RECORDS))
        def edit_here(self, record):
            toy.put(company, record, self.word())
            self.look()

        @rule(number=which)
        def edit_there(self, number):
            rows = sorted(REMOTE.rows)
            word = self.word()
            REMOTE.edit(rows[number % len(rows)] if rows and number else f"rec{uuid4().hex[:6]}", f_val=word)
            self.typed_there.add(word)
            self.look()

        @rule()
        def push(self):
            self.work()

        @rule()
        def read(self):
            reading.poke([mapping.pk])
            lanes.wake([mapping.pk])
            self.work()

        @rule()
        def read_everything(self):
            reading.whole(mapping)
            lanes.wake([mapping.pk])
            self.work()

        @rule(place=st.sampled_from(["before", "after"]), operation=st.sampled_from(["upsert", "read", "page"]))
        def killed(self, place, operation):
            self.planted(place, operation, Killed())

        @rule(
            place=st.sampled_from(["before", "after"]),
            operation=st.sampled_from(["upsert", "read", "page"]),
            kind=st.sampled_from(["timeout", "500", "429", "closed"]),
        )
        def refused(self, place, operation, kind):
            error = {
                "timeout": TransientError("No answer.", unsure=True),
                "500": TransientError("Broken.", status=500, unsure=place == "after"),
                "429": RateLimited("Slow down.", retry_after=30),
                "closed": CursorExpired() if operation == "page" else TransientError("Broken.", status=502),
            }[kind]
            self.planted("before" if kind in ("429", "closed") else place, operation, error)

        @rule()
        def lands_late(self):
            """A write that timed out and arrives when nobody waits for it any more."""

            def once(operation, rows):
                if operation == "upsert":
                    REMOTE.before = None
                    self.late += [row for row in rows if row.remote_id]
                    raise TransientError("No answer.", unsure=True)

            REMOTE.before = once
            self.work()
            REMOTE.before = None

        @rule()
        def arrives(self):
            for row in self.late:
                if row.remote_id in REMOTE.rows:
                    REMOTE.edit(row.remote_id, **Row(row.hub_id, row.remote_id, row.cells).cells)
            self.late.clear()
            self.look()

        @rule(seconds=st.sampled_from([1, 20, 50]))
        def wait(self, seconds):
            self.arrives()  # nothing is in the air for longer than this
            clock.offset += timedelta(seconds=seconds)

        @rule(choice=st.sampled_from([Choice.OURS, Choice.THEIRS]))
        def settle(self, choice):
            found = Conflict.everywhere.filter(settled_at=None).first()
            if found:
                self.shown(found, choice)
                conflicts.settle(found, choice, actor="tests")

        def shown(self, conflict, choice):
            """A person saw both values and gave one up: it may be written over."""
            (self.ours if choice == Choice.OURS else self.theirs).add(
                conflict.theirs if choice == Choice.OURS else conflict.ours
            )

        def planted(self, place, operation, error):
            def once(done, rows):
                if done == operation:
                    REMOTE.before = REMOTE.after = None
                    raise error

            setattr(REMOTE, place, once)
            reading.poke([mapping.pk])
            lanes.wake([mapping.pk])
            with suppress(Killed):
                self.work()
            REMOTE.before = REMOTE.after = None
            self.look()

        @invariant()
        def never_twice_at_once(self):
            REMOTE.busy.clear()  # a kill leaves its call
            assert REMOTE.overlaps == 0

        @invariant()
        def no_edit_is_overwritten_unseen(self):
            for side, which, value in toy.OVERWRITTEN:
                seen = self.ours if side == "theirs" else self.theirs
                assert not value or value in seen, f"{value} was written over at {which}, and nobody had seen it"
            toy.OVERWRITTEN.clear()

        @invariant()
        def nobody_is_asked_about_what_we_wrote_ourselves(self):
            asked = Conflict.everywhere.filter(settled_at=None).values_list("theirs", flat=True)
            assert set(asked) <= self.typed_there

        @invariant()
        def one_row_for_a_record(self):
            alive = RecordLink.everywhere.filter(deleted_at=None)
            assert alive.count() == alive.values("remote_id").distinct().count()

        def teardown(self):
            self.arrives()
            for _ in range(6):
                clock.offset += timedelta(minutes=30)
                reading.whole(mapping)
                lanes.wake([mapping.pk])
                self.work()
            self.no_edit_is_overwritten_unseen()
            contested = set(Conflict.everywhere.filter(settled_at=None).values_list("record_id", flat=True))
            ours = {pk: word for pk, word in toy.rows(company).items() if pk not in contested}
            theirs = {pk: c["f_val"] for pk, c in REMOTE.by_hub_id().items() if pk not in contested}
            clock.offset = timedelta()
            assert theirs == ours
            assert not WorkRow.everywhere.filter(hold="dead").exists()

    return Walk


def test_any_walk_ends_with_both_sides_equal_or_asked(world):
    mapping = turned(world, Direction.BOTH)
    run_state_machine_as_test(
        walk(mapping),
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
