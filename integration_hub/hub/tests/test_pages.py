"""The hub's pages: what they say, who may press what, and whose runs they show."""

import csv
import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.http.models import IntegrationMetric
from integration_hub.hub.tests.conftest import Drawer, fill
from integration_hub.notices import problems
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.sync.models import Mapping, SyncRun, WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]
TAB = "/admin/hub/paper/"
CONNECT = {"api_key": "good-alice", "drawer": "1", "sync_interval": "60"}


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_provider_never_connected_is_grey_and_was_never_synced(login: Login, alice: User) -> None:
    page = text(login(alice), "/admin/hub/")
    assert '<span class="state idle"><span class="dot"></span>Not connected</span>' in page
    assert "<dd>Never</dd>" in page
    assert "0 of 1" in page  # providers connected, with their whole


def test_a_connected_provider_is_green(login: Login, alice: User, drawer: Drawer) -> None:
    for address in ("/admin/hub/", TAB):
        assert '<span class="state ok"><span class="dot"></span>Connected</span>' in text(login(alice), address)


def test_a_broken_connection_is_red_with_its_reason(login: Login, alice: User, drawer: Drawer) -> None:
    Connection.everywhere.update(status="needs_reconnect", last_error="The key was withdrawn.")
    page = text(login(alice), "/admin/hub/")
    assert '<span class="state bad"><span class="dot"></span>Needs reconnect</span>' in page
    assert "The key was withdrawn." in page and "Waiting for reconnect" in page


def test_a_key_nobody_can_read_does_not_take_the_pages_down(
    login: Login, alice: User, drawer: Drawer, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEY = ["YW5vdGhlci1rZXktZm9yLXRlc3RzLTMyLWJ5dGVzLSE="]
    client = login(alice)
    for address in ("/admin/hub/", TAB, "/admin/hub/runs/"):
        assert text(client, address)
    assert "cannot be read" in client.post(TAB + "test/", follow=True).content.decode()


def test_the_menu_has_the_hub_with_a_link_icon_under_integrations(login: Login, alice: User) -> None:
    page = text(login(alice), "/admin/hub/")
    menu = page[page.index('id="menu"') :]
    assert menu.index("<h2>Integrations</h2>") < menu.index('href="/admin/hub/" aria-current="page"')
    assert "M10 14a4 4 0 0 0 6 .4l3-3" in menu[: menu.index("<span>Integration Hub</span>")]


def test_every_tab_refreshes_itself_every_30_seconds(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    for address in ("/admin/hub/", TAB, "/admin/hub/runs/", "/admin/hub/problems/"):
        page = text(client, address)
        assert f'hx-get="{address}" hx-trigger="every 30s, refresh"' in page
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith('<div id="live"') and "<html" not in part


def test_problems_are_sentences_with_one_button(login: Login, alice: User, company: Company) -> None:
    problems.raise_(
        company.pk, "k", sentence="Paper ran out.", affected=7, button="Buy paper", url=TAB, provider="paper"
    )
    for address in ("/admin/hub/", TAB, "/admin/hub/problems/"):
        page = text(login(alice), address)
        assert "Paper ran out." in page and "7 records affected" in page and ">Buy paper</a>" in page
        assert '<span class="count" id="problem-count">1' in page
    problems.close(company.pk, "k")
    assert "No open problems" in text(login(alice), "/admin/hub/problems/")
    assert "Paper ran out." in text(login(alice), "/admin/hub/problems/?show=settled")


def test_a_run_tells_record_by_record_what_was_written(login: Login, alice: User, drawer: Drawer) -> None:
    page = text(login(alice), f"/admin/hub/runs/{drawer.run.pk}/")
    assert "The drawer is too small. Send less." in page
    assert '<dt>Status</dt><dd><del>Pending</del> <span aria-hidden="true">→</span> <ins>Sent</ins></dd>' in page
    assert f"/admin/records/order/{drawer.failed.record_id}/" in page
    assert "3 of 3 rows" in page and "rows/s" in page and "Retry this one" in page
    assert "Order 0-1" not in text(login(alice), f"/admin/hub/runs/{drawer.run.pk}/?show=failed")


def test_empty_pages_say_what_to_do(login: Login, alice: User) -> None:
    assert "Nothing has run yet" in text(login(alice), "/admin/hub/runs/")
    assert "No run had errors" in text(login(alice), "/admin/hub/runs/?show=failed")
    assert "No full sync is running" in text(login(alice), "/admin/hub/runs/?show=running")


# --- connecting -------------------------------------------------------------------------------------------------------


def test_connecting_checks_the_key_then_maps_and_says_so(login: Login, alice: User, company: Company) -> None:
    client = login(alice)
    answer = client.post(TAB + "connect/", CONNECT, follow=True)
    assert answer.redirect_chain == [(TAB, 302)]
    page = answer.content.decode()
    assert "Paper is connected as Drawer of alice." in page and "Drawer · Orders" in page
    connection = Connection.everywhere.get(company=company)
    assert (connection.status, connection.api_key) == ("connected", "good-alice")
    assert "good-alice" not in page
    assert AuditEvent.everywhere.filter(action="connection.connected", actor="alice").exists()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("bad-key", "Paper does not know this key."),
        ("slow-key", "Paper did not answer in time."),
        ("nonsense", "A key begins with good- or bad-."),
        ("", "Drawer key is missing."),
    ],
)
def test_a_key_that_does_not_work_is_never_saved(login: Login, alice: User, key: str, sentence: str) -> None:
    answer = login(alice).post(TAB + "connect/", {**CONNECT, "api_key": key})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Connection.everywhere.exclude(api_key__isnull=True).exists()
    assert not key or key not in answer.content.decode()


def test_another_account_is_asked_about_before_it_replaces_the_old_one(
    login: Login, alice: User, drawer: Drawer
) -> None:
    client = login(alice)
    answer = client.post(TAB + "connect/", {**CONNECT, "api_key": "good-zoe"})
    assert answer.status_code == 422
    assert "Drawer of zoe" in answer.content.decode() and 'name="replace_account"' in answer.content.decode()
    assert Connection.everywhere.get().account_label == "Drawer of alice"
    client.post(TAB + "connect/", {**CONNECT, "api_key": "good-zoe", "replace_account": "on"})
    assert Connection.everywhere.get().account_label == "Drawer of zoe"


def test_key_fields_are_password_fields_with_reveal(login: Login, alice: User, drawer: Drawer) -> None:
    page = text(login(alice), TAB)
    assert '<input type="password" name="api_key"' in page and 'data-does="reveal"' in page
    assert "good-alice" not in page


def test_settings_are_saved_and_judged_by_the_service(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    answer = client.post(TAB + "settings/", {"drawer": "", "sync_interval": "15"})
    assert answer.status_code == 422 and "Drawer is missing." in answer.content.decode()
    assert client.post(TAB + "settings/", {"drawer": "7", "sync_interval": "15"}).status_code == 302
    settings = Connection.everywhere.get().settings
    assert (settings["drawer"], settings["sync_interval"], settings["auto_sync_enabled"]) == ("7", 15, False)


def test_the_buttons_of_a_card(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    assert "Drawer of alice answered" in client.post(TAB + "test/", follow=True).content.decode()
    client.post(TAB + "sync/")
    assert SyncRun.everywhere.filter(state="running", actor="alice").count() == 1
    client.post(TAB + "pause/")
    assert Connection.everywhere.get().status == "paused"
    assert ">Paused</span>" in text(client, TAB)
    client.post(TAB + "resume/")
    assert Connection.everywhere.get().status == "connected"


def test_a_button_leads_back_to_where_it_was_pressed_and_nowhere_else(
    login: Login, alice: User, drawer: Drawer
) -> None:
    client = login(alice)
    assert client.post(TAB + "pause/", {"next": "/admin/hub/"}).headers["Location"] == "/admin/hub/"
    assert client.post(TAB + "resume/", {"next": "https://evil.example/"}).headers["Location"] == TAB


def test_disconnecting_asks_first_and_says_what_waits(login: Login, alice: User, drawer: Drawer) -> None:
    WorkRow.everywhere.update(hold="")
    client = login(alice)
    page = text(client, TAB + "disconnect/")
    assert "1 record waits to be sent" in page
    assert Connection.everywhere.get().status == "connected"
    client.post(TAB + "disconnect/")
    gone = Connection.everywhere.get()
    assert (gone.status, gone.api_key) == ("not_connected", None)


def test_what_was_given_up_is_tried_again(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    one = f"/admin/hub/runs/{drawer.run.pk}/retry/{drawer.failed.pk}/"
    assert "1 record is tried again now." in client.post(one, follow=True).content.decode()
    assert WorkRow.everywhere.get().hold == ""
    assert "Nothing was left to try again" in client.post(one, follow=True).content.decode()
    WorkRow.everywhere.update(hold="dead")
    client.post(f"/admin/hub/runs/{drawer.run.pk}/retry/")
    assert WorkRow.everywhere.get().hold == ""


CHANGING = ("connect", "settings", "disconnect", "test", "sync", "pause", "resume")


# --- who may what -----------------------------------------------------------------------------------------------------


def posts(drawer: Drawer) -> list[str]:
    run = f"/admin/hub/runs/{drawer.run.pk}/"
    acts = [f"{TAB}{name}/" for name in (*CHANGING, "check")]
    given_up = f"/admin/hub/given-up/{drawer.mapping.pk}/retry/"
    problem = Problem.everywhere.order_by("since").first()
    fix = [f"/admin/hub/problems/{problem.pk}/fix/"] if problem else []
    runs = [f"{run}retry/", f"{run}retry/{drawer.failed.pk}/", f"{run}stop/", f"{run}resume/"]
    return [*acts, *runs, given_up, *fix]


def test_staff_sees_everything_and_changes_nothing(login: Login, bob: User, drawer: Drawer) -> None:
    client = login(bob)
    problems.raise_(drawer.mapping.company_id, f"sync:{drawer.mapping.pk}:failed", sentence="Some.", button="See")
    run, given_up = f"/admin/hub/runs/{drawer.run.pk}/", f"/admin/hub/given-up/{drawer.mapping.pk}/"
    for address in ("/admin/hub/", TAB, run, "/admin/hub/runs/", "/admin/hub/problems/", given_up):
        page = text(client, address)
        main = page[page.index('id="content"') :]
        searching = main.count('<form class="search" method="get"')
        assert main.count("<button") == main.count("<form") == searching <= 1, address
        assert 'method="post"' not in main and 'href="/admin/hub/paper/disconnect/"' not in main
        assert f'href="{run}stop/"' not in main
    for address in posts(drawer):
        answer = client.post(address, CONNECT)
        assert answer.status_code == 403, address
        assert "Only admins of Alice&#x27;s may do this." in answer.content.decode()
    assert client.get(TAB + "disconnect/").status_code == client.get(run + "stop/").status_code == 403
    assert Connection.everywhere.get().status == "connected"
    assert WorkRow.everywhere.get().hold == "dead"


def test_buttons_do_nothing_on_get(login: Login, alice: User, drawer: Drawer) -> None:
    for address in posts(drawer):
        if not address.endswith(("disconnect/", "stop/")):  # these ask, and do nothing either
            assert login(alice).get(address).status_code == 405, address


def test_another_companys_things_are_not_there(login: Login, charlie: User, drawer: Drawer) -> None:
    client = login(charlie)
    for address in posts(drawer):
        if not address.endswith(("/connect/", "check/")):
            assert client.post(address).status_code == 404, address
    assert client.get(f"/admin/hub/runs/{drawer.run.pk}/").status_code == 404
    assert client.get(f"/admin/hub/given-up/{drawer.mapping.pk}/").status_code == 404
    for address in (
        "/admin/hub/",
        TAB,
        "/admin/hub/runs/",
        "/admin/hub/runs/?q=Order",
        TAB + "progress/",
        "/admin/hub/problems/",
        "/admin/hub/problems/?show=settled",
    ):
        page = text(client, address)
        for secret in ("Drawer of alice", "Trouble 0.", "Drawer · Orders", "Order 0-"):
            assert secret not in page, address


def test_what_does_not_exist_is_404(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    for address in ("/admin/hub/nothing/", f"/admin/hub/runs/{uuid.uuid4()}/"):
        answer = client.get(address)
        assert answer.status_code == 404 and "There is no such page" in answer.content.decode()
    assert client.post(f"/admin/hub/runs/{drawer.run.pk}/retry/999999/").status_code == 404


def test_a_refresh_after_the_session_ended_takes_the_page_to_the_login(db: None) -> None:
    answer = Client().get("/admin/hub/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/admin/hub/"


# --- one page, one company --------------------------------------------------------------------------------------------


@pytest.fixture
def two(alice: User, other_company: Company) -> User:
    """alice, admin of both companies."""
    from integration_hub.companies.models import Membership

    Membership.everywhere.create(company=other_company, user=alice, role="admin")
    return alice


def test_every_form_and_page_says_its_company(login: Login, two: User, company: Company, drawer: Drawer) -> None:
    client = login(two)
    for address in (TAB, "/admin/hub/", f"/admin/hub/runs/{drawer.run.pk}/", TAB + "disconnect/"):
        page = text(client, address)
        main = page[page.index('id="content"') :]
        assert main.count('method="post"') == main.count(f'name="_company" value="{company.pk}"') > 0
        assert f'data-company="{company.pk}"' in page and f"X-Hub-Company&quot;: &quot;{company.pk}" in page


def test_a_form_of_the_other_company_is_answered_409_and_does_nothing(
    login: Login, two: User, company: Company, other_company: Company, drawer: Drawer
) -> None:
    client = login(two)
    client.post("/admin/company/", {"company": str(other_company.pk)})
    answer = client.post(TAB + "pause/", {"_company": str(company.pk)})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "You switched to Charlie&#x27;s in another tab" in page
    assert "Back to Alice&#x27;s" in page and "Go on with Charlie&#x27;s" in page
    assert Connection.everywhere.get().status == "connected"
    back = client.post("/admin/company/", {"company": str(company.pk), "next": TAB})
    assert back.headers["Location"] == TAB
    client.post(TAB + "pause/", {"_company": str(company.pk)})
    assert Connection.everywhere.get().status == "paused"


def test_a_refresh_of_the_other_companys_page_gets_the_409_as_a_part(
    login: Login, two: User, company: Company, other_company: Company
) -> None:
    client = login(two)
    client.post("/admin/company/", {"company": str(other_company.pk)})
    answer = client.get("/admin/hub/", headers={"HX-Request": "true", "X-Hub-Company": str(company.pk)})
    assert answer.status_code == 409
    assert "You switched to" in answer.content.decode() and "<html" not in answer.content.decode()


def test_the_switcher_offers_ones_own_companies_only(
    login: Login, two: User, bob: User, company: Company, other_company: Company
) -> None:
    assert str(other_company.pk) in text(login(two), "/admin/hub/")
    client = login(bob)
    assert "Charlie" not in text(client, "/admin/hub/")
    client.post("/admin/company/", {"company": str(other_company.pk)})
    assert "Charlie" not in text(client, "/admin/hub/")


# --- speed ------------------------------------------------------------------------------------------------------------


def addresses(drawer: Drawer) -> list[str]:
    """Every page of the hub that lists something."""
    run = f"/admin/hub/runs/{drawer.run.pk}/"
    return [
        *("/admin/hub/", TAB, TAB + "progress/", TAB + "disconnect/"),
        *("/admin/hub/runs/", "/admin/hub/runs/?show=failed", "/admin/hub/runs/?provider=paper"),
        *("/admin/hub/runs/?q=Order", run, f"{run}?show=updated", f"{run}?q=Order", f"{run}stop/"),
        *("/admin/hub/problems/", "/admin/hub/problems/?show=settled", f"/admin/hub/given-up/{drawer.mapping.pk}/"),
    ]


def test_the_number_of_queries_does_not_grow(login: Login, alice: User, company: Company, settings: Any) -> None:
    settings.SMTP_HOST = "mail.example.org"
    client = login(alice)
    small = fill(company)
    SyncRun.everywhere.filter(pk=small.run.pk).update(state="running", finished_at=None)
    before = {address.replace(str(small.run.pk), ""): queries(client, address) for address in addresses(small)}
    Mapping.everywhere.all().delete()
    Connection.everywhere.all().delete()
    Problem.everywhere.all().delete()
    WorkRow.everywhere.all().delete()
    for number in range(4):
        crowd = Company.objects.create(name=f"Crowd {number}", slug=f"crowd-{number}")
        fill(crowd, runs=2)
    big = fill(company, runs=12, writes=20, troubles=9)
    problems.close(company.pk, "trouble:0")
    IntegrationMetric.everywhere.bulk_create(
        IntegrationMetric(company=company, provider="paper", action="write", success=True, duration_ms=9)
        for _call in range(300)
    )
    SyncRun.everywhere.filter(pk=big.run.pk).update(state="running", finished_at=None)
    after = {address.replace(str(big.run.pk), ""): queries(client, address) for address in addresses(big)}
    assert list(after.values()) == list(before.values())
    assert max(after.values()) <= 20


def queries(client: Client, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    text(client, address)  # caches of the process are warm
    with CaptureQueriesContext(connection) as captured:
        text(client, address)
    return len(captured)


def test_runs_are_exported_as_the_list_shows_them(
    login: Login, alice: User, charlie: User, drawer: Drawer, company: Company
) -> None:
    """The company is that of the page; a spreadsheet calculates nothing of what a table is called."""
    Mapping.everywhere.update(label="=Drawer")
    address = "/admin/hub/runs/export/"
    answer: Any = login(alice).get(address, {"show": "failed", "_company": str(company.pk)})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row["Run"], row["Provider"], row["Updated"], row["Given up"]) for row in rows] == [
        ("'=Drawer", "paper", "2", "1")
    ]
    assert AuditEvent.everywhere.get(action="records.exported").data == {
        "rows": 1,
        "as": "csv",
        "filter": "show=failed",
    }
    theirs: Any = login(charlie).get(address)
    assert b"Drawer" not in b"".join(theirs.streaming_content)
