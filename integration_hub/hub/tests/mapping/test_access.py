"""Who may look and who may change; removing, following a run, odd names, and a fixed number of queries."""

import html

import pytest
from django.test import Client

from integration_hub.companies import scope
from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import column, folder
from integration_hub.hub.tests.mapping.pages import (
    CHOSEN,
    FIRST,
    NEW,
    TAB,
    Login,
    address,
    know,
    mapped,
    order,
    text,
)
from integration_hub.sync import mappings as service
from integration_hub.sync.drafts import Draft, Pair
from integration_hub.sync.models import Mapping, SyncRun

pytestmark = pytest.mark.django_db


def test_removing_asks_first_and_says_what_happens(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(alice)
    page = text(client.get(f"{address(mapping)}remove/"))
    assert "Remove the mapping of Orders to “Comenzi”?" in page and "Its rows stay" in page
    assert Mapping.everywhere.get().retired_at is None
    answer = client.post(f"{address(mapping)}remove/", follow=True)
    assert answer.redirect_chain == [(TAB, 302)] and "is removed" in text(answer)
    assert Mapping.everywhere.get().retired_at is not None
    assert client.get(address(mapping)).status_code == 404


def test_the_progress_follows_stops_and_goes_on(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(alice)
    run = SyncRun.everywhere.get()
    SyncRun.everywhere.update(total=200, updated=50)
    part = client.get(f"{address(mapping)}progress/", headers={"HX-Request": "true"})
    assert "25 %" in text(part) and "50 of 200 rows" in text(part) and "every 2s" in part.content.decode()
    client.post(f"/admin/hub/runs/{run.pk}/stop/")
    part = client.get(f"{address(mapping)}progress/", headers={"HX-Request": "true"})
    assert "stopped at 50 of 200 rows" in text(part) and "Resume" in text(part)
    assert "every 2s" not in part.content.decode()
    client.post(f"/admin/hub/runs/{run.pk}/resume/")
    assert SyncRun.everywhere.filter(state="running").exists()


def posts(mapping: Mapping) -> list[str]:
    here = address(mapping)
    own = [here, *(f"{here}{name}/" for name in ("remove", "refresh", "example", "fields/col1/resume"))]
    return [*own, NEW, f"{NEW}example/", f"{NEW}refresh/"]


def test_staff_sees_everything_and_changes_nothing(login: Login, bob: User, connection: Connection) -> None:
    order(connection.company)
    mapping = mapped(connection, filter=[{"field": "status", "op": "is", "value": "Pending"}])
    client = login(bob)
    answer = client.get(address(mapping))
    page = answer.content.decode()
    main = page[page.index('id="content"') :]
    assert "Order number" in text(answer) and "Status is Pending" in text(answer) and "every hour" in text(answer)
    assert 'method="post"' not in main and "Save mapping" not in main and "<select" not in main
    assert 'id="remove"' not in main and 'id="run-stop"' not in main
    for where in posts(mapping):
        refused = client.post(where, FIRST)
        assert refused.status_code == 403, where
        assert "Only admins of Alice's may do this." in text(refused)
    assert client.get(NEW).status_code == client.get(f"{address(mapping)}remove/").status_code == 403
    assert client.get(f"{address(mapping)}example/").status_code == 200
    tab = client.get(TAB)
    assert "Comenzi" in text(tab) and "New mapping" not in text(tab)


def test_another_companys_mapping_is_not_there(login: Login, charlie: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(charlie)
    for where in posts(mapping):
        assert client.post(where, FIRST).status_code == 404, where
    for part in ("", "progress/", "found/", "example/"):
        assert client.get(f"{address(mapping)}{part}").status_code == 404
    assert client.get(f"/admin/hub/nothing/mappings/{mapping.pk}/").status_code == 404


def test_a_form_of_another_company_is_409(
    login: Login, alice: User, connection: Connection, other_company: Company
) -> None:
    mapping = mapped(connection)
    told = {"_company": str(other_company.pk), "version": mapping.version, "do": "save", "remote.notes": "col7"}
    assert login(alice).post(address(mapping), told).status_code == 409
    assert not mapping.fields.filter(ours="notes").exists()


NASTY = ["a/b?c#d&e", "<script>alert(1)</script>", "\"quotes\" 'and' “more”", "🎟️ Bilete", "שם הלקוח", "اسم العميل"]


@pytest.mark.parametrize("name", [*NASTY, "n" * 200])
def test_any_name_is_shown_as_it_is(login: Login, alice: User, empty: Connection, name: str) -> None:
    table = folder("tab1", name, column(cabinet.HUB, "Hub ID"), column("col1", name))
    know(empty, cabinet.cabinet(label=name), table)
    client = login(alice)
    answers = [client.get(NEW, CHOSEN), client.get(NEW, {**CHOSEN, "go": "1"})]
    with scope.entered(empty.company_id):
        mapping = service.save(empty, Draft("order", table, (Pair("order_number", "col1"),)), actor="t")
    answers += [client.get(address(mapping)), client.get(TAB), client.get(f"{address(mapping)}remove/")]
    for answer in answers:
        page = answer.content.decode()
        assert answer.status_code == 200 and name in html.unescape(page) and "<script>alert" not in page
        assert 'dir="auto"' in page or "Remove the mapping" in page


def test_a_mapping_made_from_settings_is_shown_and_not_edited(
    login: Login, alice: User, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_hub.hub.tests import paper
    from integration_hub.hub.tests.conftest import fill

    monkeypatch.setattr(registry, "_providers", {"paper": paper.PROVIDER})
    drawer = fill(company)
    page = login(alice).get(f"/admin/hub/paper/mappings/{drawer.mapping.pk}/")
    assert "was made from the settings" in text(page) and "Number" in text(page)
    assert 'id="save"' not in page.content.decode()
    assert login(alice).get("/admin/hub/paper/mappings/new/").status_code == 404


def queries(client: Client, where: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(where)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(where).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(login: Login, alice: User, connection: Connection) -> None:
    order(connection.company)
    client = login(alice)
    mapping = mapped(connection)
    before = [queries(client, where) for where in (address(mapping), TAB, f"{NEW}?records=order&base=cab1")]
    wide = folder("wide", "Wide", column(cabinet.HUB, "Hub ID"), *(column(f"w{n}", f"W {n}") for n in range(60)))
    know(connection, wide, *(folder(f"t{n}", f"T {n}", column(cabinet.HUB, "H"), column("c", "C")) for n in range(9)))
    names = [field.name for field in registry.record_type("order").fields if field.kind in ("text", "long_text")]
    with scope.entered(connection.company_id):
        for n in range(9):
            more = folder(f"t{n}", f"T {n}", column(cabinet.HUB, "H"), column("c", "C"))
            service.save(connection, Draft("order", more, (Pair("order_number", "c"),)), actor="t")
        pairs = [Pair(name, f"w{n}") for n, name in enumerate(names)]
        big = service.save(connection, Draft("order", wide, pairs), actor="t")
    for _n in range(5):
        order(connection.company)
    after = [queries(client, where) for where in (address(big), TAB, f"{NEW}?records=order&base=cab1")]
    assert after == before
    assert max(after) <= 45
