"""Formulas: what they give, row by row of a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from providers.airtable.simulator import demo
from providers.airtable.simulator.formula import BadFormula, compiled, matches, to_json
from providers.airtable.simulator.model import Table
from providers.airtable.simulator.rows import Record

NOW = datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC).timestamp()
CELLS = {
    "Order number": "1001",
    "Customer": "O'Brien \\ Söhne",
    "Status": "Sent",
    "Total": 12.5,
    "Placed at": "2026-04-20T08:00:00.000Z",
}


@pytest.fixture(scope="module")
def table() -> Table:
    return demo.state(NOW).base(demo.SALES).table("Orders")


@pytest.fixture(scope="module")
def record(table: Table) -> Record:
    cells: dict[str, Any] = {table.field(name).id: value for name, value in CELLS.items()}
    touched = {table.field("Status").id: NOW - 60}
    return Record("recExample0000001", 1, NOW - 3600, NOW - 60, "usr1", "usr1", cells, touched)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("-2+5", 3),
        ("7/2", 3.5),
        ("1/0", {"error": "#ERROR!"}),
        ("'a'+1", "a1"),
        ("'a'&'b'&1", "ab1"),
        ("'a'*2", {"error": "#ERROR!"}),
        ("{Total}*2", 25),
        ("Total*2", 25),
        ("{Order number}&'!'", "1001!"),
        ("{Priority}", None),
        ("{Priority}=BLANK()", True),
        ("{Priority}=''", True),
        ("{Total}=BLANK()", False),
        ("0=BLANK()", True),
        ("{Status}='Sent'", True),
        ("{Status}='sent'", False),
        ("{Status}!='Sent'", False),
        ('{Status}="Sent"', True),
        ("{Customer}='O\\'Brien \\\\ Söhne'", True),
        ("{Total}>=12.5", True),
        ("{Total}<12.5", False),
        ("AND({Total}>1, {Status}='Sent')", True),
        ("AND({Total}>1, {Status}='Lost')", False),
        ("OR({Total}>100, {Status}='Sent')", True),
        ("OR({Status}='A', {Status}='B', {Status}='Sent')", True),
        ("OR({Status}='A', {Status}='B', {Status}='C')", False),
        ("OR({Total}='1', {Total}='2', {Total}='12.5')", True),
        ("NOT({Priority})", True),
        ("XOR(1, 1, 1)", True),
        ("IF({Total}>10, 'much', 'little')", "much"),
        ("IF({Priority}, 1/0)", None),
        ("TRUE()", True),
        ("LOWER({Status})&UPPER({Status})", "sentSENT"),
        ("TRIM('  a ')", "a"),
        ("LEN({Status})", 4),
        ("LEFT('abc', 2)&RIGHT('abc', 2)", "abbc"),
        ("RIGHT('abc', 0)", ""),
        ("FIND('n', {Status})", 3),
        ("FIND('x', {Status})", 0),
        ("SEARCH('x', {Status})", None),
        ("SUBSTITUTE('a-b', '-', '+')", "a+b"),
        ("CONCATENATE('a', 1, 'b')", "a1b"),
        ("REGEX_MATCH({Order number}, '^[0-9]+$')", True),
        ("VALUE('€ 12.5')", 12.5),
        ("ROUND(2.456, 1)", 2.5),
        ("SUM(1, 2, {Total})", 15.5),
        ("MAX(1, 5, 3)", 5),
        ("RECORD_ID()", "recExample0000001"),
        ("RECORD_ID()='recExample0000001'", True),
        ("CREATED_TIME()", "2026-04-24T14:07:42.000Z"),
        ("LAST_MODIFIED_TIME()", "2026-04-24T15:06:42.000Z"),
        ("LAST_MODIFIED_TIME({Status})", "2026-04-24T15:06:42.000Z"),
        ("LAST_MODIFIED_TIME({Total})", None),
        ("LAST_MODIFIED_TIME()>'2026-04-24T15:00:00.000Z'", True),
        ("IS_AFTER(LAST_MODIFIED_TIME(), '2026-04-24T15:06:42.000Z')", False),
        ("IS_AFTER({Placed at}, '2026-04-19')", True),
        ("IS_BEFORE({Placed at}, CREATED_TIME())", True),
        ("IS_BEFORE({Updated at}, CREATED_TIME())", False),
        ("IS_SAME({Placed at}, '2026-04-20', 'day')", True),
        ("IS_SAME({Placed at}, '2026-04-20')", False),
        ("{Placed at}='2026-04-20T08:00:00Z'", True),
        ("DATETIME_DIFF(CREATED_TIME(), {Placed at}, 'days')", 4),
        ("DATEADD({Placed at}, 1, 'day')", "2026-04-21T08:00:00.000Z"),
        ("TODAY()", "2026-04-24T00:00:00.000Z"),
        ("NOW()", "2026-04-24T15:07:42.000Z"),
        ("IS_AFTER('nonsense', NOW())", {"error": "#ERROR!"}),
        ("ARRAYJOIN({Status}, '-')", "Sent"),
    ],
)
def test_values(table: Table, record: Record, text: str, value: Any) -> None:
    assert to_json(compiled(text, table, NOW)(record)) == value


@pytest.mark.parametrize("text", ["0", "''", "FALSE()", "BLANK()", "1/0", "{Priority}"])
def test_what_leaves_a_record_out(table: Table, record: Record, text: str) -> None:
    assert not matches(text, table, NOW)(record)


@pytest.mark.parametrize(
    "text",
    ["", " ", "AND(", "1 +", "'open", "{Colour}='red'", "NOSUCH(1)", "LEN()", "LEN('a','b')", "1 2", "{}", "#", "a b"],
)
def test_what_is_no_formula(table: Table, text: str) -> None:
    with pytest.raises(BadFormula):
        compiled(text, table, NOW)


def test_depth_is_no_crash(table: Table) -> None:
    with pytest.raises(BadFormula):
        compiled("(" * 100_000, table, NOW)


def test_fields_by_id_survive_a_rename(table: Table, record: Record) -> None:
    assert compiled(f"{{{table.field('Total').id}}}>5", table, NOW)(record) is True
