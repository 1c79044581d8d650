"""Which types take which kind of ours, what they are called, and the fields that are made for ours."""

import json
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.contract import Field, MappedField, registry
from providers.airtable.cells import CONVERTERS, TAKES, back, convert, gives, made_for, takes, words, writable
from providers.airtable.simulator import fields as simulated
from providers.airtable.tests.conftest import payload

KINDS = ("text", "long_text", "number", "integer", "money", "percent", "choice", "choices", "date", "datetime",
         "duration", "email", "phone", "url", "boolean", "link", "file", "id")  # fmt: skip


def test_every_type_that_is_written_has_a_converter() -> None:
    assert {type for type in simulated.KINDS if writable(type)} == set(CONVERTERS)


def test_what_airtable_fills_or_nobody_knows_is_not_writable() -> None:
    for type, kind in simulated.KINDS.items():
        assert writable(type) == kind.creatable, type
    assert not writable("aTypeOfNextYear")


def test_every_kind_of_ours_goes_somewhere() -> None:
    assert set(TAKES) == set(KINDS)
    for kind in KINDS:
        taken = {type for type in simulated.KINDS if takes(Field("x", "X", kind), type)}
        assert taken >= TAKES[kind] and taken <= set(CONVERTERS)
    assert not takes(Field("x", "X", "aKindOfNextYear"), "singleLineText")


@pytest.mark.parametrize(
    ("kind", "type", "fits"),
    [
        ("text", "singleSelect", True),
        ("text", "barcode", True),
        ("text", "number", False),
        ("long_text", "singleSelect", False),
        ("integer", "rating", True),
        ("money", "rating", False),
        ("money", "currency", True),
        ("percent", "percent", True),
        ("money", "percent", False),
        ("choices", "multipleSelects", True),
        ("choices", "singleSelect", False),
        ("choice", "multipleSelects", True),
        ("date", "dateTime", True),
        ("datetime", "date", True),
        ("duration", "duration", True),
        ("duration", "number", False),
        ("link", "multipleRecordLinks", True),
        ("link", "singleLineText", True),
        ("text", "multipleRecordLinks", False),
        ("file", "multipleAttachments", True),
        ("file", "singleLineText", False),
        ("text", "multipleAttachments", False),
        ("email", "singleCollaborator", True),
        ("number", "formula", False),
    ],
)
def test_which_type_takes_which_kind(kind: str, type: str, fits: bool) -> None:
    assert takes(Field("x", "X", kind), type) is fits


def test_users_of_a_base_are_never_suggested() -> None:
    assert not any("ollaborator" in type for types in TAKES.values() for type in types)


def test_types_have_names_for_people() -> None:
    named = {type: words(type) for type in simulated.KINDS}
    assert named["singleLineText"] == "Single line text" and named["multipleLookupValues"] == "Lookup"
    assert all(name != type for type, name in named.items()) and len(set(named.values())) == len(named)
    assert words("aTypeOfNextYear") == "aTypeOfNextYear"
    types = {one["type"] for table in payload("tables")["tables"] for one in table["fields"]}
    assert types <= set(named)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("text", {"type": "singleLineText"}),
        ("id", {"type": "singleLineText"}),
        ("long_text", {"type": "multilineText"}),
        ("email", {"type": "email"}),
        ("phone", {"type": "phoneNumber"}),
        ("url", {"type": "url"}),
        ("integer", {"type": "number", "options": {"precision": 0}}),
        ("money", {"type": "number", "options": {"precision": 2}}),
        ("percent", {"type": "percent", "options": {"precision": 2}}),
        ("date", {"type": "date", "options": {"dateFormat": {"name": "iso"}}}),
        (
            "datetime",
            {
                "type": "dateTime",
                "options": {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "utc"},
            },
        ),
        ("duration", {"type": "duration", "options": {"durationFormat": "h:mm"}}),
        ("boolean", {"type": "checkbox", "options": {"icon": "check", "color": "greenBright"}}),
        ("file", {"type": "multipleAttachments"}),
        ("link", {"type": "singleLineText"}),
        ("choice", {"type": "singleLineText"}),
        ("choices", {"type": "multilineText"}),
    ],
)
def test_the_field_made_for_a_kind(kind: str, made: Any) -> None:
    assert made_for(Field("x", "Some label", kind)) == {"name": "Some label", **made}


def test_money_with_its_sign_and_links_with_their_table() -> None:
    money = made_for(Field("x", "Total", "money"), symbol="€", decimals=3)
    assert money == {"name": "Total", "type": "currency", "options": {"precision": 3, "symbol": "€"}}
    link = made_for(Field("x", "Customer", "link", to="customer"), link_table="tblCustomers00001", name="Client")
    assert link["name"] == "Client" and link["options"] == {"linkedTableId": "tblCustomers00001"}
    assert made_for(Field("x", "Note"), link_table="tblCustomers00001")["type"] == "singleLineText"


def test_choices_are_spelled_and_coloured_for_people() -> None:
    made = made_for(Field("x", "Kind", "choice", ("in_person", "Pending", "ro", "VIP", "pay now", "cancelled")))
    choices = made["options"]["choices"]
    assert made["type"] == "singleSelect"
    assert [one["name"] for one in choices] == ["In person", "Pending", "ro", "VIP", "Pay now", "Cancelled"]
    assert choices[1]["color"] == "yellowLight2" and choices[5]["color"] == "redLight2"


def test_choices_that_would_be_confused_keep_their_spelling() -> None:
    made = made_for(Field("x", "Kind", "choices", ("no_show", "no show", "new")))
    assert [one["name"] for one in made["options"]["choices"]] == ["no_show", "no show", "New"]


def test_choices_bear_the_names_people_know() -> None:
    ours = Field(
        "x", "Status", "choice", ("ok", "no_show", "sent", "posted"), labels=("Ok", "Did not come", "Posted", "Put up")
    )
    made = made_for(ours)
    assert [one["name"] for one in made["options"]["choices"]] == ["Ok", "Did not come", "Sent", "Put up"]
    mapped = MappedField(ours, "fldX", "Status", "singleSelect", made["options"])
    assert [convert(choice, mapped) for choice in ours.choices] == ["Ok", "Did not come", "Sent", "Put up"]
    assert [back(convert(choice, mapped), mapped) for choice in ours.choices] == [*ours.choices]
    assert back("did not COME", mapped) == "no_show" and back("no show", mapped) == "no_show"


def test_long_names_are_cut_to_what_a_field_may_have() -> None:
    assert len(made_for(Field("x", "ש" * 300))["name"]) == 255


@pytest.mark.parametrize("link_table", ["", "tblCustomers00001"])
@pytest.mark.parametrize("kind", KINDS)
def test_airtable_takes_what_is_made(kind: str, link_table: str) -> None:
    ours = Field("x", "Label", kind, ("in_person", "sent") if kind.startswith("choice") else ())
    made = made_for(ours, link_table=link_table)
    simulated.make(json.loads(json.dumps(made)), [])
    assert takes(ours, made["type"])


def test_every_field_of_our_records_fits_the_field_made_for_it() -> None:
    for record_type in registry.record_types():
        for ours in record_type.fields:
            made = made_for(ours)
            simulated.make(made, [])
            fits = gives(ours, made["type"]) if ours.kind == "files" else made["type"] in TAKES[ours.kind]
            assert fits, f"{record_type.key}.{ours.name}"
            mapped = MappedField(ours, "fldX", made["name"], made["type"], made.get("options", {}))
            for choice in ours.choices:
                assert back(convert(choice, mapped), mapped) == choice


def test_a_share_to_four_places_fits_what_is_made() -> None:
    for kind in ("number", "percent"):
        made = made_for(Field("x", "Share", kind))
        mapped = MappedField(Field("x", "Share", kind), "fldX", "Share", made["type"], made["options"])
        assert back(convert(Decimal("0.9833"), mapped), mapped) == Decimal("0.9833")
