"""Tables of given rows: the same values come back, however they travel."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from integration_hub.sync import sql

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

ID = UUID("0190d9a3-7f00-7abc-8def-0123456789ab")
AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
COLUMNS = {"id": "uuid", "word": "text", "number": "bigint", "cells": "jsonb", "at": "timestamptz", "sum": "numeric"}
ROWS = [
    (ID, 'it\'s 100 % "so" \U0001f600', 7, {"a": [1, None, "ș"]}, AT, Decimal("12.50")),
    (None, "", -(2**40), [], None, None),
]


def read(table: str, values: list[object]) -> list[tuple[object, ...]]:
    found = sql.fetch(f"SELECT id, word, number, CAST(cells AS text), at, sum FROM {table} AS t", values)
    return [
        (
            sql.uuid_of(pk),
            word,
            number,
            cells.replace(" ", ""),
            sql.time_of(at),
            sql.decimal_of(total and Decimal(total)),
        )
        for pk, word, number, cells, at, total in found
    ]


@pytest.mark.parametrize("few", [0, 1000])
def test_rows_come_back_as_they_were_given(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(sql, "FEW", few)
    first, second = read(*sql.table(ROWS, **COLUMNS))
    assert first == (ID, ROWS[0][1], 7, '{"a":[1,null,"ș"]}', AT, Decimal("12.5"))
    assert second == (None, "", -(2**40), "[]", None, None)


def test_they_travel_as_they_are_only_on_sqlite_and_only_when_few() -> None:
    _text, values = sql.table([(ID, 1)] * 10, id="uuid", rev="bigint")
    assert values == ([ID.hex, 1] * 10 if sql.is_sqlite() else [sql.rows([(ID, 1)] * 10)])
    _text, values = sql.table([(ID, 1)] * 501, id="uuid", rev="bigint")
    assert values == [sql.rows([(ID, 1)] * 501)]


def test_no_rows_are_an_empty_table() -> None:
    table, values = sql.table([], id="uuid")
    assert sql.fetch(f"SELECT id FROM {table} AS t", values) == []


@pytest.mark.parametrize("value", [{"n": 2**70}, {"half": "\ud83d"}, {1: "a key that is a number"}])
def test_what_the_quick_encoder_refuses_is_written_all_the_same(value: dict[object, object]) -> None:
    """Numbers beyond 64 bits and half a character come from other systems."""
    import json

    said = json.loads(json.dumps(value))
    assert json.loads(sql.rows([(ID, value)])) == [[ID.hex, said]]
