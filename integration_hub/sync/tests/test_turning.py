"""What follows from saving a mapping: planned before it is done, looked at again only where records move, read as often
as it was said."""

from dataclasses import replace
from uuid import uuid4

import pytest

from integration_hub.contract import Page
from integration_hub.http import clock
from integration_hub.notices.models import AuditEvent
from integration_hub.sync import previews, reading, schedules
from integration_hub.sync.models import FieldMapping, Mapping, Schedule, SyncRun, WorkRow
from integration_hub.sync.models.pull import Conflict, Reading
from integration_hub.sync.tests import town
from integration_hub.sync.tests.conftest import drain
from integration_hub.sync.tests.readable import AGE, NAME, connection, kinds, people, save

__all__ = ["connection"]
pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ({}, False),
        ({"match_on": ("name",)}, True),
        ({"direction": "pull"}, True),
        ({"direction": "both"}, True),
    ],
)
def test_a_new_one_that_meets_rows_is_planned_before_it_is_done(connection, told, waits):
    mapping = save(connection, people(**told))
    assert mapping.waits is waits
    assert kinds(mapping) == (["preview"] if waits else ["full"])
    row = Reading.everywhere.filter(mapping=mapping).first()
    assert row is None or row.next_at is None


def test_a_program_may_begin_at_once_or_ask_for_a_plan(connection):
    mapping = save(connection, people(direction="both"), preview=False)
    assert (mapping.waits, kinds(mapping)) == (False, ["full"])
    assert Reading.everywhere.get().next_at <= clock.now()
    waiting = save(connection, people(direction="both", policy="hub_wins"), mapping, preview=True)
    assert (waiting.waits, kinds(waiting)) == (True, ["preview"])
    going = save(connection, people(direction="both", policy="hub_wins"), waiting, preview=False)
    assert (going.waits, kinds(going)) == (False, ["full"])
    assert previews.latest(going).state == "stopped", "nobody applies a plan of what goes on already"


def test_turning_it_to_reading_stops_what_runs_and_plans(connection):
    mapping = save(connection, people())
    mapping = save(connection, people(direction="both"), mapping)
    assert (mapping.waits, kinds(mapping)) == (True, ["preview"])
    again = save(connection, people(direction="both", minutes=5), mapping)
    assert (again.waits, kinds(again)) == (True, ["preview"]), "it waits until somebody applies"


def test_turning_it_away_from_writing_lets_go_what_waited_and_back_looks_at_everything(connection, company):
    mapping = save(connection, people())
    town.put(company.pk, "person", uuid4(), name="Ana")
    assert WorkRow.everywhere.filter(target=mapping.pk).count() == 1
    mapping = save(connection, people(direction="pull"), mapping, preview=False)
    row = WorkRow.everywhere.get(target=mapping.pk)
    assert row.rev == row.done_rev
    town.put(company.pk, "person", uuid4(), name="Ion")
    assert WorkRow.everywhere.filter(target=mapping.pk).count() == 1, "nothing is to go out"
    SyncRun.everywhere.update(state="done")
    mapping = save(connection, people(), mapping)
    assert kinds(mapping) == ["full"]
    assert Reading.everywhere.get(mapping=mapping).next_at is None


@pytest.mark.parametrize(
    ("told", "runs"),
    [
        ({"minutes": 5}, []),
        ({"policy": "hub_wins"}, []),
        ({"first": "hub_wins", "on_delete": "keep", "on_remote_delete": "delete"}, []),
        ({"is_live": False}, []),
        ({"makes_here": False, "makes_there": False}, []),
        ({"pairs": (AGE, NAME)}, []),
        ({"pairs": (NAME,)}, ["full"]),
        ({"pairs": (NAME, replace(AGE, direction="push"))}, ["full"]),
        ({"pairs": (NAME, replace(AGE, write_mode="if_new"))}, ["full"]),
        ({"create_choices": True}, ["full"]),
        ({"match_on": ("name",)}, ["full"]),
        ({"filter": [{"field": "name", "op": "is", "value": "Ana"}]}, ["full"]),
        ({"direction": "pull"}, ["full"]),
    ],
)
def test_only_what_moves_records_starts_a_run(connection, told, runs):
    mapping = save(connection, people(direction="both"), preview=False)
    SyncRun.everywhere.update(state="done")
    version = mapping.version
    mapping = save(connection, people(**{"direction": "both", **told}), mapping)
    assert (kinds(mapping), mapping.version) == (runs, version + 1)


@pytest.mark.parametrize("name", ["is_live", "makes_here", "makes_there"])
def test_what_is_switched_on_again_looks_at_everything(connection, name):
    mapping = save(connection, people(direction="both", **{name: False}), preview=False)
    SyncRun.everywhere.update(state="done")
    assert kinds(save(connection, people(direction="both"), mapping)) == ["full"]


def test_a_paused_field_and_open_conflicts_are_looked_at_again(connection, company):
    mapping = save(connection, people(direction="both"), preview=False)
    SyncRun.everywhere.update(state="done")
    FieldMapping.objects.filter(ours="age").update(paused="It was refused.", paused_by="refusal")
    mapping = save(connection, people(direction="both"), mapping)
    assert kinds(mapping) == ["full"]
    SyncRun.everywhere.update(state="done")
    Conflict.everywhere.create(
        company=company, target=mapping.pk, record_type="person", record_id=uuid4(), field="name",
        remote_field="f_name", opened_at=clock.now(),
    )  # fmt: skip
    assert kinds(save(connection, people(direction="both", minutes=5), mapping)) == []
    mapping.refresh_from_db()
    assert kinds(save(connection, people(direction="both", policy="hub_wins"), mapping)) == ["full"]


def test_the_trail_names_what_was_changed(connection):
    mapping = save(connection, people())
    save(connection, people(policy="hub_wins", minutes=5), mapping)
    data = AuditEvent.everywhere.get(action="mapping.changed").data
    assert (data["direction"], sorted(data["changed"])) == ("push", ["minutes", "policy"])


# --- how often it is read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        ({"is_live": True, "minutes": 60}, reading.MINUTES),
        ({"is_live": True, "minutes": 2}, 2),
        ({"is_live": True, "minutes": None}, reading.MINUTES),
        ({"is_live": False, "minutes": 60}, 60),
        ({"is_live": False, "minutes": None}, 0),
    ],
)
def test_a_table_is_read_as_often_as_it_was_said(connection, told, minutes):
    mapping = save(connection, people(direction="both", **told), preview=False)
    row = Reading.everywhere.get(mapping=mapping)
    assert (row.minutes, row.next_at is not None) == (minutes, minutes > 0)


def test_by_hand_it_rests_after_every_reading_and_goes_on_when_it_is_turned(connection, monkeypatch):
    monkeypatch.setattr(town.TownSink, "page", lambda sink, client, target, cursor: Page((), "c1", True))
    mapping = save(connection, people(direction="both", is_live=False, minutes=None), preview=False)
    drain()
    row = Reading.everywhere.get()
    assert row.whole_at is not None, "the run reads all the same"
    assert row.next_at is None
    assert kinds(mapping) == []
    save(connection, people(direction="both"), mapping)
    row = Reading.everywhere.get()
    assert (row.minutes, row.next_at is not None) == (reading.MINUTES, True)


def test_a_reading_in_the_midst_ends_before_it_rests(connection):
    mapping = save(connection, people(direction="both"), preview=False)
    reading.whole(mapping)
    save(connection, people(direction="both", is_live=False, minutes=None), mapping)
    row = Reading.everywhere.get()
    assert (row.minutes, row.next_at is not None) == (0, True)


def test_what_waits_is_read_when_it_was_applied(connection):
    mapping = save(connection, people(direction="both"))
    assert Reading.everywhere.get().next_at is None
    Mapping.everywhere.update(waits=False)
    mapping.refresh_from_db()
    reading.ensure(mapping)
    assert Reading.everywhere.get().next_at is not None


def test_the_clock_leaves_alone_what_waits_for_its_preview(connection):
    mapping = save(connection, people(direction="both", minutes=5))
    SyncRun.everywhere.update(state="planned")
    Schedule.everywhere.update(next_run=clock.now())
    assert schedules.start_due() == 0
    assert previews.refusal(previews.latest(mapping), mapping) != "There is a newer preview."
    Mapping.everywhere.update(waits=False)
    Schedule.everywhere.update(next_run=clock.now())
    assert schedules.start_due() == 1
