"""Pushing through mappings that people made: links and what is owed, filters, write modes, tables that move."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from integration_hub.connections.models import Connection
from integration_hub.contract import FieldRefused, Ref, RowsGone
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import linking, mappings, nudge, runs, schema, setup
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models import Mapping, OwedLink, RecordLink, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.tests import town
from integration_hub.sync.tests.conftest import drain, due, open_problems
from integration_hub.sync.tests.town import TOWN

pytestmark = pytest.mark.engine


@pytest.fixture
def connection(transactional_db, company, monkeypatch) -> Iterator[Connection]:
    town.register()
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    yield setup.connect(company, "town", {"api_key": "k"}, {}, actor="tests")
    town.unregister()


def save(connection, *names: str, kind="person", mapping=None, **told) -> Mapping:
    """A mapping of these fields (name, or name:write mode) to their table."""
    table = {"person": "people", "house": "houses"}[kind]
    pairs = [Pair(name.split(":")[0], f"f_{name.split(':')[0]}", *name.split(":")[1:]) for name in names]
    draft = Draft(kind, TOWN.tables[table].resource(), pairs, **told)
    return mappings.save(connection, draft, actor="tests", mapping=mapping)


def person(connection, **values) -> UUID:
    return town.put(connection.company_id, "person", uuid4(), **{"name": "Ana", **values})


def house(connection, street="Elm") -> Ref:
    return Ref("house", town.put(connection.company_id, "house", uuid4(), street=street), street)


def row(record: UUID, table="people") -> dict:
    return TOWN.tables[table].by_hub_id()[record]


def remote_id(record: UUID) -> str:
    return RecordLink.everywhere.get(record_id=record, deleted_at=None).remote_id


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_cell_points_to_the_parents_row(connection):
    save(connection, "street", kind="house")
    save(connection, "name", "home")
    home = house(connection)
    drain()
    who = person(connection, home=home)
    drain()
    assert row(who)["f_home"] == [remote_id(home.id)]
    assert not OwedLink.everywhere.exists()


def test_a_child_goes_without_its_link_and_gets_it_when_the_parent_is_there(connection):
    save(connection, "street", kind="house")
    save(connection, "name", "home")
    home = house(connection, "unfit")
    who = person(connection, home=home)
    drain()
    assert row(who).get("f_home") is None
    assert row(who)["f_name"] == "Ana"
    assert OwedLink.everywhere.get().parent_id == home.id
    town.put(connection.company_id, "house", home.id, street="Elm")
    drain()
    assert row(who)["f_home"] == [remote_id(home.id)]
    assert not OwedLink.everywhere.exists()


def test_a_parent_that_the_filter_leaves_out_is_linked_once_it_passes(connection):
    save(connection, "street", kind="house", filter=[{"field": "street", "op": "is", "value": "Oak"}])
    save(connection, "name", "home")
    home = house(connection, "Elm")
    who = person(connection, home=home)
    drain()
    assert (row(who).get("f_home"), TOWN.tables["houses"].rows) == (None, {})
    town.put(connection.company_id, "house", home.id, street="Oak")
    drain()
    assert row(who)["f_home"] == [remote_id(home.id)]


def test_first_syncs_take_parents_first_so_that_nothing_is_owed(connection):
    homes = [house(connection, f"Street {n}") for n in range(30)]
    who = [person(connection, home=home) for home in homes]
    save(connection, "name", "home")
    save(connection, "street", kind="house")
    drain()
    assert TOWN.tables["people"].rows == {}
    with clock.shifted(timedelta(seconds=5)):
        drain()
    assert [row(record)["f_home"] for record in who] == [[remote_id(home.id)] for home in homes]
    assert not OwedLink.everywhere.exists()
    assert not SyncRun.everywhere.filter(kind="full", state="running").exists()


def test_where_nothing_is_mapped_to_the_linked_table_the_cell_waits_for_that_mapping(connection):
    save(connection, "name", "home")
    home = house(connection)
    who = person(connection, home=home)
    drain()
    assert "f_home" not in row(who)
    save(connection, "street", kind="house")
    drain()
    with clock.shifted(timedelta(seconds=5)):
        drain()
    assert row(who)["f_home"] == [remote_id(home.id)]


def test_a_link_into_a_text_field_is_the_parents_name(connection):
    draft = Draft("person", TOWN.tables["people"].resource(), [Pair("home", "f_name")])
    mappings.save(connection, draft, actor="tests")
    who = person(connection, home=house(connection, "Elm"))
    drain()
    assert row(who)["f_name"] == "Elm"


def test_a_debt_that_slipped_between_two_transactions_is_repaired(connection):
    parents, children = save(connection, "street", kind="house"), save(connection, "name", "home")
    home = house(connection)
    who = person(connection, home=home)
    drain()
    debt = linking.Debt("home", parents.pk, home.id)
    linking.owe(connection.company_id, children.pk, "person", {who: [debt]})
    assert linking.repair() == 1
    assert due(children) == [who]
    assert linking.repair() == 0


def test_a_linked_row_deleted_over_there_is_made_again_and_the_child_points_to_it(connection):
    save(connection, "street", kind="house")
    save(connection, "name", "home")
    home = house(connection)
    drain()
    stale = remote_id(home.id)
    del TOWN.tables["houses"].rows[stale]

    def refuse(target, rows):
        if any(cells.get("f_home") == [stale] for cells in (one.cells for one in rows)):
            raise RowsGone("The linked row is gone.", remote_ids=(stale,))

    TOWN.before = refuse
    who = person(connection, home=home)
    drain()
    assert remote_id(home.id) != stale
    assert row(who)["f_home"] == [remote_id(home.id)]


# --- filters and write modes ------------------------------------------------------------------------------------------


def test_a_filter_brings_over_who_passes_and_leaves_rows_of_who_left(connection):
    adults = [{"field": "age", "op": "at_least", "value": "18"}]
    young, old = person(connection, age=7), person(connection, age=70)
    mapping = save(connection, "name", "age", filter=adults)
    drain()
    assert set(TOWN.tables["people"].by_hub_id()) == {old}
    run = SyncRun.everywhere.get(mapping=mapping, kind="full")
    assert (run.total, run.created, run.state) == (1, 1, "done")
    town.put(connection.company_id, "person", young, age=18)
    town.put(connection.company_id, "person", old, age=1)
    drain()
    assert row(young)["f_age"] == 18
    assert row(old)["f_age"] == 70, "who left is no longer kept in step, and nothing is deleted"
    town.drop(connection.company_id, "person", old)
    drain()
    assert set(TOWN.tables["people"].by_hub_id()) == {young}


def test_write_modes(connection):
    who = person(connection, age=7)
    save(connection, "name:if_new", "age:if_empty")
    drain()
    assert (row(who)["f_name"], row(who)["f_age"]) == ("Ana", 7)
    town.put(connection.company_id, "person", who, name="Ion", age=8)
    drain()
    assert (row(who)["f_name"], row(who)["f_age"]) == ("Ana", 7)
    row(who)["f_age"] = None
    town.put(connection.company_id, "person", who, age=9)
    drain()
    assert row(who)["f_age"] == 9
    assert due(Mapping.everywhere.get()) == []


# --- the table moves while we write -----------------------------------------------------------------------------------


def test_a_field_deleted_during_a_run_is_paused_and_the_others_go_on(connection):
    everybody = [person(connection, name=f"P{n}", age=n) for n in range(60)]
    mapping = save(connection, "name", "age")

    def delete_after_some(target, rows):
        if len(TOWN.tables["people"].rows) >= 20:
            TOWN.tables["people"].fields.pop("f_age", None)

    TOWN.before = delete_after_some
    drain()
    assert {row(who)["f_name"] for who in everybody} == {f"P{n}" for n in range(60)}
    assert mapping.fields.get(remote_id="f_age").paused
    assert not WorkRow.everywhere.filter(hold="dead").exists()
    assert [problem.button for problem in Problem.everywhere.filter(closed_at=None)] == ["Open the mapping"]
    assert SyncRun.everywhere.get(kind="full").state == "done"


def test_a_field_deleted_between_two_runs_is_paused_once_and_the_next_runs_end(connection):
    who = person(connection, age=7)
    mapping = save(connection, "name", "age")
    drain()
    TOWN.tables["people"].fields.pop("f_age")
    versions = []
    for name in ("Bea", "Cleo"):
        run = runs.start(mapping, actor="tests")
        town.put(connection.company_id, "person", who, name=name, age=7)
        drain()
        run.refresh_from_db()
        assert (run.state, row(who)["f_name"]) == ("done", name)
        versions.append(Mapping.everywhere.get().version)
    assert versions[0] == versions[1]
    assert [problem.button for problem in Problem.everywhere.filter(closed_at=None)] == ["Open the mapping"]


def test_another_field_is_filled_for_everybody(connection):
    """The value is the same as at the last agreement; the field it goes to is not."""
    everybody = [person(connection, name=f"P{n}", age=n) for n in range(3)]
    mapping = save(connection, "name", "age")
    drain()
    TOWN.tables["people"].fields["f_years"] = town._field("f_years", "number")
    pairs = [Pair("name", "f_name"), Pair("age", "f_years")]
    mappings.save(connection, Draft("person", TOWN.tables["people"].resource(), pairs), actor="t", mapping=mapping)
    drain()
    assert [row(who)["f_years"] for who in everybody] == [0, 1, 2]
    told = [write.changes for write in SyncWrite.everywhere.filter(outcome="updated", record_id=everybody[2])]
    assert told == [[{"field": "Age", "before": None, "after": 2}]]
    TOWN.calls.clear()
    runs.start(mapping, actor="t")
    drain()
    assert "write" not in TOWN.calls
    assert SyncRun.everywhere.latest("started_at").unchanged == 3


@pytest.mark.parametrize(("filled", "left"), [("mine", "mine"), (None, 7)])
def test_another_field_that_is_only_filled_where_empty(connection, filled, left):
    who = person(connection, age=7)
    mapping = save(connection, "name", "age")
    drain()
    TOWN.tables["people"].fields["f_years"] = town._field("f_years", "number")
    row(who)["f_years"] = filled
    pairs = [Pair("name", "f_name"), Pair("age", "f_years", "if_empty")]
    mappings.save(connection, Draft("person", TOWN.tables["people"].resource(), pairs), actor="t", mapping=mapping)
    drain()
    assert row(who)["f_years"] == left
    runs.start(mapping, actor="t")
    TOWN.calls.clear()
    drain()
    assert SyncRun.everywhere.latest("started_at").unchanged == 1, "it is asked for once, not with every full check"


def test_a_field_retyped_during_a_run_is_paused_and_mended_with_its_type(connection):
    everybody = [person(connection, name=f"P{n}", age=n) for n in range(60)]
    mapping = save(connection, "name", "age")

    def retype_after_some(target, rows):
        if len(TOWN.tables["people"].rows) >= 20:
            TOWN.change("people", "f_age", type="link")
            refuse(rows, "f_age")

    TOWN.before = retype_after_some
    drain()
    assert {row(who)["f_name"] for who in everybody} == {f"P{n}" for n in range(60)}
    assert "does not take Age" in mapping.fields.get(remote_id="f_age").paused
    TOWN.before = None
    TOWN.change("people", "f_age", type="number")
    runs.start(mapping, actor="tests")
    drain()
    assert [row(who)["f_age"] for who in everybody] == list(range(60))
    assert open_problems() == set()


def refuse(rows, field: str) -> None:
    if any(field in one.cells for one in rows):
        raise FieldRefused("That value does not fit.", fields=(field,), lasting=False)


def test_a_missing_choice_pauses_its_field_or_is_made_where_that_is_allowed(connection):
    who = person(connection, mood="sad")
    mapping = save(connection, "name", "mood")
    drain()
    assert row(who) == {"hub": str(who), "f_name": "Ana"}
    assert mapping.fields.get(remote_id="f_mood").paused == "There is no choice sad."
    save(connection, "name", "mood", mapping=mapping, create_choices=True)
    drain()
    assert row(who)["f_mood"] == "sad"
    assert open_problems() == set()


def test_a_field_closed_to_us_is_paused_until_somebody_says_it_is_open(connection):
    who = person(connection, age=7)
    TOWN.tables["people"].closed.add("f_age")
    mapping = save(connection, "name", "age")
    drain()
    assert "f_age" not in row(who)
    assert mapping.fields.get(remote_id="f_age").paused == "You may not write f_age."
    TOWN.tables["people"].closed.clear()
    assert schema.resume(mapping, "f_age", actor="alice")
    drain()
    assert row(who)["f_age"] == 7


def test_a_value_that_does_not_fit_concerns_its_record_alone(connection):
    good = [person(connection, age=n) for n in range(12)]
    bad = person(connection, age=True)  # told apart over there only
    TOWN.change("people", "f_age", type="number")
    mapping = save(connection, "name", "age")
    TOWN.before = lambda target, rows: refuse_true(rows)
    drain()
    assert {who: row(who)["f_age"] for who in good} == {who: n for n, who in enumerate(good)}
    dead = WorkRow.everywhere.get(hold="dead")
    assert (dead.record_id, dead.sentence) == (bad, "That value does not fit.")
    assert mapping.fields.get(remote_id="f_age").paused == ""


def refuse_true(rows) -> None:
    refuse([one for one in rows if one.cells.get("f_age") is True], "f_age")


def test_a_mapping_changed_while_a_call_is_made_brings_everybody_over_in_its_new_shape(connection):
    everybody = [person(connection, name=f"P{n}", age=n) for n in range(70)]
    mapping = save(connection, "name")
    changed: list[bool] = []

    def change(target, rows):
        if not changed and len(TOWN.tables["people"].rows) >= 30:
            changed.append(True)
            save(connection, "name", "age", mapping=Mapping.everywhere.get())

    TOWN.before = change
    drain()
    assert {who: row(who).get("f_age") for who in everybody} == {who: n for n, who in enumerate(everybody)}
    assert len(TOWN.tables["people"].rows) == 70
    assert due(mapping) == []
    assert set(SyncRun.everywhere.filter(kind="full").values_list("state", flat=True)) == {"done", "stopped"}


def test_a_full_run_looks_at_the_table_first_and_notes_new_names(connection):
    mapping = save(connection, "name")
    drain()
    TOWN.change("people", "f_name", label="Nume")
    runs.start(mapping, actor="tests")
    drain()
    assert mapping.fields.get(remote_id="f_name").remote_label == "Nume"


def test_a_table_that_is_gone_stops_the_mapping_with_a_button(connection):
    mapping = save(connection, "name")
    drain()
    del TOWN.tables["people"]
    runs.start(mapping, actor="tests")
    drain()
    assert open_problems() == {f"sync:{mapping.pk}:configure"}


def test_two_mappings_on_one_table_keep_out_of_each_others_way(connection):
    save(connection, "name")
    draft = Draft("house", TOWN.tables["people"].resource(), [Pair("street", "f_name")])
    mappings.save(connection, draft, actor="tests")
    who, home = person(connection), house(connection, "Elm")
    drain()
    assert (row(who)["f_name"], row(home.id)["f_name"]) == ("Ana", "Elm")
