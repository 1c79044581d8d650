"""Rows that are gone: what the mapping does with their records, and what people say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from integration_hub.contract import Direction, Unfit, registry
from integration_hub.http import clock
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.sync import reading, runs, vanishing
from integration_hub.sync.models import Mapping, RecordLink, SyncWrite
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, open_problems
from integration_hub.sync.tests.test_reading import look, ours, shared, turned, values

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


@pytest.fixture
def later() -> Iterator[None]:
    with clock.shifted(timedelta(minutes=20)):
        yield


def cancel(company_id: UUID, record: UUID) -> None:
    toy.put(company_id, record, "cancelled")


def instead(**ways: Any) -> None:
    """Toys that can be asked for something else; `toy.unregister` forgets it."""
    registry._record_types["toy"] = replace(toy.TOY, **ways)


@pytest.fixture
def cancelling(world: Mapping) -> Mapping:
    """Toys can be cancelled, and are when their rows vanish."""
    instead(cancel=cancel)
    return turned(world, Direction.BOTH, on_remote_delete="cancel")


@pytest.fixture
def deleting(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH, on_remote_delete="delete")


def emptied(mapping: Mapping, count: int = 25) -> list[int]:
    """So many rows vanish at once; the links that wait for a word."""
    for number in range(count):
        toy.put(mapping.company_id, uuid4(), f"value {number}")
    drain()
    REMOTE.rows.clear()
    before = clock.now() - timedelta(minutes=1)
    RecordLink.everywhere.update(created_at=before, updated_at=before)
    reading.whole(mapping)
    look(mapping)
    return list(vanishing.gone(mapping.pk).values_list("pk", flat=True))


def key(mapping: Mapping) -> str:
    return f"sync:{mapping.pk}:vanished"


def test_a_record_whose_row_is_gone_is_cancelled_and_gets_no_other_row(cancelling, later):
    record, remote_id = shared(cancelling)
    del REMOTE.rows[remote_id]
    reading.whole(cancelling)
    look(cancelling)
    assert ours(cancelling) == {record: "cancelled"}
    write = SyncWrite.everywhere.get(way="in")
    assert (write.outcome, write.title) == ("updated", "one")
    assert write.changes == [{"field": "Value", "before": "one", "after": "cancelled"}]
    runs.start(cancelling, actor="tests")
    drain()
    look(cancelling)
    assert REMOTE.rows == {}


def test_many_wait_and_the_problem_leads_to_them(cancelling):
    assert len(emptied(cancelling)) == 25
    problem = Problem.everywhere.get(key=key(cancelling), closed_at=None)
    assert (problem.affected, problem.url) == (25, f"/admin/hub/vanished/{cancelling.pk}/")
    assert problem.button and "25 rows are gone from Toy" in problem.sentence
    assert "cancelled" not in values(cancelling)


def test_what_the_mapping_does_itself_is_left_to_its_lane(cancelling, later):
    emptied(cancelling)
    agreed = vanishing.agree(cancelling, RemoteDelete.CANCEL, actor="alice")
    assert (agreed.done, agreed.following) == (0, 25)
    drain()
    assert set(values(cancelling)) == {"cancelled"}
    assert open_problems() == set()
    assert Reading.everywhere.get().approved is None
    assert AuditEvent.everywhere.get(action="vanished.cancelled").actor == "alice"


def test_another_word_than_the_mappings_is_done_at_once(cancelling):
    emptied(cancelling)
    agreed = vanishing.agree(cancelling, RemoteDelete.DELETE, actor="alice")
    assert (agreed.done, agreed.waiting) == (25, 0)
    assert values(cancelling) == []
    assert open_problems() == set()
    assert SyncWrite.everywhere.filter(way="in", outcome="deleted").count() == 25


def test_a_word_on_some_leaves_the_others_waiting(deleting, later):
    links = emptied(deleting)
    agreed = vanishing.agree(deleting, RemoteDelete.DELETE, actor="alice", links=links[:3])
    assert (agreed.done, agreed.waiting) == (3, 22)
    agreed = vanishing.agree(deleting, RemoteDelete.IGNORE, actor="alice", links=links[3:10])
    assert (agreed.done, agreed.waiting) == (7, 15)
    assert Problem.everywhere.get(key=key(deleting), closed_at=None).affected == 15
    reading.whole(deleting)
    look(deleting)
    assert len(ours(deleting)) == 22, "few are left, and people were asked about them"


def test_a_record_that_is_kept_gets_no_new_row_by_itself(deleting, later):
    emptied(deleting)
    vanishing.agree(deleting, RemoteDelete.IGNORE, actor="alice")
    assert open_problems() == set()
    runs.start(deleting, actor="tests")
    drain()
    assert len(ours(deleting)) == 25
    assert REMOTE.rows == {}


def test_rows_that_vanish_after_the_word_are_not_meant_by_it(deleting, later):
    links = emptied(deleting)
    vanishing.agree(deleting, RemoteDelete.DELETE, actor="alice")
    RecordLink.everywhere.filter(pk__in=links[:22]).update(gone_at=clock.now() + timedelta(minutes=1))
    drain()
    assert len(ours(deleting)) == 22
    assert Problem.everywhere.get(key=key(deleting), closed_at=None).affected == 22


def test_a_word_that_comes_while_the_lane_is_at_it_is_not_lost(deleting, later, monkeypatch):
    emptied(deleting)
    real, once = vanishing.resolve, iter([True])

    def meanwhile(turn, approved=None):
        real(turn, approved)
        if next(once, False):
            vanishing.agree(deleting, RemoteDelete.DELETE, actor="alice")

    monkeypatch.setattr(vanishing, "resolve", meanwhile)
    Reading.everywhere.update(checking=True)
    look(deleting)
    drain()
    assert ours(deleting) == {}


def test_what_our_rules_refuse_still_waits_and_is_named(world):
    def refuses(company_id: UUID, record: UUID) -> None:
        if toy.rows(company_id)[record] == "value 1":
            raise Unfit({"": ["Others still need it."]})
        toy.drop(company_id, record)

    instead(cancel=cancel, remove=refuses)
    mapping = turned(world, Direction.BOTH, on_remote_delete="cancel")
    emptied(mapping)
    agreed = vanishing.agree(mapping, RemoteDelete.DELETE, actor="alice")
    assert (agreed.done, agreed.waiting, agreed.refused) == (24, 1, ("value 1: Others still need it.",))
    assert values(mapping) == ["value 1"]
    assert Problem.everywhere.get(key=key(mapping), closed_at=None).affected == 1


def test_two_people_at_once_delete_each_record_once(cancelling):
    links, ready, results = emptied(cancelling), Event(), []

    def agree() -> None:
        ready.wait()
        results.append(vanishing.agree(cancelling, RemoteDelete.DELETE, actor="somebody", links=links))
        connection.close()

    people = [Thread(target=agree) for _ in range(2)]
    for person in people:
        person.start()
    ready.set()
    for person in people:
        person.join()
    assert sum(agreed.done for agreed in results) == 25
    assert SyncWrite.everywhere.filter(way="in", outcome="deleted").count() == 25


def test_killed_in_between_the_rest_still_waits(cancelling, monkeypatch):
    emptied(cancelling)
    real, turns = vanishing._told, iter([False, True])

    def dies(*args):
        if next(turns):
            raise KeyboardInterrupt
        real(*args)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(vanishing, "_told", dies)
        vanishing.agree(cancelling, RemoteDelete.DELETE, actor="alice")
    assert (len(values(cancelling)), vanishing.gone(cancelling.pk).count()) == (5, 5)
    assert vanishing.agree(cancelling, RemoteDelete.DELETE, actor="alice").done == 5
