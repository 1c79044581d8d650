"""Mappings that people make: checked, stored, previewed, followed when the table moves, removed."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import ConfigError, Ref
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.sync import examples, mappings, nudge, schema, setup
from integration_hub.sync.drafts import Draft, InvalidMapping, Pair, draft_of
from integration_hub.sync.models import FieldMapping, Lane, Mapping, Schedule, SyncRun
from integration_hub.sync.tests import town
from integration_hub.sync.tests.conftest import drain, open_problems
from integration_hub.sync.tests.town import TOWN

pytestmark = pytest.mark.engine
ALL = (Pair("name", "f_name"), Pair("age", "f_age"))


@pytest.fixture
def connection(transactional_db, company, monkeypatch) -> Iterator[Connection]:
    town.register()
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    yield setup.connect(company, "town", {"api_key": "k"}, {}, actor="tests")
    town.unregister()


def people(**told) -> Draft:
    return replace(Draft("person", TOWN.tables["people"].resource(), ALL), **told)


def errors_of(connection, draft, mapping=None) -> dict[str, str]:
    with pytest.raises(InvalidMapping) as refused:
        mappings.save(connection, draft, actor="tests", mapping=mapping)
    return refused.value.errors


def test_a_saved_mapping_is_live_scheduled_audited_and_runs(connection):
    mapping = mappings.save(connection, people(minutes=15), actor="alice")
    assert (mapping.place, mapping.merge_on, mapping.is_live, mapping.is_primary) == (
        {"table": "people"},
        "hub",
        True,
        True,
    )
    assert Schedule.everywhere.get(mapping=mapping).minutes == 15
    assert Lane.everywhere.filter(target=mapping.pk).exists()
    assert SyncRun.everywhere.get(mapping=mapping).actor == "alice"
    assert AuditEvent.everywhere.get(action="mapping.created").actor == "alice"


def test_a_ready_mapping_that_does_not_fit_leads_to_making_one_and_then_nothing_is_wrong(connection, monkeypatch):
    def refuse(sink, client, settings, record_type):
        raise ConfigError("There are 2 towns.")

    monkeypatch.setattr(town.TownProvider, "ready", ("person",))
    monkeypatch.setattr(town.TownSink, "ready", refuse)
    setup.prepare(connection, actor="tests")
    problem = Problem.everywhere.get(closed_at=None)
    assert (problem.sentence, problem.severity, problem.button, problem.url) == (
        "There are 2 towns.",
        "warn",
        "Make a mapping",
        "/admin/hub/town/mappings/new/?records=person",
    )
    mappings.save(connection, people(), actor="alice")
    setup.prepare(connection, actor="tests")
    assert open_problems() == set()


@pytest.mark.parametrize(
    ("told", "field", "said"),
    [
        ({"record_type": "nonsense"}, "record_type", "There are: "),
        ({"pairs": ()}, "fields", "at least one"),
        ({"pairs": [Pair("nonsense", "f_name")]}, "fields.nonsense", "There are: age, home, mood, name"),
        ({"pairs": [Pair("name", "gone")]}, "fields.name", "It has: hub, name, mood"),
        ({"pairs": [Pair("name", "f_sum")]}, "fields.name", "computed over there (Formula)"),
        ({"pairs": [Pair("name", "f_age")]}, "fields.name", "(Number) does not take Name"),
        ({"pairs": [Pair("name", "hub")]}, "fields.name", "taken already"),
        ({"pairs": [*ALL, Pair("mood", "f_name")]}, "fields.mood", "taken already"),
        ({"pairs": [Pair("name", "f_name", "sometimes")]}, "fields.name", "always, if_empty, if_new"),
        ({"filter": [{"field": "name", "op": "at_least", "value": 1}]}, "filter", "choose one of"),
        ({"minutes": 0}, "minutes", "at least 1"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_stored(connection, told, field, said):
    assert said in errors_of(connection, people(**told))[field]
    assert not Mapping.everywhere.exists()


def test_a_table_without_our_id_is_refused_with_the_remedy(connection):
    del TOWN.tables["people"].fields["hub"]
    assert "Create missing fields" in errors_of(connection, people())["place"]


def test_records_go_to_a_table_once_but_other_records_may_go_there_too(connection):
    mappings.save(connection, people(), actor="tests")
    assert "already go to the table “People”" in errors_of(connection, people())["place"]
    also = Draft("house", TOWN.tables["people"].resource(), (Pair("street", "f_name"),))
    assert mappings.save(connection, also, actor="tests").is_primary


def test_a_mapping_keeps_its_table(connection):
    mapping = mappings.save(connection, people(), actor="tests")
    elsewhere = Draft("house", TOWN.tables["houses"].resource(), (Pair("street", "f_street"),))
    assert "keeps its table" in errors_of(connection, elsewhere, mapping)["place"]


def test_changing_it_keeps_the_rows_of_pairs_that_stay_and_starts_over(connection):
    mapping = mappings.save(connection, people(), actor="tests")
    first, version = SyncRun.everywhere.get(mapping=mapping), mapping.version
    kept = FieldMapping.objects.get(mapping=mapping, remote_id="f_name").pk
    changed = people(pairs=[Pair("name", "f_name", "if_new"), Pair("home", "f_home")], minutes=None, is_live=False)
    mapping = mappings.save(connection, changed, actor="tests", mapping=mapping)
    rows = {row.remote_id: row for row in mapping.fields.all()}
    assert (set(rows), rows["f_name"].pk, rows["f_name"].write_mode) == ({"f_name", "f_home"}, kept, "if_new")
    assert not Schedule.everywhere.get(mapping=mapping).is_active
    assert Mapping.everywhere.get().version == version + 1
    first.refresh_from_db()
    assert (first.state, SyncRun.everywhere.filter(mapping=mapping, state="running").count()) == ("stopped", 1)


def test_a_draft_of_a_stored_mapping_saves_as_it_was(connection):
    told = people(filter=({"field": "name", "op": "is_not_empty", "value": ""},), create_choices=True, minutes=30)
    mapping = mappings.save(connection, told, actor="tests")
    assert draft_of(mapping, TOWN.tables["people"].resource()) == told


def test_an_example_shows_cells_sentences_and_links_to_come(connection, company):
    house = town.put(company.pk, "house", uuid4(), street="Elm")
    record = town.put(company.pk, "person", uuid4(), name="unfit", age=7, home=Ref("house", house, "Elm"), mood="sad")
    pairs = (*ALL, Pair("home", "f_home"), Pair("mood", "f_mood"))
    shown = examples.example(connection, people(pairs=pairs), record)
    told = {cell.mapped.ours.name: (cell.cell, cell.sentence, cell.note) for cell in shown.cells}
    assert (shown.title, shown.outside) == ("unfit", False)
    assert told["name"] == (None, "Value does not fit.", "")
    assert told["age"] == (7, "", "")
    assert told["home"] == (None, "", "a link to Elm, once that record is over there")
    assert told["mood"][1] == "There is no choice sad."
    young = [{"field": "age", "op": "at_least", "value": "18"}]
    assert examples.example(connection, people(filter=young), record).outside
    assert examples.example(connection, people(), uuid4()) is None


def test_removing_it_stops_everything_and_leaves_their_rows(connection, company):
    town.put(company.pk, "person", uuid4(), name="Ana")
    mapping = mappings.save(connection, people(), actor="tests")
    drain()
    mappings.remove(mapping, actor="alice")
    town.put(company.pk, "person", uuid4(), name="Ion")
    drain()
    assert len(TOWN.tables["people"].rows) == 1
    assert not SyncRun.everywhere.filter(state="running", kind="full").exists()
    assert AuditEvent.everywhere.filter(action="mapping.removed").exists()
    assert mappings.save(connection, people(), actor="tests").pk != mapping.pk


# --- the table moves --------------------------------------------------------------------------------------------------


def field_of(mapping, remote_id) -> FieldMapping:
    return mapping.fields.get(remote_id=remote_id)


def test_a_renamed_field_is_noted_and_nothing_else_happens(connection):
    mapping = mappings.save(connection, people(), actor="tests")
    TOWN.change("people", "f_name", label="Full name / “Nume” 🎭")
    schema.look(mapping)
    assert (field_of(mapping, "f_name").remote_label, field_of(mapping, "f_name").paused) == (
        "Full name / “Nume” 🎭",
        "",
    )
    assert open_problems() == set()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda: TOWN.tables["people"].fields.pop("f_age"), "was deleted over there, so Age is no longer written"),
        (lambda: TOWN.change("people", "f_age", type="link"), "of the type Link, which does not take Age"),
        (lambda: TOWN.change("people", "f_age", type="formula"), "is computed over there (Formula)"),
    ],
)
def test_a_broken_field_is_paused_alone_with_a_button(connection, how, said):
    mapping = mappings.save(connection, people(), actor="tests")
    how()
    schema.look(mapping)
    assert said in field_of(mapping, "f_age").paused
    assert field_of(mapping, "f_name").paused == ""
    problem = Problem.everywhere.get(closed_at=None)
    assert said in problem.sentence
    assert (problem.button, problem.url) == ("Open the mapping", f"/admin/hub/town/mappings/{mapping.pk}/")


def test_a_field_that_is_mended_goes_on_by_itself_and_everything_is_looked_at(connection):
    mapping = mappings.save(connection, people(), actor="tests")
    drain()
    TOWN.change("people", "f_age", type="formula")
    schema.look(mapping)
    TOWN.change("people", "f_age", type="number")
    schema.look(mapping)
    assert field_of(mapping, "f_age").paused == ""
    assert open_problems() == set()
    assert SyncRun.everywhere.filter(mapping=mapping, kind="full", state="running").count() == 1


def test_a_field_that_takes_us_still_goes_on_under_its_new_type(connection):
    mapping = mappings.save(connection, people(), actor="tests")
    TOWN.change("people", "f_age", type="text")
    schema.look(mapping)
    assert (field_of(mapping, "f_age").remote_type, field_of(mapping, "f_age").paused) == ("text", "")


def test_a_refused_field_waits_for_a_person_or_for_other_options(connection):
    mapping = mappings.save(connection, people(pairs=(*ALL, Pair("mood", "f_mood"))), actor="tests")
    assert schema.pause(mapping, ["f_mood", "f_nothing"], "There is no choice sad.") == 1
    schema.look(mapping)
    assert field_of(mapping, "f_mood").paused, "nothing moved over there"
    TOWN.change("people", "f_mood", options={"choices": ["glad", "sad"]})
    schema.look(mapping)
    assert field_of(mapping, "f_mood").paused == ""
    schema.pause(mapping, ["mood"], "You may not write mood.")
    assert schema.resume(mapping, "f_mood", actor="alice")
    assert not schema.resume(mapping, "f_mood", actor="alice")
    assert open_problems() == set()


def test_a_table_that_is_gone_is_a_config_error_and_what_was_found_is_doubted(connection, monkeypatch):
    mapping = mappings.save(connection, people(), actor="tests")
    schema.look(mapping)
    doubted = []
    monkeypatch.setattr(discovery, "invalidate", lambda connection, within="": doubted.append(within))
    TOWN.tables.pop("people")
    with pytest.raises(ConfigError, match="“People” is gone"):
        schema.look(mapping)
    assert doubted == ["town"], "what the table was found in"


def test_what_somebody_mapped_is_left_alone_by_the_settings(connection, monkeypatch):
    monkeypatch.setattr(type(town.PROVIDER), "ready", ("person",))
    mapping = mappings.save(connection, people(minutes=15), actor="tests")
    setup.configure(connection, {"auto_sync_enabled": False}, actor="tests")  # the town would raise if it were asked
    assert [row.remote_id for row in mapping.fields.all()] == ["f_name", "f_age"]
    assert Mapping.everywhere.get().is_live
    assert open_problems() == set()
