"""What a fresh sandbox holds: keys for every case, a sales base with an empty order table, and a second base."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from providers.airtable.simulator import fields
from providers.airtable.simulator.access import SCOPES
from providers.airtable.simulator.model import Base, Field, State, Table, Token
from providers.airtable.simulator.rows import Record

SALES, EVENTS = "appDemoSalesBase1", "appDemoEventBase1"
OWNER, COLLEAGUE = ("usrDemoOwner00001", "demo@example.com"), ("usrDemoColleague1", "colleague@example.com")
UTC_TIME = {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "utc"}
DAY = {"dateFormat": {"name": "iso"}}
CHECK = {"icon": "check", "color": "greenBright"}
STARS = {"icon": "star", "color": "yellowBright", "max": 5}
MONTH = 30 * 86400


def token(name: str) -> str:
    """The demo keys are made from their name: always the same, and worth nothing anywhere else."""
    digest = sha256(f"airtable sandbox {name}".encode()).hexdigest()
    return f"pat{digest[:14]}.{digest}"


def _key(name: str, user: tuple[str, str] = OWNER, without: tuple[str, ...] = (), **more: Any) -> Token:
    return Token(name, token(name), *user, [scope for scope in SCOPES if scope not in without], **more)


def tokens() -> list[Token]:
    return [
        _key("demo"),
        _key("colleague", COLLEAGUE),
        _key("read_only", without=("data.records:write", "schema.bases:write")),
        _key("no_schema", without=("schema.bases:read", "schema.bases:write")),
        _key("other_base", bases={EVENTS: "create"}),
        _key("viewer", COLLEAGUE, bases={SALES: "read", EVENTS: "read"}),
        _key("expired", expired=True),
    ]


def _choices(*names: str) -> dict[str, Any]:
    return {"choices": [{"name": name} for name in names]}


ORDERS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("Order number", "singleLineText", None),
    ("Hub ID", "singleLineText", None),
    ("Customer", "singleLineText", None),
    ("Customer e-mail", "email", None),
    ("Status", "singleSelect", _choices("Pending", "Processing", "Sent", "Delivered", "Cancelled")),
    ("Priority", "singleSelect", _choices("Low", "Medium", "High")),
    ("Payment", "singleLineText", None),
    ("Currency", "singleLineText", None),
    ("Total", "number", {"precision": 2}),
    ("Items", "multilineText", None),
    ("Placed at", "dateTime", UTC_TIME),
    ("Updated at", "dateTime", UTC_TIME),
)
CONTACTS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("Name", "singleLineText", None),
    ("E-mail", "email", None),
    ("Phone", "phoneNumber", None),
    ("Website", "url", None),
    ("Newsletter", "checkbox", CHECK),
    ("Interests", "multipleSelects", _choices("Music", "Theatre", "Sport", "Workshops")),
    ("Rating", "rating", STARS),
)
PROGRAMME: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("Title", "singleLineText", None),
    ("Day", "date", DAY),
    ("Starts at", "dateTime", UTC_TIME),
    ("Length", "duration", {"durationFormat": "h:mm"}),
    ("Price", "currency", {"precision": 2, "symbol": "€"}),
    ("Share sold", "percent", {"precision": 1}),
    ("Notes", "richText", None),
)
PEOPLE = (
    {"Name": "Ana Pop", "E-mail": "ana.pop@example.com", "Phone": "+40 21 555 0101", "Newsletter": True, "Rating": 5},
    {"Name": "Ben Levi", "E-mail": "ben.levi@example.com", "Interests": ["Music", "Sport"], "Rating": 3},
    {"Name": "Carla Ruiz", "Website": "https://example.com/carla", "Interests": ["Theatre"], "Newsletter": True},
)
SHOWS = (
    {"Title": "Autumn concert", "Day": "2026-10-16", "Length": 7200, "Price": 28.5, "Share sold": 0.84},
    {
        "Title": "Improvisation workshop",
        "Day": "2026-11-07",
        "Length": 10800,
        "Price": 45,
        "Notes": "Bring *soft* shoes.",
    },
)


def state(now: float) -> State:
    """Ids of the demo's tables and fields are made from their names, so that addresses can be kept."""
    sales = Base(SALES, "Demo sales", [_table("Orders", ORDERS)])
    contacts, programme = _table("Contacts", CONTACTS), _table("Programme", PROGRAMME)
    for table in (contacts, programme):
        table.fields += _computed(table)
    _link(programme, contacts)
    _fill(contacts, PEOPLE, now - MONTH)
    _fill(programme, SHOWS, now - MONTH)
    return State([sales, Base(EVENTS, "Demo events", [contacts, programme])], tokens())


def _id(prefix: str, *names: str) -> str:
    return prefix + sha256("/".join(names).encode()).hexdigest()[:14]


def _table(name: str, columns: tuple[tuple[str, str, dict[str, Any] | None], ...]) -> Table:
    made = fields.make_all([{"name": label, "type": kind, "options": options} for label, kind, options in columns])
    for field in made:
        field.id = _id("fld", name, field.name)
    table = fields.new_table(name, made)
    table.id = _id("tbl", name)
    table.views[0]["id"] = _id("viw", name)
    return table


def _computed(table: Table) -> list[Field]:
    time = {"result": {"type": "dateTime", "options": {**UTC_TIME}}}
    label = f"UPPER({{{table.primary.id}}})"
    text = {"type": "singleLineText"}
    formula = {"formula": label, "isValid": True, "referencedFieldIds": [table.primary.id], "result": text}
    kinds = (
        ("Number", "autoNumber", None),
        ("Created", "createdTime", time),
        ("Changed", "lastModifiedTime", {"isValid": True, "referencedFieldIds": [], **time}),
        ("Label", "formula", formula),
    )
    return [Field(_id("fld", table.name, name), name, kind, options) for name, kind, options in kinds]


def _link(programme: Table, contacts: Table) -> None:
    """Guests of a programme item, and from a contact back to where they go."""
    there, back = _id("fld", "Programme", "Guests"), _id("fld", "Contacts", "Programme")
    common = {"prefersSingleRecordLink": False}
    programme.fields.append(
        Field(there, "Guests", "multipleRecordLinks",
              {"linkedTableId": contacts.id, "isReversed": False, "inverseLinkFieldId": back, **common})
    )  # fmt: skip
    contacts.fields.append(
        Field(back, "Programme", "multipleRecordLinks",
              {"linkedTableId": programme.id, "isReversed": True, "inverseLinkFieldId": there, **common})
    )  # fmt: skip


def _fill(table: Table, rows: tuple[dict[str, Any], ...], when: float) -> None:
    for number, row in enumerate(rows, 1):
        cells = {table.field(name).id: value for name, value in row.items()}
        key = _id("rec", table.name, str(number))
        table.records.add(Record(key, number, when, when, OWNER[0], OWNER[0], cells, dict.fromkeys(cells, when)))
    table.last_number = len(rows)
