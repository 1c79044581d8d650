"""A town whose tables can be read, for mappings that go both ways; and drafts of such mappings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from integration_hub.connections.models import Connection
from integration_hub.contract import Field, registry
from integration_hub.sync import mappings, nudge, setup
from integration_hub.sync.drafts import Draft, InvalidMapping, Pair
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.tests import town
from integration_hub.sync.tests.town import PERSON, TOWN

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
