"""Reading cells: what becomes of every form a cell has, for each kind of ours; and what cannot be read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.contract import Field, MappedField, Rejected
from providers.airtable.cells import back

ANN = {"id": "usrAnn00000000001", "email": "ann@example.com", "name": "Ann Łee"}
BOB = {"id": "usrBob00000000001", "email": "bob@example.com", "name": "Bob"}
FILE = {"id": "attOne00000000001", "url": "https://x.example/1", "filename": "ticket.pdf", "size": 1, "type": "a/b"}
CHOICES = ("in_person", "Pending", "no_show")
IN_BUCHAREST: Any = {"timeZone": "Europe/Bucharest"}
RESULT_IN_TOKYO: Any = {"result": {"type": "dateTime", "options": {"timeZone": "Asia/Tokyo"}}}


def field(type: str, kind: str, options: Any = None, choices: tuple[str, ...] = ()) -> MappedField:
    return MappedField(Field("x", "Total", kind, choices), "fldX", "Their field", type, options or {})


@pytest.mark.parametrize(
    ("type", "kind", "cell", "value"),
    [
        ("singleLineText", "text", "abc", "abc"),
        ("singleLineText", "text", "שלום 👋 مرحبا", "שלום 👋 مرحبا"),
        ("multilineText", "long_text", "one\ntwo", "one\ntwo"),
        ("richText", "long_text", "**bold**\n", "**bold**\n"),
        ("email", "email", "ann@example.com", "ann@example.com"),
        ("url", "url", "https://example.com", "https://example.com"),
        ("phoneNumber", "phone", "+40721234567", "+40721234567"),
        ("singleLineText", "id", "8f6f6c1e", "8f6f6c1e"),
        ("number", "number", 129.9, Decimal("129.9")),
        ("number", "number", 0.1, Decimal("0.1")),
        ("number", "integer", 7, 7),
        ("number", "integer", 7.0, 7),
        ("number", "text", 12.5, "12.5"),
        ("number", "text", 1e21, "1000000000000000000000"),
        ("singleLineText", "number", " -12.50 ", Decimal("-12.50")),
        ("singleLineText", "integer", "42", 42),
        ("currency", "money", 1e-7, Decimal("1E-7")),
        ("percent", "percent", 0.123, Decimal("0.123")),
        ("percent", "number", 0.5, Decimal("0.5")),
        ("singleLineText", "percent", "12.3 %", Decimal("0.123")),
        ("singleLineText", "percent", "100%", Decimal(1)),
        ("duration", "duration", 5400, timedelta(hours=1, minutes=30)),
        ("duration", "duration", 0.1, timedelta(milliseconds=100)),
        ("duration", "duration", 33.333333333333336, timedelta(seconds=33, microseconds=333333)),
        ("duration", "number", 90.5, Decimal("90.5")),
        ("singleLineText", "duration", "1:30", timedelta(hours=1, minutes=30)),
        ("singleLineText", "duration", "-120:00:01.5", -timedelta(hours=120, seconds=1, milliseconds=500)),
        ("rating", "integer", 4, 4),
        ("checkbox", "boolean", True, True),
        ("checkbox", "boolean", None, False),
        ("checkbox", "text", True, "Yes"),
        ("singleLineText", "boolean", "no", False),
        ("singleLineText", "boolean", " YES ", True),
        ("formula", "boolean", 1, True),
        ("formula", "boolean", 0, False),
        ("date", "date", "2026-02-28", date(2026, 2, 28)),
        ("date", "datetime", "2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("dateTime", "datetime", "2026-04-24T15:07:42.000Z", datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC)),
        ("dateTime", "datetime", "2026-04-24T15:07:42+03:00", datetime(2026, 4, 24, 12, 7, 42, tzinfo=UTC)),
        ("dateTime", "date", "2026-02-28T23:30:00.000Z", date(2026, 2, 28)),
        ("createdTime", "datetime", "2026-04-24T15:07:42.000Z", datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC)),
        ("lastModifiedTime", "text", "2026-04-24T15:07:42.000Z", "2026-04-24T15:07:42.000Z"),
        ("singleSelect", "choice", "Pending", "Pending"),
        ("singleSelect", "choice", "PENDING ", "Pending"),
        ("singleSelect", "choice", "In person", "in_person"),
        ("singleSelect", "text", "Anything", "Anything"),
        ("multipleSelects", "choices", ["No-show", "pending"], ("no_show", "Pending")),
        ("multipleSelects", "choice", ["pending"], "Pending"),
        ("multipleSelects", "text", ["A", "B"], "A, B"),
        ("multilineText", "choices", "Pending\nin person", ("Pending", "in_person")),
        ("formula", "choices", "Pending, In person, ", ("Pending", "in_person")),
        ("multipleRecordLinks", "link", ["recA", "recB"], ("recA", "recB")),
        ("multipleLookupValues", "link", ["recA"], ("recA",)),
        ("singleLineText", "link", "ann@example.com", "ann@example.com"),
        ("multipleAttachments", "file", [FILE, FILE], ("ticket.pdf", "ticket.pdf")),
        ("multipleAttachments", "text", [FILE], "ticket.pdf"),
        ("barcode", "text", {"text": "A-1/7", "type": "code128"}, "A-1/7"),
        ("singleCollaborator", "email", ANN, "ann@example.com"),
        ("singleCollaborator", "text", ANN, "ann@example.com"),
        ("singleCollaborator", "text", {"id": "usrAnn00000000001", "name": "Ann"}, "Ann"),
        ("singleCollaborator", "text", {"id": "usrAnn00000000001"}, "usrAnn00000000001"),
        ("multipleCollaborators", "text", [ANN, BOB], "ann@example.com, bob@example.com"),
        ("multipleCollaborators", "choices", [ANN, BOB], ("ann@example.com", "bob@example.com")),
        ("createdBy", "text", ANN, "Ann Łee"),
        ("lastModifiedBy", "email", ANN, "ann@example.com"),
        ("button", "text", {"label": "Open", "url": "https://x.example"}, "Open"),
        ("button", "url", {"label": "Open", "url": "https://x.example"}, "https://x.example"),
        ("button", "url", {"label": "Open"}, None),
        ("aiText", "long_text", {"state": "generated", "value": "Words.", "isStale": False}, "Words."),
        ("aiText", "long_text", {"state": "loading", "value": "Old words.", "isStale": True}, "Old words."),
        ("aiText", "long_text", {"state": "empty", "value": None, "isStale": False}, None),
        ("formula", "text", "A 1", "A 1"),
        ("formula", "money", 0.30000000000000004, Decimal("0.30000000000000004")),
        ("rollup", "integer", 3, 3),
        ("rollup", "boolean", True, True),
        ("rollup", "text", ["a", "b"], "a, b"),
        ("multipleLookupValues", "text", ["a", None, "b"], "a, b"),
        ("multipleLookupValues", "long_text", ["a", ["b", "c"]], "a\nb\nc"),
        ("multipleLookupValues", "money", [12.5], Decimal("12.5")),
        ("multipleLookupValues", "boolean", [None], False),
        ("multipleLookupValues", "text", [FILE], "ticket.pdf"),
        ("count", "integer", 0, 0),
        ("autoNumber", "integer", 17, 17),
        ("externalSyncSource", "text", "One", "One"),
        ("aTypeOfNextYear", "number", 1, Decimal(1)),
        ("manualSort", "text", "a0", "a0"),
        ("singleLineText", "aKindOfNextYear", "x", "x"),
    ],
)
def test_what_is_read_as_what(type: str, kind: str, cell: Any, value: Any) -> None:
    choices = CHOICES if kind in ("choice", "choices") and "Collaborators" not in type else ()
    found = back(cell, field(type, kind, choices=choices))
    assert found == value and found.__class__ is value.__class__


@pytest.mark.parametrize(
    ("type", "kind", "options", "cell", "value"),
    [
        ("dateTime", "date", IN_BUCHAREST, "2026-02-28T23:30:00.000Z", date(2026, 3, 1)),
        ("dateTime", "datetime", IN_BUCHAREST, "2026-02-28T23:30:00.000Z", datetime(2026, 2, 28, 23, 30, tzinfo=UTC)),
        ("dateTime", "datetime", IN_BUCHAREST, "2026-07-01T12:00:00", datetime(2026, 7, 1, 9, tzinfo=UTC)),
        ("formula", "date", RESULT_IN_TOKYO, "2026-02-28T15:00:00.000Z", date(2026, 3, 1)),
        ("dateTime", "date", {"timeZone": "client"}, "2026-02-28T23:30:00.000Z", date(2026, 2, 28)),
    ],
)
def test_the_day_is_the_one_people_see(type: str, kind: str, options: Any, cell: str, value: Any) -> None:
    found = back(cell, field(type, kind, options))
    assert found == value
    assert not isinstance(found, datetime) or found.tzinfo is UTC


KINDS = ("text", "long_text", "number", "integer", "money", "percent", "choice", "choices", "date", "datetime")


@pytest.mark.parametrize("kind", [*KINDS, "duration", "email", "phone", "url", "link", "file", "id"])
@pytest.mark.parametrize("cell", [None, "", [], [None], [[], ""]])
def test_an_empty_cell_is_no_value(kind: str, cell: Any) -> None:
    assert back(cell, field("multipleLookupValues", kind)) is None


@pytest.mark.parametrize(
    ("type", "kind", "cell", "why"),
    [
        ("formula", "number", {"error": "#ERROR!"}, "Airtable could not calculate it"),
        ("rollup", "text", {"specialValue": "NaN"}, "Airtable could not calculate it"),
        ("multipleLookupValues", "text", ["a", {"error": "#ERROR!"}], "Airtable could not calculate it"),
        ("aiText", "text", {"state": "error", "value": None, "errorType": "secret words"}, "could not generate it"),
        ("aiText", "text", {"state": "loading", "value": None}, "still generating it"),
        ("aTypeOfNextYear", "text", {"secret words": 1}, "of a form the hub does not know"),
        ("singleLineText", "text", "secret words\0", "a character that text cannot hold"),
        ("singleLineText", "text", "secret words\ud83d", "a character that text cannot hold"),
        ("singleLineText", "number", "secret words", "not a number"),
        ("singleLineText", "number", "1,234.50", "not a number"),
        ("singleLineText", "number", "1e999999999", "not a number"),
        ("singleLineText", "number", "٣", "not a number"),
        ("checkbox", "number", True, "not a number"),
        ("formula", "number", float("nan"), "not a finite number"),
        ("number", "integer", 1.5, "not a whole number"),
        ("number", "integer", 10**40, "more digits than a number here can hold"),
        ("formula", "money", 1e300, "more digits than a number here can hold"),
        ("formula", "number", 1e-300, "more digits than a number here can hold"),
        ("singleLineText", "number", "1" * 29, "more digits than a number here can hold"),
        ("singleLineText", "percent", "12", "not a percentage such as “12.5 %”"),
        ("multipleLookupValues", "money", [1, 2], "several values"),
        ("singleLineText", "boolean", "secret words", "not yes or no"),
        ("number", "boolean", 2, "not yes or no"),
        ("singleSelect", "choice", "Lost", "none of the choices here (in_person, Pending, no_show)"),
        ("multipleSelects", "choices", ["Pending", "Lost"], "none of the choices here"),
        ("singleLineText", "date", "28.02.2026", "not a date"),
        ("singleLineText", "date", "2026-02-30", "not a date"),
        ("number", "datetime", 20260228, "not a date"),
        ("dateTime", "datetime", "0001-01-01T00:00:00+05:00", "not a date"),
        ("singleLineText", "duration", "secret words", "not a duration such as “1:30”"),
        ("singleLineText", "duration", "1:75", "not a duration"),
        ("singleLineText", "duration", "999999999999:00", "too long"),
        ("duration", "duration", 1e20, "too long"),
        ("checkbox", "duration", True, "not a number"),
    ],
)
def test_what_cannot_be_read_is_said_by_name(type: str, kind: str, cell: Any, why: str) -> None:
    choices = CHOICES if kind in ("choice", "choices") else ()
    with pytest.raises(Rejected) as refused:
        back(cell, field(type, kind, choices=choices))
    sentence = refused.value.sentence
    assert sentence.startswith("The Airtable field “Their field” cannot be read as Total: ") and why in sentence
    assert sentence.endswith("Change the cell there or the mapping here.")
    assert "secret words" not in sentence and refused.value.code == "cannot_be_read"
