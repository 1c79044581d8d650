"""Mappings that are read as well: checked, stored as they were wanted, and never begun before somebody has looked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, Field, Page, WriteMode, registry
from integration_hub.http import clock
from integration_hub.notices.models import AuditEvent
from integration_hub.sync import mappings, nudge, previews, reading, setup
from integration_hub.sync.drafts import Draft, InvalidMapping, Pair, draft_of
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import FieldMapping, Mapping, SyncRun, WorkRow
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete
from integration_hub.sync.models.pull import Conflict, Reading
from integration_hub.sync.tests import town
from integration_hub.sync.tests.conftest import drain
from integration_hub.sync.tests.town import PERSON, TOWN

pytestmark = pytest.mark.engine
NAME, AGE = Pair("name", "f_name"), Pair("age", "f_age")


@pytest.fixture
def connection(transactional_db, company, monkeypatch) -> Iterator[Connection]:
    """A town whose tables can be read, and people of whom some fields are only made here."""
    town.register()
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    monkeypatch.setattr(town.TownSink, "readable", True)
    monkeypatch.setattr(town.TownSink, "gives", lambda sink, ours, theirs: theirs.type != "link")
    told = [replace(one, identifies=one.name in ("name", "age")) for one in PERSON.fields]
    known = replace(
        PERSON,
        fields=(*told, Field("stamp", "Stamp", read_only=True)),
        save=lambda company, entry: entry.id or uuid4(),
        remove=lambda company, record: None,
        find=lambda company, name, values: {},
        lock=lambda company, ids: None,
    )
    registry._record_types["person"] = known
    yield setup.connect(company, "town", {"api_key": "k"}, {}, actor="tests")
    town.unregister()


def people(**told: Any) -> Draft:
    return replace(Draft("person", TOWN.tables["people"].resource(), (NAME, AGE)), **told)


def save(connection: Connection, draft: Draft, mapping: Mapping | None = None, **told: Any) -> Mapping:
    return mappings.save(connection, draft, actor="tests", mapping=mapping, **told)


def errors_of(connection: Connection, draft: Draft) -> dict[str, str]:
    with pytest.raises(InvalidMapping) as refused:
        save(connection, draft)
    assert not Mapping.everywhere.exists()
    return refused.value.errors


def kinds(mapping: Mapping) -> list[str]:
    runs = SyncRun.everywhere.filter(mapping=mapping, state="running")
    return list(runs.order_by("started_at").values_list("kind", flat=True))


# --- what is refused --------------------------------------------------------------------------------------------------


SUM = Pair("age", "f_sum", direction="pull")
READ_ONLY = Pair("stamp", "f_mood")


@pytest.mark.parametrize(
    ("told", "field", "said"),
    [
        ({"direction": "sideways"}, "direction", "push, pull, both"),
        ({"policy": "mine"}, "policy", "hub_wins, provider_wins, newest_wins, ask"),
        ({"first": ""}, "first", "hub_wins"),
        ({"on_delete": "burn"}, "on_delete", "delete, keep"),
        ({"on_remote_delete": "burn"}, "on_remote_delete", "ignore, cancel, delete"),
        ({"direction": "pull", "on_remote_delete": "cancel"}, "on_remote_delete", "Choose one of: ignore, delete."),
        ({"match_on": ("mood",)}, "match_on", "There are: name, age."),
        ({"match_on": ("nonsense",)}, "match_on", "There are: name, age."),
        ({"match_on": ("name",), "pairs": (AGE,)}, "match_on", "Map “Name” to a field first"),
        ({"pairs": (replace(NAME, direction="up"),)}, "fields.name", "push, pull, both"),
        ({"pairs": (replace(NAME, direction="pull"),)}, "fields.name", "neither way"),
        ({"pairs": (replace(NAME, direction="push"),), "direction": "pull"}, "fields.name", "neither way"),
        ({"pairs": (SUM,)}, "fields.age", "neither way"),
        ({"pairs": (replace(SUM, direction="both"),)}, "fields.age", "cannot be written"),
        ({"pairs": (replace(SUM, direction="both"),), "direction": "both"}, "fields.age", "Choose “pull” for it."),
        ({"pairs": (Pair("stamp", "f_name"),), "direction": "pull"}, "fields.stamp", "can only be written"),
        (
            {"pairs": (Pair("stamp", "f_name", direction="pull"),), "direction": "both"},
            "fields.stamp",
            "can only be written",
        ),
        ({"pairs": (NAME, Pair("name", "f_mood", direction="pull")), "direction": "both"}, "fields.name", "already"),
    ],
)
def test_what_does_not_fit_is_said_by_field_and_nothing_is_stored(connection, told, field, said):
    assert said in errors_of(connection, people(**told))[field]


def test_records_without_a_way_in_are_only_written(connection):
    registry._record_types["person"] = replace(registry.record_type("person"), save=None)
    assert "never read" in errors_of(connection, people(direction="both"))["direction"]


def test_a_table_that_cannot_be_read_recognises_nobody(connection, monkeypatch):
    monkeypatch.setattr(town.TownSink, "readable", False)
    assert "cannot be read" in errors_of(connection, people(match_on=("name",)))["match_on"]


def test_only_what_is_written_needs_a_field_for_our_id(connection):
    del TOWN.tables["people"].fields["hub"]
    assert "Create missing fields" in errors_of(connection, people(direction="both"))["place"]
    assert save(connection, people(direction="pull")).merge_on == ""


@pytest.mark.parametrize(
    "told",
    [
        {"direction": "both", "pairs": (NAME, SUM)},
        {"direction": "pull", "pairs": (NAME, SUM)},
        {"direction": "both", "pairs": (NAME, Pair("stamp", "f_mood"))},
        {"direction": "both", "pairs": (NAME, Pair("name", "f_mood", direction="push"))},
        {"direction": "both", "on_remote_delete": "delete", "match_on": ("name", "age")},
    ],
)
def test_what_fits_is_stored(connection, told, monkeypatch):
    monkeypatch.setattr(town, "TAKES", {**town.TAKES, "choice": {"choice", "text"}})
    mapping = save(connection, people(**told))
    assert draft_of(mapping, people().resource) == people(**told)


DRAFTS = st.builds(
    people,
    direction=st.sampled_from(["push", "both", "pull"]),
    policy=st.sampled_from(list(map(str, Policy))),
    first=st.sampled_from(list(map(str, Policy))),
    on_delete=st.sampled_from(DeletePolicy.values),
    on_remote_delete=st.sampled_from([RemoteDelete.IGNORE.value, RemoteDelete.DELETE.value]),
    makes_here=st.booleans(),
    makes_there=st.booleans(),
    create_choices=st.booleans(),
    is_live=st.booleans(),
    minutes=st.none() | st.integers(1, 527_040),
    match_on=st.sampled_from([(), ("name",), ("age", "name")]),
    pairs=st.tuples(
        st.builds(Pair, st.just("name"), st.just("f_name"), st.sampled_from(list(map(str, WriteMode)))),
        st.builds(Pair, st.just("age"), st.just("f_age"), direction=st.just("both")),
    ),
    filter=st.sampled_from([(), ({"field": "name", "op": "is_not_empty", "value": ""},)]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=DRAFTS, second=DRAFTS)
def test_a_draft_comes_back_as_it_was_saved(connection, first, second):
    Mapping.everywhere.all().delete()
    first, second = (replace(one, resource=people().resource) for one in (first, second))
    mapping = save(connection, first)
    assert draft_of(mapping, first.resource) == first
    saved = save(connection, second, Mapping.everywhere.get())
    assert (draft_of(saved, second.resource), saved.version) == (second, 2)


# --- what follows -----------------------------------------------------------------------------------------------------


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
    assert Direction(mapping.direction) is Direction.BOTH
