"""Nobody crosses over: every model, every address of the API, every admin page is tried from another company."""

import uuid
from io import BytesIO

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from integration_hub.companies import scope, tokens
from integration_hub.companies.managers import CompanyOwned
from integration_hub.connections import services as connections
from integration_hub.hub.urls import import_pages
from integration_hub.notices import audit, problems
from integration_hub.records.exporting.columns import SHEETS
from integration_hub.records.importing import services as imports
from integration_hub.records.importing import work
from integration_hub.records.models import Import
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets
from integration_hub.sync import setup
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.tests import toy

pytestmark = pytest.mark.engine

OWNED = [model for model in apps.get_models() if issubclass(model, CompanyOwned) and model.__module__.find("tests") < 0]
NOUNS = ("orders", "customers", "events", "tickets", "appointments", "branches", "staff")


@pytest.fixture
def alices(transactional_db, company):
    """One of everything in Alice's company, by the noun of its address."""
    toy.register()
    toy.create_table()
    branch = branches.create(company, {"name": "Main"})
    person = staff.create(company, {"name": "Dan", "branch": branch.pk})
    ana = customers.create(company, {"name": "Ana Secret", "email": "ana@example.com"})
    times = {"starts_at": "2027-01-01T19:00:00Z", "ends_at": "2027-01-01T21:00:00Z"}
    event = events.create(company, {"title": "Secret show", "kind": "in_person", "timezone": "UTC", **times})
    kind = events.ticket_types.create(company, {"event": event.pk, "name": "Seat", "price": "5", "currency": "EUR"})
    order = orders.create(
        company,
        {"customer": ana.pk, "currency": "EUR", "items": [{"description": "Seat", "quantity": 1, "unit_price": "5"}]},
    )
    ticket = tickets.create(company, {"event": event.pk, "ticket_type": kind.pk, "participant_name": "Ana Secret"})
    meeting = appointments.create(company, {"customer": ana.pk, "title": "Secret", **times})
    connection = setup.connect(company, "toy", {"api_key": "k"}, {}, actor="tests")
    problems.raise_(company.pk, "secret", sentence="A secret problem.")
    audit.record("secret.done", company_id=company.pk, actor="alice")
    file = imports.upload(company, "alice", "orders", BytesIO(b"Order number,Total\nA1,5"), "secret.csv", wake=False)
    work.run(file.pk)
    yield {
        "import": file,
        "orders": order,
        "customers": ana,
        "events": event,
        "tickets": ticket,
        "appointments": meeting,
        "branches": branch,
        "staff": person,
        "connection": connection,
    }
    connections.disconnect(connection, actor="tests")
    toy.unregister()


@pytest.fixture
def theirs(other_company) -> Client:
    """A program of the other company."""
    _row, text = tokens.issue(other_company, "theirs", ["read", "write", "admin"])
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model._meta.label)
def test_a_query_outside_of_a_company_raises(model):
    with scope.entered(None), pytest.raises(scope.NoCompany):
        model.objects.all()


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model._meta.label)
def test_the_default_manager_is_the_scoped_one(model):
    with scope.entered(None), pytest.raises(scope.NoCompany):
        model._default_manager.all()


def test_every_owned_model_shows_another_company_nothing(alices, company, other_company):
    seen = 0
    for model in OWNED:
        with scope.entered(company.pk):
            seen += model.objects.count()
        with scope.entered(other_company.pk):
            assert model.objects.count() == 0, model
    assert seen > 10


@pytest.mark.parametrize("noun", NOUNS)
def test_the_api_neither_lists_nor_finds_nor_changes_nor_deletes(alices, theirs, noun):
    record = alices[noun]
    address = f"/api/{noun}/{record.pk}"
    assert theirs.get(f"/api/{noun}").json()["count"] == 0
    for answer in (
        theirs.get(address),
        theirs.patch(address, {}, content_type="application/json"),
        theirs.delete(address),
    ):
        assert answer.status_code in (404, 405), (answer.request["REQUEST_METHOD"], address)
    record.refresh_from_db()
    assert record.deleted_at is None


def test_foreign_keys_of_another_company_are_refused(alices, theirs):
    body = {"customer": str(alices["customers"].pk), "currency": "EUR", "items": []}
    answer = theirs.post("/api/orders", body, content_type="application/json")
    assert answer.status_code == 400
    assert "customer" in answer.json()["errors"]


def test_runs_and_integrations_are_not_seen(alices, theirs):
    run = SyncRun.everywhere.first()
    assert theirs.get(f"/api/runs/{run.pk}").status_code == 404
    assert theirs.get("/api/runs").json()["count"] == 0
    (found,) = [one for one in theirs.get("/api/integrations").json()["results"] if one["key"] == "toy"]
    assert (found["status"], found["account"]) == ("not_connected", "")
    assert theirs.post("/api/integrations/toy/sync", {}, content_type="application/json").status_code in (404, 409)


def test_admin_pages_of_another_company_are_not_found(alices, charlie, other_company):
    browser = Client()
    browser.force_login(charlie)
    pages = 0
    for model in admin.site._registry:
        if not issubclass(model, CompanyOwned):
            continue
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        listing = browser.get(reverse(f"admin:{label}_changelist"))
        assert b"Secret" not in listing.content and b"secret" not in listing.content, model
        row = model.everywhere.first()
        if row is not None and row.company_id != other_company.pk:
            pages += 1
            answer = browser.get(reverse(f"admin:{label}_change", args=[row.pk]))
            assert answer.status_code in (302, 403, 404), model
    assert pages >= 7


def test_choices_in_forms_stay_within_the_company(alices, charlie):
    browser = Client()
    browser.force_login(charlie)
    page = browser.get(reverse("admin:records_order_add")).content.decode()
    assert str(alices["customers"].pk) not in page
    search = browser.get(
        reverse("admin:autocomplete"),
        {"app_label": "records", "model_name": "order", "field_name": "customer", "term": "Ana"},
    )
    assert b"Ana Secret" not in search.content


def test_hub_pages_of_another_company_are_not_found(alices, charlie):
    browser = Client()
    browser.force_login(charlie)
    run = SyncRun.everywhere.first()
    assert browser.get(f"/admin/hub/runs/{run.pk}/").status_code == 404
    for path in ("/admin/hub/", "/admin/hub/runs/", "/admin/hub/problems/", "/admin/hub/toy/"):
        page = browser.get(path).content.decode()
        assert "secret problem" not in page
        assert Mapping.everywhere.first().label not in page


@pytest.mark.parametrize("address", [one for one in import_pages if "pk" in one.pattern.converters], ids=str)
def test_imports_of_another_company_are_not_found(alices, charlie, other_company, address):
    browser = Client()
    browser.force_login(charlie)
    assert b"secret.csv" not in browser.get(reverse("hub:imports")).content
    where = reverse(f"hub:{address.name}", args=[alices["import"].pk])
    assert {browser.get(where).status_code, browser.post(where).status_code} <= {404, 405}
    assert Import.everywhere.get().state == "ready"


def test_exports_hold_nothing_of_another_company(alices, charlie, other_company):
    browser = Client()
    browser.force_login(charlie)
    pages = [reverse(f"admin:records_{sheet.name}_export", args=["csv"]) for sheet in SHEETS.values()]
    for page in [*pages, reverse("hub:runs_export")]:
        (headings, *rows) = b"".join(browser.get(page).streaming_content).splitlines()
        assert headings and rows == [], page


def test_an_unknown_company_cannot_be_entered(charlie, company):
    browser = Client()
    browser.force_login(charlie)
    browser.post(reverse("switch_company"), {"company": str(company.pk)})
    page = browser.get("/admin/hub/")
    assert company.name not in page.content.decode()
    browser.post(reverse("switch_company"), {"company": str(uuid.uuid4())})
    assert browser.get("/admin/hub/").status_code == 200
