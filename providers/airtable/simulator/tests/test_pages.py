"""What a person does on the pages of the sandbox: rows and fields made, changed and deleted."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import requests

from integration_hub.sandbox.testing import Sandbox
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo

INPUT = re.compile(r'<input type="(?:hidden|text)" name="([^"]+)"\s+value="([^"]*)"')
BUTTON = re.compile(r'<button type="submit"\s+name="act"\s+value="([^"]+)"')
AUTUMN = {"Name": "Dora <Ionescu>", "Interests": "Music, Chess", "Rating": "4", "Newsletter": "on",
          "Programme": "Autumn concert"}  # fmt: skip


def forms(page: requests.Response) -> list[dict[str, str]]:
    """What a browser would send for each button when nothing is typed."""
    found = re.findall(r"<form.*?</form>", page.text, re.DOTALL)
    return [
        {name: unescape(value) for name, value in [*INPUT.findall(text), ("act", act)]}
        for text in found
        for act in BUTTON.findall(text)
    ]


def send(page: requests.Response, act: str, about: str = "", **typed: str) -> requests.Response:
    """Type something into a form of the page and press its button."""
    (form,) = [each for each in forms(page) if (each["act"], each["about"]) == (act, about)]
    given = {f"value:{name}": text for name, text in typed.items()}
    return requests.post(page.url, data={**form, **given}, timeout=5)


class Contacts:
    """The table, and its pages."""

    def __init__(self, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        self.sim, self.table = sim, sim.state.base(demo.EVENTS).table("Contacts")
        self.url = f"{sandbox.url}/browse/airtable/{demo.EVENTS}/{self.table.id}"

    def page(self, place: str = "") -> requests.Response:
        answer = requests.get(f"{self.url}{place}", timeout=5)
        assert answer.status_code == 200
        return answer

    def id(self, name: str) -> str:
        return self.table.field(name).id

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        found = self.sim.rows("Contacts", demo.EVENTS)
        return {row["fields"].get("Name", ""): {"id": row["id"], **row["fields"]} for row in found}


def test_rows_by_hand(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    contacts = Contacts(sandbox, sim)
    assert f'href="/browse/airtable/{demo.EVENTS}/{contacts.table.id}/new"' in contacts.page().text
    added = send(contacts.page("/new"), "add", **{contacts.id(name): text for name, text in AUTUMN.items()})
    assert added.url == contacts.url and "Dora &lt;Ionescu&gt;" in added.text
    dora = contacts.rows["Dora <Ionescu>"]
    assert (dora["Rating"], dora["Newsletter"], dora["Interests"]) == (4, True, ["Music", "Chess"])
    assert len(dora["Programme"]) == 1, "a linked row is found by its name"
    place, table = f"/{dora['id']}", {"base": "Demo events", "table": "Contacts"}

    row = contacts.page(place)
    sandbox.control("airtable", "edit", record=dora["id"], fields={"Phone": "+40 1"}, **table)
    send(row, "edit", **{contacts.id("Name"): "Dora", contacts.id("Newsletter"): ""})
    assert contacts.rows["Dora"]["Phone"] == "+40 1", "only what was typed is written"
    assert "Newsletter" not in contacts.rows["Dora"]

    wrong = send(contacts.page(place), "edit", **{contacts.id("Rating"): "many"})
    assert wrong.status_code == 400
    assert "Field &quot;Rating&quot; cannot accept the provided value" in wrong.text
    assert 'value="many"' in wrong.text, "what was typed is still there"
    send(wrong, "edit", **{contacts.id("Rating"): "2"})
    assert contacts.rows["Dora"]["Rating"] == 2

    send(contacts.page(place), "duplicate")
    assert len(contacts.table.records) == 5
    send(contacts.page(place), "delete")
    assert dora["id"] not in contacts.table.records and len(contacts.table.records) == 4
    assert requests.get(f"{contacts.url}{place}", timeout=5).status_code == 404


def test_fields_by_hand(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    contacts = Contacts(sandbox, sim)
    phone = contacts.id("Phone")
    send(contacts.page("/fields"), "rename_field", phone, name="Telephone")
    assert contacts.rows["Ana Pop"]["Telephone"] == "+40 21 555 0101"
    taken = send(contacts.page("/fields"), "rename_field", phone, name="name")
    assert (taken.status_code, "Duplicate or empty field name" in taken.text) == (400, True)
    send(contacts.page("/fields"), "delete_field", phone)
    assert "Telephone" not in contacts.table.columns()
    deletable = {form["about"] for form in forms(contacts.page("/fields")) if form["act"] == "delete_field"}
    assert deletable == {field.id for field in contacts.table.fields[1:]}, "the primary field stays"


def test_nothing_else_can_be_posted(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    contacts = Contacts(sandbox, sim)
    before = sim.dump()
    origin = {"Origin": "https://evil.example"}
    assert requests.post(f"{contacts.url}/new", data={"act": "add"}, headers=origin, timeout=5).status_code == 403
    for place, act in (("/new", "expire_token"), ("/fields", "delete_field"), ("", "add"), ("/recNowhere", "delete")):
        refused = requests.post(f"{contacts.url}{place}", data={"act": act, "about": "fldNowhere"}, timeout=5)
        assert refused.status_code in (400, 404), place
    assert requests.post(f"{sandbox.url}/browse/nobody", timeout=5).status_code == 404
    assert sim.dump() == before
