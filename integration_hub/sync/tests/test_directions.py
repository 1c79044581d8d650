"""Mappings that are read as well: what is refused, by field, and that they are stored as they were wanted."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.contract import WriteMode, registry
from integration_hub.sync.drafts import Pair, draft_of
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete
from integration_hub.sync.tests import town
from integration_hub.sync.tests.readable import AGE, NAME, connection, errors_of, people, save
from integration_hub.sync.tests.town import TOWN

__all__ = ["connection"]
pytestmark = pytest.mark.engine

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
