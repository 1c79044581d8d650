"""The unchanged pyairtable client works against the simulator: an oracle that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import requests.adapters
from pyairtable import Api, Table
from pyairtable.formulas import AND, EQ, GT, LAST_MODIFIED_TIME, Field, match

from integration_hub.sandbox.testing import Sandbox
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo


@pytest.fixture
def api(sandbox: Sandbox, sim: AirtableSimulator) -> Api:
    return Api(sim.credentials()["token"], endpoint_url=f"{sandbox.url}/airtable", timeout=(5, 5))


def orders(api: Api) -> Table:
    return api.table(demo.SALES, "Orders")


def test_whoami_and_bases(api: Api) -> None:
    assert api.whoami() == {
        "id": demo.OWNER[0],
        "email": demo.OWNER[1],
        "scopes": api.whoami()["scopes"],
    }
    assert [(base.id, base.name, base.permission_level) for base in api.bases()] == [
        (demo.SALES, "Demo sales", "create"),
        (demo.EVENTS, "Demo events", "create"),
    ]


def test_schema_of_every_demo_table(api: Api) -> None:
    """pyairtable parses each field into its own typed model: every type and option has to be right."""
    for base in api.bases():
        for table in base.tables():
            schema = table.schema()
            assert schema.primary_field_id == schema.fields[0].id
            assert schema.views[0].name == "Grid view"
    names = [field.name for field in orders(api).schema().fields]
    assert names == [name for name, _, _ in demo.ORDERS]


def test_create_get_update_delete(api: Api) -> None:
    table = orders(api)
    made = table.create({"Order number": "1001", "Hub ID": "h1", "Total": 12.5, "Status": "Sent", "Items": ""})
    assert made["fields"] == {"Order number": "1001", "Hub ID": "h1", "Total": 12.5, "Status": "Sent"}
    assert table.get(made["id"]) == made
    changed = table.update(made["id"], {"Status": None, "Priority": "High"})
    assert changed["fields"] == {"Order number": "1001", "Hub ID": "h1", "Total": 12.5, "Priority": "High"}
    replaced = table.update(made["id"], {"Order number": "1002"}, replace=True)
    assert replaced["fields"] == {"Order number": "1002"}
    assert table.delete(made["id"]) == {"id": made["id"], "deleted": True}
    assert table.all() == []


def test_batches_pages_and_formulas(api: Api) -> None:
    table = orders(api)
    made = table.batch_create([{"Hub ID": f"h{n}", "Total": n, "Status": "Pending"} for n in range(125)])
    assert len(made) == 125
    assert {each["id"] for each in table.all()} == {each["id"] for each in made}
    assert [len(page) for page in table.iterate(page_size=50)] == [50, 50, 25]
    assert [each["fields"]["Total"] for each in table.all(sort=["-Total"], max_records=3)] == [124, 123, 122]
    first = table.first(formula=match({"Hub ID": "h7"}))
    assert first is not None
    assert first["fields"]["Total"] == 7
    assert len(table.all(formula=AND(EQ(Field("Status"), "Pending"), GT(Field("Total"), 119)))) == 5
    assert table.all(formula=GT(LAST_MODIFIED_TIME(), "2100-01-01T00:00:00.000Z")) == []
    assert {tuple(each["fields"]) for each in table.all(fields=["Total"])} == {("Total",)}
    table.batch_update([{"id": each["id"], "fields": {"Status": "Sent"}} for each in made[:20]])
    assert len(table.all(formula="{Status}='Sent'")) == 20
    assert len(table.batch_delete([each["id"] for each in made])) == 125


def test_a_long_formula_goes_by_post(api: Api) -> None:
    table = orders(api)
    made = table.batch_create([{"Hub ID": f"h{n}"} for n in range(3)])
    noise = ",".join(f"RECORD_ID()='rec{n:014d}'" for n in range(600))
    found = table.all(formula=f"OR(RECORD_ID()='{made[1]['id']}',{noise})")
    assert [each["id"] for each in found] == [made[1]["id"]]


def test_field_ids(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    api = Api(sim.credentials()["token"], endpoint_url=f"{sandbox.url}/airtable", use_field_ids=True)
    table = orders(api)
    field = table.schema().field("Hub ID").id
    assert table.create({field: "h1"})["fields"] == {field: "h1"}
    assert [each["fields"] for each in table.all()] == [{field: "h1"}]


def test_upsert(api: Api) -> None:
    table = orders(api)
    known = table.create({"Hub ID": "h1", "Total": 1})
    result = table.batch_upsert(
        [{"fields": {"Hub ID": "h1", "Total": 2}}, {"fields": {"Hub ID": "h2", "Total": 3}}], key_fields=["Hub ID"]
    )
    assert result["updatedRecords"] == [known["id"]]
    assert len(result["createdRecords"]) == 1
    assert sorted(each["fields"]["Total"] for each in table.all()) == [2, 3]


def test_build_tables_and_fields(api: Api) -> None:
    base = api.base(demo.SALES)
    table = base.create_table("Tickets", [{"name": "Code", "type": "singleLineText"}], description="Sold tickets")
    field = table.create_field("Price", "currency", options={"precision": 2, "symbol": "€"})
    assert (field.name, field.type) == ("Price", "currency")
    schema = table.schema(force=True)
    assert schema.description == "Sold tickets"
    price = schema.field("Price")
    price.name = "Ticket price"
    price.save()
    schema.name = "All tickets"
    schema.save()
    assert table.create({"Code": "T1", "Ticket price": 20})["fields"] == {"Code": "T1", "Ticket price": 20}


def test_links_show_on_both_sides(api: Api) -> None:
    contacts, programme = api.table(demo.EVENTS, "Contacts"), api.table(demo.EVENTS, "Programme")
    ana, show = contacts.all(sort=["Name"])[0], programme.all(sort=["Title"])[0]
    programme.update(show["id"], {"Guests": [ana["id"]]})
    assert contacts.get(ana["id"])["fields"]["Programme"] == [show["id"]]
    contacts.delete(ana["id"])
    assert "Guests" not in programme.get(show["id"])["fields"]


def test_computed_fields_are_filled(api: Api) -> None:
    ana = api.table(demo.EVENTS, "Contacts").all(sort=["Name"])[0]["fields"]
    assert (ana["Name"], ana["Label"], ana["Number"]) == ("Ana Pop", "ANA POP", 1)
    assert ana["Created"].endswith(".000Z")


def test_errors_reach_the_caller(api: Api) -> None:
    with pytest.raises(requests.HTTPError, match="INVALID_MULTIPLE_CHOICE_OPTIONS"):
        orders(api).create({"Status": "Lost"})
    assert orders(api).create({"Status": "Lost"}, typecast=True)["fields"] == {"Status": "Lost"}


def test_rate_limit_defeats_its_retries(sandbox: Sandbox, api: Api) -> None:
    """Its back-off of 3 s in all is no match for a penalty of 30 s."""
    sandbox.control("airtable", "limits", per_base=5, penalty=30)
    impatient = Api(api.api_key, endpoint_url=api.endpoint_url, retry_strategy=None)
    for _ in range(5):
        impatient.table(demo.SALES, "Orders").all()
    with pytest.raises(requests.HTTPError, match="RATE_LIMIT_REACHED"):
        impatient.table(demo.SALES, "Orders").all()
    with pytest.raises(requests.RequestException, match="429"):
        api.table(demo.SALES, "Orders").all()
    sandbox.control("airtable", "advance", seconds=31)
    assert orders(api).all() == []


def test_create_tables_and_fields_of_every_creatable_type(api: Api) -> None:
    """What pyairtable parses back has the type and options that were asked for."""
    base = api.base(demo.SALES)
    link = {"name": "Orders", "type": "multipleRecordLinks", "options": {"linkedTableId": orders(api).schema().id}}
    specs: list[dict[str, Any]] = [{"name": "Name", "type": "singleLineText"}, link]
    made = base.create_table("Guests", specs, description="Who comes")
    assert (made.schema().name, made.schema().description) == ("Guests", "Who comes")
    for kind, options in CREATABLE.items():
        field = made.create_field(f"A {kind}", kind, options=options)
        assert field.type == kind
        shown: Any = made.schema(force=True).field(field.id)
        for name, value in (options or {}).items():
            told = getattr(shown.options, UNDERSCORED.get(name, name))
            assert told == value or name in ("choices", "dateFormat", "timeFormat")
    back: Any = orders(api).schema(force=True).field("Guests")
    assert back.options.linked_table_id == made.id, "the link leads back"


UNDERSCORED = {"durationFormat": "duration_format", "timeZone": "time_zone", "dateFormat": "date_format",
               "timeFormat": "time_format"}  # fmt: skip
DAY: dict[str, Any] = {"dateFormat": {"name": "iso", "format": "YYYY-MM-DD"}}
CREATABLE: dict[Any, dict[str, Any] | None] = {
    **dict.fromkeys(
        ("multilineText", "richText", "email", "url", "phoneNumber", "barcode", "multipleAttachments"), None
    ),
    **dict.fromkeys(("singleCollaborator", "multipleCollaborators"), None),
    "number": {"precision": 3},
    "percent": {"precision": 1},
    "currency": {"precision": 2, "symbol": "€"},
    "duration": {"durationFormat": "h:mm:ss"},
    "rating": {"icon": "star", "max": 7, "color": "yellowBright"},
    "checkbox": {"icon": "check", "color": "greenBright"},
    "date": DAY,
    "dateTime": {**DAY, "timeFormat": {"name": "24hour", "format": "HH:mm"}, "timeZone": "Europe/Bucharest"},
    **{kind: {"choices": [{"name": "A"}, {"name": "B"}]} for kind in ("singleSelect", "multipleSelects")},
}


class ToTheSandbox(requests.adapters.HTTPAdapter):
    """Airtable takes uploads at another host; the sandbox has only one."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("http://content.airtable.com", self.sandbox.url)
        return super().send(request, *args, **more)


def test_upload_attachments(api: Api, sandbox: Sandbox) -> None:
    api.session.mount("http://content.airtable.com", ToTheSandbox(sandbox))
    table = orders(api)
    field = table.create_field("Files", "multipleAttachments")
    record = table.create({"Order number": "1001"})
    for name in ("one.txt", "two.pdf"):
        answer = table.upload_attachment(record["id"], "Files", name, content=f"This is {name}")
    listed = answer["fields"][field.id]
    assert [(one["filename"], one["type"], one["size"]) for one in listed] == [
        ("one.txt", "text/plain", 15),
        ("two.pdf", "application/pdf", 15),
    ]
    shown = table.get(record["id"])["fields"]["Files"]
    assert [one["id"] for one in shown] == [one["id"] for one in listed]
    assert requests.get(shown[1]["url"], timeout=5).text == "This is two.pdf"
    kept: Any = [{"id": shown[1]["id"]}]
    table.update(record["id"], {"Files": kept})
    assert [one["filename"] for one in table.get(record["id"])["fields"]["Files"]] == ["two.pdf"]
    table.update(record["id"], {"Files": []})
    assert "Files" not in table.get(record["id"])["fields"]
